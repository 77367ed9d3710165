// Minutes that the stream missed, and what became of them.
import type { Gap, Gaps } from './api';
import { h } from './dom';
import { count, span } from './format';
import { t } from './i18n';
import { table } from './table';

const STATES = { filled: 'gapFilled', partly: 'gapPartly', unfilled: 'gapUnfilled', waiting: 'gapWaiting' } as const;
const stateOf = ({ state, filled, minutes }: Gap) => t(STATES[state], { n: count(filled), of: count(minutes) });

export class GapList {
  private readonly body = h('div', { class: 'gaps', 'aria-busy': 'true' }, t('loading'));
  readonly element = h('div', {}, h('h3', {}, t('gaps')), this.body);
  private shown = '';

  set({ days, count: all, waiting, gaps }: Omit<Gaps, 'now'>): void {
    const text = JSON.stringify([days, all, waiting, gaps]);
    if (text === this.shown) return; // the reader's place in the table stays
    this.show(text, ...(!all ? [h('p', { class: 'quiet' }, all === null ? t('noBarsForGaps') : t('noGaps', { days }))] : [
      h('p', { class: 'quiet' }, t('gapCount', { n: count(all), days, waiting: count(waiting ?? 0) }) + (all > gaps.length ? t('newestOf', { n: count(gaps.length) }) : '')),
      table(t('gaps'), [t('ticker'), t('fromTo'), t('minutes'), t('reason'), t('state')], gaps.map((gap) => [
        gap.ticker, span(gap.from, gap.to), count(gap.minutes), t(gap.feed_silent ? 'feedSilent' : 'tickerSilent'),
        { text: stateOf(gap), kind: `gap-${gap.state}` }]), [false, false, true])]));
  }

  fail(why: string): void { this.show('', h('p', { class: 'problem' }, why)); }

  private show(text: string, ...nodes: Node[]): void {
    this.shown = text;
    this.body.removeAttribute('aria-busy');
    this.body.replaceChildren(...nodes);
  }
}
