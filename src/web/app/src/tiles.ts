// One tile a ticker of the watchlist.
import { type Quote } from './api';
import { h, setText } from './dom';
import { age, currencyOf, digitsOf, marketState, price, signed } from './format';
import { t } from './i18n';
import { extend, type Point, sparkline } from './sparkline';

interface Tile { root: HTMLLIElement; quote: Quote; points: Point[]; show: () => void; tick: (now: number) => void; flash: (up: boolean) => void }

export class Tiles {
  readonly element = h('ul', { class: 'tiles', 'aria-label': t('watchlist') });
  private readonly tiles = new Map<string, Tile>();
  private chosen = '';

  /** @param onEmpty  the tile with the focus was the last */
  constructor(private readonly onChoose: (ticker: string) => void, private readonly onRemove: (ticker: string) => void, private readonly onEmpty: () => void) {
    this.element.append(...Array.from({ length: 8 }, () => h('li', { class: 'tile skeleton', 'aria-hidden': 'true' })));
    this.element.setAttribute('aria-busy', 'true');
  }

  /** The whole watchlist, in its order. */
  set(quotes: Quote[]): void {
    this.element.removeAttribute('aria-busy');
    const focused = document.activeElement, place = [...this.element.children].findIndex((root) => root.contains(focused));
    const wanted = new Set(quotes.map((quote) => quote.ticker));
    for (const ticker of [...this.tiles.keys()]) if (!wanted.has(ticker)) this.tiles.delete(ticker);
    for (const quote of quotes) {
      const tile = this.tiles.get(quote.ticker) ?? this.make(quote.ticker);
      this.tiles.set(quote.ticker, tile);
      if (quote.price !== undefined && (quote.time ?? 0) >= (tile.quote.time ?? 0)) tile.quote = quote;
      tile.show();
    }
    const roots = quotes.map((quote) => this.tiles.get(quote.ticker)!.root);
    const same = roots.length === this.element.children.length && roots.every((root, i) => root === this.element.children[i]);
    if (!same) this.element.replaceChildren(...(roots.length ? roots : [h('li', { class: 'empty' }, t('empty'))]));
    if (place >= 0 && !same) this.keepFocus(focused as HTMLElement, roots[Math.min(place, roots.length - 1)]);
    if (this.chosen && !wanted.has(this.chosen)) this.chosen = '';
    if (!this.chosen && quotes[0]) this.choose((quotes.find((quote) => quote.price !== undefined) ?? quotes[0]).ticker);
  }

  /** Tiles that move or go take the focus with them: it comes back, or goes to the tile that has the place. */
  private keepFocus(focused: HTMLElement, instead: HTMLElement | undefined): void {
    const to = focused.isConnected ? focused : instead?.querySelector('button');
    if (to) to.focus({ preventScroll: focused.isConnected });
    else this.onEmpty();
  }

  setHistory(history: [string, Point[]][]): void {
    for (const [ticker, points] of history) {
      const tile = this.tiles.get(ticker);
      if (!tile) continue;
      const last = points[points.length - 1]?.[0] ?? 0;
      tile.points = [...points, ...tile.points.filter(([time]) => time > last)];
      tile.show();
    }
  }

  /** @return whether the ticker has a tile. */
  update(quote: Quote): boolean {
    const tile = this.tiles.get(quote.ticker);
    if (!tile) return false;
    const before = tile.quote.price;
    tile.quote = { ...tile.quote, ...quote };
    extend(tile.points, quote.time!, quote.price!);
    tile.show();
    if (before !== undefined && before !== quote.price) tile.flash(quote.price! > before);
    return true;
  }

  tick(now: number): void { for (const tile of this.tiles.values()) tile.tick(now); }
  quote(ticker: string): Quote | undefined { return this.tiles.get(ticker)?.quote; }
  chosenQuote(): Quote | undefined { return this.quote(this.chosen); }
  anySimulated(): boolean { return [...this.tiles.values()].some((tile) => tile.quote.source === 'simulator'); }

  choose(ticker: string): void {
    this.chosen = ticker;
    for (const [name, tile] of this.tiles) {
      tile.root.classList.toggle('chosen', name === ticker);
      tile.root.querySelector('button')!.setAttribute('aria-pressed', String(name === ticker));
    }
    this.onChoose(ticker);
  }

  private make(ticker: string): Tile {
    const name = h('span', { class: 'name' }), state = h('span', { class: 'state' }), value = h('span', { class: 'price' });
    const currency = h('span', { class: 'currency' }), change = h('span', { class: 'change' }), old = h('span', { class: 'age' });
    const spark = sparkline();
    const main = h('button', { class: 'tile-main', type: 'button', 'aria-pressed': 'false', onclick: () => this.choose(ticker) },
      h('span', { class: 'tile-head' }, h('strong', {}, ticker), state), name,
      h('span', { class: 'tile-price' }, value, currency), change, spark.element, old);
    const remove = h('button', { class: 'remove', type: 'button', 'aria-label': t('remove', { ticker }), title: t('remove', { ticker }), onclick: () => this.onRemove(ticker) }, '×');
    const tile: Tile = {
      root: h('li', { class: 'tile', 'data-ticker': ticker }, main, remove), quote: { ticker }, points: [],
      show: () => {
        const { quote } = tile, known = quote.price !== undefined, moved = quote.change ?? 0, digits = known ? digitsOf(quote.price!, quote.quote_type) : 2;
        tile.root.classList.toggle('waiting', !known);
        tile.root.dataset.trend = moved > 0 ? 'up' : moved < 0 ? 'down' : 'flat';
        setText(name, quote.short_name ?? quote.exchange ?? '');
        setText(value, known ? price(quote) : '–');
        setText(currency, currencyOf(quote));
        const arrow = moved > 0 ? '▲' : moved < 0 ? '▼' : '•';
        setText(change, known ? (quote.change_percent === undefined ? '' : `${arrow} ${signed(moved, digits)}  (${signed(quote.change_percent, 2)}%)`) : t('waiting'));
        const market = marketState(quote.market_hours);
        setText(state, market?.text ?? '');
        state.dataset.state = market?.key ?? '';
        spark.draw(tile.points, quote.reference);
      },
      tick: (now) => {
        // The simulator's market has a clock of its own.
        const at = tile.quote.source === 'simulator' ? tile.quote.received_at : tile.quote.time;
        const since = at === undefined ? undefined : now - at;
        setText(old, since === undefined ? '' : since < 1500 ? t('now') : t('ago', { age: age(since) }));
        tile.root.classList.toggle('old', since !== undefined && since > 60_000);
      },
      flash: (up) => {
        tile.root.classList.remove('flash-up', 'flash-down');
        void tile.root.offsetWidth; // begins the animation anew
        tile.root.classList.add(up ? 'flash-up' : 'flash-down');
      },
    };
    return tile;
  }
}
