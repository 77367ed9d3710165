// The portfolio and the pipeline's health.
import type { Health, Money, Portfolio } from './api';
import { h } from './dom';
import { age, count, digitsOf, fixed, quantity, signed, when } from './format';
import { GapList } from './gaps';
import { t } from './i18n';
import { table } from './table';

type Known = number | null;
const trend = (value: Known) => (value === null || value === 0 ? '' : value > 0 ? 'up' : 'down');
const percent = (part: Known, whole: Known) => (part !== null && whole !== null && whole > 0 ? `${signed((100 * part) / whole, 2)}%` : '');
const money = (value: Known) => (value === null ? '–' : fixed(value, 2));
const quoted = (value: Known) => (value === null ? '–' : fixed(value, digitsOf(value)));
const gain = (value: Known) => ({ text: value === null ? '–' : signed(value, 2), kind: trend(value) });

export class PortfolioPanel {
  private readonly body = h('div', { 'aria-busy': 'true' }, t('loading'));
  readonly element = h('section', { class: 'panel portfolio', 'aria-label': t('portfolio') }, h('header', {}, h('h2', {}, t('portfolio'))), this.body);
  private shown = '';

  set(portfolio: Portfolio): void {
    const text = JSON.stringify(portfolio);
    if (text === this.shown) return; // the reader's place in the table stays
    this.shown = text;
    this.body.removeAttribute('aria-busy');
    if (!portfolio.positions.length) return this.body.replaceChildren(h('p', { class: 'quiet' }, t('noPositions')));
    const { positions, totals, base, rates } = portfolio;
    const part = (label: string, value: Known, whole: Known) => h('span', { class: trend(value) }, `${label} ${gain(value).text} ${percent(value, whole)}`);
    const sum = (of: Money, kind = '') => h('div', { class: `sum ${kind}` },
      h('small', {}, kind ? t('allIn', { currency: of.currency ?? '' }) : of.currency ?? '–'), h('strong', {}, money(of.value)),
      part(t('day'), of.day, of.value === null || of.day === null ? null : of.value - of.day), part(t('total'), of.total, of.cost));
    const rows = positions.map((position) => [
      { text: position.ticker, kind: 'held', small: `${quantity(position.quantity)}${position.average_price === null ? '' : ` × ${quoted(position.average_price)}`}` },
      quoted(position.price), money(position.value),
      gain(position.day), gain(position.total), ...(base ? [money(position.base_value)] : [])]);
    const heads = [t('position'), t('price'), t('value'), t('day'), t('total'), ...(base ? [t('valueIn', { currency: base.currency ?? '' })] : [])];
    const unknown = base ? [...new Set(positions.filter(({ value, rate }) => value !== null && rate === null).map(({ ticker, currency }) => currency ?? ticker))] : [];
    const mute = positions.filter(({ price }) => price === null).map(({ ticker }) => ticker);
    const note = (kind: string, text: string) => h('p', { class: kind }, text);
    this.body.replaceChildren(
      h('div', { class: 'sums' }, ...totals.map((each) => sum(each)), ...(base ? [sum(base, 'base')] : [])),
      ...(base && unknown.length ? [note('problem', t('noRate', { currency: base.currency ?? '', of: unknown.join(', ') }))] : []),
      ...(mute.length ? [note('quiet', t('noQuote', { tickers: mute.join(', ') }))] : []),
      table(t('portfolio'), heads, rows, heads.map((_, i) => i > 0)),
      ...(rates.length ? [note('quiet rates', `${t('rates')}: ${rates.map(({ ticker, price }) => `${ticker} ${price === null ? '–' : fixed(price, 4)}`).join(' · ')}`)] : []));
  }
}

export class HealthPanel {
  private readonly figures = h('dl', { class: 'health', 'aria-busy': 'true' });
  private readonly notes = h('div', {});
  readonly gaps = new GapList();
  private readonly rejects = h('div', {});
  readonly element = h('section', { class: 'panel pipeline', 'aria-label': t('health') },
    h('header', {}, h('h2', {}, t('health'))), this.figures, this.notes, this.gaps.element, h('h3', {}, t('rejects')), this.rejects);
  private shown = '';

  set(health: Health): void {
    this.figures.removeAttribute('aria-busy');
    const { engine, listener } = health;
    const item = (label: string, value: string, bad = false, more = '') =>
      h('div', { class: bad ? 'bad' : '' }, h('dt', {}, label), h('dd', {}, value, more ? h('small', {}, ` ${more}`) : null));
    this.figures.replaceChildren(...[
      item(t('rate'), fixed(health.messages_per_second, 1)),
      engine && item(t('lag'), `${fixed(engine.lag_seconds, 1)} s`, engine.lag_seconds > 30, t('records', { n: count(engine.lag_records) })),
      engine && item(t('lastCommit'), engine.last_commit ? t('ago', { age: age(health.now - engine.last_commit) }) : '–'),
      engine && item(t('commitTook'), `${count(engine.last_commit_ms)} ms`),
      engine && item(t('rows'), count(engine.rows)),
      engine && item(t('duplicates'), count(engine.duplicates)),
      engine && item(t('rejected'), count(engine.rejected)),
      listener && item(t('connections'), `${listener.connections_open} / ${listener.connections}`, listener.connections_open < listener.connections),
      listener && item(t('reconnects'), count(listener.reconnects)),
      item(t('pages'), count(health.pages)),
    ].filter((node): node is HTMLDivElement => node !== null));
    const problems = [health.topic_problem, health.table_problem, engine?.problem, listener?.problem].filter((text): text is string => !!text);
    this.notes.replaceChildren(
      ...problems.map((problem) => h('p', { class: 'problem' }, problem)),
      listener ? h('p', { class: 'quiet' }, `${t('silent')}: ${[...listener.silent, ...listener.quiet].join(', ') || t('none')}${listener.closed ? ` · ${t('closed', { n: count(listener.closed) })}` : ''}`) : h('p', { class: 'quiet' }, t('elsewhere')),
      h('p', { class: 'quiet source' }, `${health.source} · pregao ${health.version}`));
    const now = new Date(), text = now.toDateString() + JSON.stringify(health.rejects);
    if (text === this.shown) return;
    this.shown = text;
    this.rejects.replaceChildren(!health.rejects.length ? h('p', { class: 'quiet' }, t('noRejects'))
      : table(t('rejects'), [t('time'), t('reason'), t('raw')],
              health.rejects.map(([time, reason, detail, key, value]) => [when(time, now), { text: `${reason}: ${detail ?? ''}`, kind: 'wrap' }, { text: value ?? key ?? '', kind: 'raw' }]), []));
  }
}
