// Numbers and times by the browser's locale.
import type { Quote } from './api';
import type { Exact } from './exact';
import { locale, t } from './i18n';

const cache = new Map<string, Intl.NumberFormat>();
function formatter(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let found = cache.get(key);
  if (!found) cache.set(key, (found = new Intl.NumberFormat(locale, options)));
  return found;
}

/** Decimal places that a price of this size is quoted with. */
export function digitsOf(price: number, quoteType?: string): number {
  if (quoteType === 'CURRENCY') return Math.abs(price) >= 20 ? 3 : 4;
  const size = Math.abs(price);
  return size > 0 && size < 1 ? Math.min(8, 4 - Math.floor(Math.log10(size))) : 2;
}

/** What the price is money of; an index is none. */
export const currencyOf = (quote: Quote) => (quote.quote_type === 'INDEX' ? '' : quote.currency ?? '');

export const fixed = (value: number, digits: number) => formatter({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const signed = (value: number, digits: number) =>
  formatter({ minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: 'exceptZero' }).format(value);
export const count = (value: number) => formatter({ maximumFractionDigits: 0 }).format(value);
export const compact = (value: number) => formatter({ notation: 'compact', maximumFractionDigits: 1 }).format(value);
export const quantity = (value: number) => formatter({ maximumFractionDigits: 8 }).format(value);
const mark = formatter({ minimumFractionDigits: 1 }).formatToParts(0).find(({ type }) => type === 'decimal')?.value ?? '.';
/** Any number, all its digits, without groups: it may be a year or a name. */
export const plain = (value: number | Exact) => String(value).replace('.', mark);
export const price = (quote: Quote) => (quote.price === undefined ? '–' : fixed(quote.price, digitsOf(quote.price, quote.quote_type)));

/** "4 s", "12 min", "3 h", "2 d". */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
}

const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dated = new Intl.DateTimeFormat(locale, { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });
/** The time of the day, and the date where it is another day's. */
export const when = (ms: number, now: Date) => (new Date(ms).toDateString() === now.toDateString() ? clock : dated).format(ms);

const moment = new Intl.DateTimeFormat(locale, { day: '2-digit', month: 'short', hour: '2-digit', minute: '2-digit' });
/** From when to when; the day is told once where it is one. */
export const span = (from: number, to: number) => moment.formatRange(from, to);

export function marketState(hours: string | undefined): { key: 'open' | 'pre' | 'post' | 'overnight'; text: string } | null {
  if (!hours) return null;
  const key = hours === 'REGULAR_MARKET' || hours === 'EXTENDED_HOURS_MARKET' ? 'open'
    : hours.startsWith('PRE') ? 'pre' : hours.startsWith('POST') ? 'post' : 'overnight';
  return { key, text: t(key) };
}
