// Candles and volume of one ticker.
import { CandlestickSeries, createChartEx, HistogramSeries, type IChartApiBase, type ISeriesApi, type Time, type UTCTimestamp } from 'lightweight-charts';
import { api, type Bar, type Quote } from './api';
import { h, setText } from './dom';
import { compact, currencyOf, digitsOf, fixed, marketState, price, signed } from './format';
import { locale, t } from './i18n';
import { localTimeScale } from './local_time';

const SECONDS = { '1m': 60, '5m': 300, '15m': 900, '1h': 3600, '1d': 86400 } as const;
type Interval = keyof typeof SECONDS;
/** Between two looks at the tables: they correct what the live candle guessed, and bring volume and late quotes. */
const REFRESH_MS = 10_000;

export class Chart {
  readonly element: HTMLElement;
  private readonly title = h('h2', {}, t('chart'));
  private readonly figures = h('div', { class: 'figures' });
  private readonly note = h('p', { class: 'chart-note', hidden: true });
  private readonly canvas = h('div', { class: 'chart-canvas', role: 'img', 'aria-label': t('chart') });
  /** The candle under the cursor, else the last; the arrow keys move it, and a screen reader reads it then alone. */
  private readonly legend = h('p', { class: 'legend' });
  private readonly spoken = h('p', { class: 'hidden', role: 'status' });
  private readonly frame = h('div', { class: 'chart-frame', tabindex: 0, role: 'group', 'aria-label': t('candlesByKey'), onkeydown: (event) => this.key(event as KeyboardEvent),
                                      onblur: () => this.point(undefined) }, this.canvas, this.legend, this.note, this.spoken);
  private readonly buttons = new Map<Interval, HTMLButtonElement>();
  private readonly chart: IChartApiBase<Time>;
  private readonly candles: ISeriesApi<'Candlestick'>;
  private readonly volumes: ISeriesApi<'Histogram'>;
  private ticker = '';
  private interval: Interval = '1m';
  private bars = new Map<number, Bar>(); // by their start
  private pointed: number | undefined; // the start of the candle that the legend is about
  private when: (start: number) => string;
  private asked = 0;
  private fresh = true; // no answer yet for this ticker and interval: live quotes are kept, and wait for it
  private heard = new Set<number>(); // starts of the candles that live quotes moved since the stream was opened
  private dayOffset: number | null = null; // seconds from UTC to the clock of the exchange's day
  private digits = 2;
  private colors = { up: '', down: '', volumeUp: '', volumeDown: '' };

  constructor() {
    const group = h('div', { class: 'segments', role: 'group', 'aria-label': t('interval') });
    for (const name of Object.keys(SECONDS) as Interval[]) {
      const button = h('button', { type: 'button', 'aria-pressed': String(name === this.interval), onclick: () => this.setInterval(name) }, name);
      this.buttons.set(name, button);
      group.append(button);
    }
    const attribution = h('a', { class: 'attribution', href: 'https://www.tradingview.com/', target: '_blank', rel: 'noreferrer noopener' }, t('attribution'));
    this.element = h('section', { class: 'panel chart', 'aria-label': t('chart') },
      h('header', {}, this.title, group), this.figures, this.frame, attribution);
    const day = new Intl.DateTimeFormat(locale, { day: '2-digit', month: 'short' });
    const date = new Intl.DateTimeFormat(locale, { day: '2-digit', month: 'short', timeZone: 'UTC' }); // a candle of a day bears the exchange's date
    const minute = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' });
    const both = new Intl.DateTimeFormat(locale, { dateStyle: 'short', timeStyle: 'short' });
    const when = (start: number) => (this.interval === '1d' ? date : both).format(start * 1000);
    const mark = (start: number, type: number) => (this.interval === '1d' ? date : type >= 3 ? minute : day).format(start * 1000);
    this.chart = createChartEx(this.canvas, localTimeScale(() => this.interval === '1d'), {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: getComputedStyle(document.documentElement).fontFamily, fontSize: 11 },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.14, bottom: 0.24 } },
      timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, rightOffset: 4, minBarSpacing: 2,
                   tickMarkFormatter: (time: Time, type: number) => mark(time as number, type) },
      localization: { locale, priceFormatter: (value: number) => fixed(value, this.digits), timeFormatter: (time: Time) => when(time as number) },
      crosshair: { mode: 0 },
    });
    this.candles = this.chart.addSeries(CandlestickSeries, { borderVisible: false });
    this.volumes = this.chart.addSeries(HistogramSeries, { priceScaleId: 'volume', priceFormat: { type: 'volume' }, lastValueVisible: false, priceLineVisible: false });
    this.chart.priceScale('volume').applyOptions({ scaleMargins: { top: 0.82, bottom: 0 } });
    this.chart.subscribeCrosshairMove((move) => { this.pointed = move.time as number | undefined; this.tell(); });
    this.when = when;
    this.paint();
    setInterval(() => void this.load(), REFRESH_MS);
  }

  /** Takes the colours of the theme. */
  paint(): void {
    const style = getComputedStyle(document.documentElement), color = (name: string) => style.getPropertyValue(name).trim();
    this.colors = { up: color('--up'), down: color('--down'), volumeUp: color('--up-soft'), volumeDown: color('--down-soft') };
    this.chart.applyOptions({
      layout: { background: { color: color('--surface') }, textColor: color('--muted') },
      grid: { vertLines: { visible: false }, horzLines: { color: color('--line-soft') } },
    });
    this.candles.applyOptions({ upColor: this.colors.up, downColor: this.colors.down, wickUpColor: this.colors.up, wickDownColor: this.colors.down });
    this.draw();
  }

  choose(ticker: string): void {
    if (ticker === this.ticker) return;
    this.ticker = ticker;
    setText(this.title, ticker);
    this.canvas.setAttribute('aria-label', `${t('chart')}: ${ticker}`);
    this.figures.replaceChildren();
    this.restart();
  }

  /** A live quote: its candle grows; a late one corrects the candle that it belongs to. */
  update(quote: Quote): void {
    if (quote.ticker !== this.ticker || quote.price === undefined || quote.time === undefined) return;
    this.show(quote);
    const offset = this.interval === '1d' ? this.dayOffset : 0;
    if (offset === null) return;
    const start = Math.floor((quote.time / 1000 + offset) / SECONDS[this.interval]) * SECONDS[this.interval];
    const old = this.bars.get(start), last = Math.max(-Infinity, ...[...this.bars.keys()].slice(-1));
    const bar: Bar = old ? [start, old[1], Math.max(old[2], quote.price), Math.min(old[3], quote.price), start >= last ? quote.price : old[4], old[5]]
                         : [start, quote.price, quote.price, quote.price, quote.price, null];
    this.bars.set(start, bar);
    this.heard.add(start);
    if (this.fresh) return;
    if (start < last) return this.draw();
    this.candles.update(this.candle(bar));
    this.tell();
    this.note.hidden = true;
  }

  /** The stream begins anew: of what came before it the tables know more than the last quote that was heard. */
  catchUp(): void {
    this.heard.clear();
    void this.load();
  }

  show(quote: Quote): void {
    if (quote.ticker !== this.ticker) return;
    const digits = quote.price === undefined ? 2 : digitsOf(quote.price, quote.quote_type);
    if (digits !== this.digits) {
      this.digits = digits;
      this.candles.applyOptions({ priceFormat: { type: 'price', precision: digits, minMove: 10 ** -digits } });
    }
    const item = (label: string, value: string, kind = '') => h('span', { class: kind }, h('small', {}, label), value);
    const trend = (quote.change ?? 0) > 0 ? 'up' : (quote.change ?? 0) < 0 ? 'down' : '';
    this.figures.replaceChildren(...[
      item(quote.short_name ?? t('price'), `${price(quote)} ${currencyOf(quote)}`, 'big'),
      quote.change_percent === undefined ? null : item(t('change'), `${signed(quote.change_percent, 2)}%`, trend),
      quote.reference === undefined ? null : item(t('previous'), fixed(quote.reference, digits)),
      quote.day_low === undefined || quote.day_high === undefined ? null : item(t('dayRange'), `${fixed(quote.day_low, digits)} – ${fixed(quote.day_high, digits)}`),
      quote.day_volume === undefined ? null : item(t('volume'), compact(quote.day_volume)),
      quote.market_hours === undefined ? null : item(quote.exchange ?? '', marketState(quote.market_hours)!.text),
    ].filter((node): node is HTMLSpanElement => node !== null));
  }

  /** Arrow keys, Home and End go from candle to candle. */
  private key(event: KeyboardEvent): void {
    const starts = [...this.bars.keys()], at = this.pointed === undefined ? starts.length - 1 : starts.indexOf(this.pointed);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: starts.length - 1 }[event.key];
    if (to === undefined || !starts.length) return;
    event.preventDefault();
    this.point(starts[Math.min(Math.max(to, 0), starts.length - 1)]);
    setText(this.spoken, [...this.legend.children].map(({ textContent }) => textContent).join(' '));
  }

  private point(start: number | undefined): void {
    const bar = start === undefined ? undefined : this.bars.get(start);
    if (bar) this.chart.setCrosshairPosition(bar[4], bar[0] as UTCTimestamp, this.candles);
    else { this.chart.clearCrosshairPosition(); setText(this.spoken, ''); }
    this.pointed = bar?.[0];
    this.tell();
  }

  private tell(): void {
    const bar = this.fresh ? undefined : this.bars.get(this.pointed ?? -1) ?? [...this.bars.values()].pop();
    if (!bar) return this.legend.replaceChildren();
    const item = (label: string, value: string) => h('span', {}, h('small', {}, label), ` ${value}`);
    const parts = [h('span', {}, this.when(bar[0])), item(t('first'), fixed(bar[1], this.digits)), item(t('high'), fixed(bar[2], this.digits)),
                   item(t('low'), fixed(bar[3], this.digits)), item(t('close'), fixed(bar[4], this.digits))];
    if (bar[5] !== null) parts.push(item(t('volumeShort'), compact(bar[5])));
    this.legend.replaceChildren(...parts);
  }

  private setInterval(name: Interval): void {
    this.interval = name;
    for (const [key, button] of this.buttons) button.setAttribute('aria-pressed', String(key === name));
    this.restart();
  }

  private restart(): void {
    this.bars.clear();
    this.heard.clear();
    this.dayOffset = null;
    this.fresh = true;
    this.pointed = undefined;
    this.draw();
    this.note.hidden = false;
    setText(this.note, t('loading'));
    void this.load();
  }

  private async load(): Promise<void> {
    if (!this.ticker || document.hidden) return;
    const question = ++this.asked;
    try {
      const answer = await api.bars(this.ticker, this.interval);
      if (question !== this.asked) return; // another ticker or interval is shown by now
      this.dayOffset = answer.day_offset;
      const newest = answer.bars[answer.bars.length - 1]?.[0] ?? -Infinity;
      const live = [...this.bars.values()].filter((bar) => bar[0] >= newest);
      this.bars = new Map(answer.bars.map((bar) => [bar[0], bar]));
      for (const bar of live) {
        // The table is a moment behind: what the live candle knows beyond it stays.
        const stored = this.bars.get(bar[0]), close = stored && !this.heard.has(bar[0]) ? stored[4] : bar[4];
        this.bars.set(bar[0], stored ? [bar[0], stored[1], Math.max(stored[2], bar[2]), Math.min(stored[3], bar[3]), close, stored[5]] : bar);
      }
      const fit = this.fresh;
      this.fresh = false;
      this.draw();
      if (fit) this.chart.timeScale().setVisibleLogicalRange({ from: Math.max(this.bars.size - 120, Math.min(0, this.bars.size - 40)), to: this.bars.size + 3 });
      this.note.hidden = this.bars.size > 0;
      setText(this.note, t('noBars', { ticker: this.ticker }));
    } catch (error) {
      if (question !== this.asked) return;
      this.note.hidden = !this.fresh;
      setText(this.note, (error as Error).message);
    }
  }

  private candle(bar: Bar) {
    return { time: bar[0] as UTCTimestamp, open: bar[1], high: bar[2], low: bar[3], close: bar[4] };
  }

  private draw(): void {
    const bars = [...this.bars.values()].sort((a, b) => a[0] - b[0]);
    this.bars = new Map(bars.map((bar) => [bar[0], bar]));
    this.candles.setData(bars.map((bar) => this.candle(bar)));
    this.volumes.setData(bars.filter((bar) => bar[5] !== null).map((bar) => ({
      time: bar[0] as UTCTimestamp, value: bar[5]!, color: bar[4] >= bar[1] ? this.colors.volumeUp : this.colors.volumeDown })));
    this.tell();
  }
}
