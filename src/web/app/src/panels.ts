// The portfolio and the pipeline's health.
import type { Health, Money, Portfolio } from './api';
import { h } from './dom';
import { age, count, fixed, quantity, signed, timeOfDay } from './format';
import { t } from './i18n';
import { table } from './table';

const trend = (value: number) => (value > 0 ? 'up' : value < 0 ? 'down' : '');
const percent = (part: number, whole: number) => (whole > 0 ? `${signed((100 * part) / whole, 2)}%` : '');

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
    const sum = (money: Money) => h('div', { class: 'sum' },
      h('small', {}, money.currency), h('strong', {}, fixed(money.value, 2)),
      h('span', { class: trend(money.day) }, `${t('day')} ${signed(money.day, 2)} ${percent(money.day, money.value - money.day)}`),
      h('span', { class: trend(money.total) }, `${t('total')} ${signed(money.total, 2)} ${percent(money.total, money.cost)}`));
    const rows = portfolio.positions.map((position) => [
      position.ticker, quantity(position.quantity), position.average_price === undefined ? '–' : fixed(position.average_price, 2),
      position.price === undefined ? '–' : fixed(position.price, 2), position.value === undefined ? '–' : fixed(position.value, 2),
      { text: position.day === undefined ? '–' : signed(position.day, 2), kind: trend(position.day ?? 0) },
      { text: position.total === undefined || position.average_price === undefined ? '–' : signed(position.total, 2), kind: trend(position.total ?? 0) },
    ]);
    this.body.replaceChildren(
      h('div', { class: 'sums' }, ...portfolio.totals.map(sum)),
      table(t('portfolio'), [t('position'), t('quantity'), t('average'), t('price'), t('value'), t('day'), t('total')], rows, [false, true, true, true, true, true, true]));
  }
}

export class HealthPanel {
  private readonly figures = h('dl', { class: 'health', 'aria-busy': 'true' });
  private readonly notes = h('div', {});
  private readonly rejects = h('div', {});
  readonly element = h('section', { class: 'panel pipeline', 'aria-label': t('health') },
    h('header', {}, h('h2', {}, t('health'))), this.figures, this.notes, h('h3', {}, t('rejects')), this.rejects);
  private shown = '';

  set(health: Health): void {
    this.figures.removeAttribute('aria-busy');
    const { engine, listener } = health;
    const item = (label: string, value: string, bad = false) => h('div', { class: bad ? 'bad' : '' }, h('dt', {}, label), h('dd', {}, value));
    this.figures.replaceChildren(...[
      item(t('rate'), fixed(health.messages_per_second, 1)),
      engine && item(t('lag'), `${count(engine.lag_records)} · ${fixed(engine.lag_seconds, 1)} s`, engine.lag_seconds > 30),
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
      listener ? h('p', { class: 'quiet' }, `${t('silent')}: ${listener.silent.length ? listener.silent.join(', ') : t('none')}`) : h('p', { class: 'quiet' }, t('elsewhere')),
      h('p', { class: 'quiet source' }, `${health.source} · pregao ${health.version}`));
    const text = JSON.stringify(health.rejects);
    if (text === this.shown) return;
    this.shown = text;
    this.rejects.replaceChildren(!health.rejects.length ? h('p', { class: 'quiet' }, t('noRejects'))
      : table(t('rejects'), [t('time'), t('reason'), t('raw')],
              health.rejects.map(([time, reason, detail, key, value]) => [timeOfDay(time), { text: `${reason}: ${detail ?? ''}`, kind: 'wrap' }, { text: value ?? key ?? '', kind: 'raw' }]), []));
  }
}
