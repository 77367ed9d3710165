// pregao's API, as src/web/openapi.yaml has it.
import { parseExact } from './exact';
import { t } from './i18n';

export interface Quote {
  ticker: string; time?: number; price?: number; change?: number; change_percent?: number; reference?: number;
  day_high?: number; day_low?: number; day_volume?: number; currency?: string; exchange?: string; quote_type?: string;
  market_hours?: string; short_name?: string; source?: string; received_at?: number;
}
type Known = number | null;
export interface Money { value: Known; cost: Known; day: Known; total: Known; currency: string | null }
export interface Position extends Money { ticker: string; quantity: number; average_price: Known; price: Known; rate: Known; base_value: Known; base_day: Known; base_total: Known }
export interface Rate { ticker: string; price: Known; time: Known }
/** `base`: all of it in one currency; its money is null while a rate is unknown. */
export interface Portfolio { positions: Position[]; totals: Money[]; base: Money | null; rates: Rate[] }
export type Bar = [t: number, open: number, high: number, low: number, close: number, volume: number | null];
export interface Engine {
  rows: number; duplicates: number; rejected: number; commits: number; lag_records: number; lag_seconds: number;
  last_commit: number | null; last_commit_ms: number; problem: string;
}
export interface Listener { messages: number; reconnects: number; connections: number; connections_open: number; silent: string[]; quiet: string[]; closed: number; problem: string }
export interface Health {
  now: number; version: string; source: string; messages_per_second: number; messages_seen: number; pages: number;
  topic_problem: string; table_problem: string; engine: Engine | null; listener: Listener | null;
  rejects: [time: number, reason: string, detail: string | null, key: string | null, value: string | null][];
}
export interface Gap { ticker: string; from: number; to: number; minutes: number; filled: number; feed_silent: boolean; calendar: string | null; state: 'filled' | 'partly' | 'unfilled' | 'waiting' }
/** `count`: of all that there are; null while there are no bars to find gaps in. */
export interface Gaps { now: number; days: number; count: number | null; waiting: number | null; gaps: Gap[] }
/** A number of `rows` whose digits JavaScript's own does not keep is an Exact. */
export interface SqlAnswer { columns: { name: string; type: string; number: boolean }[]; rows: unknown[][]; count: number; truncated: boolean; ms: number }

const TIMEOUT_MS = 15_000;

async function ask<T>(path: string, body?: object, parse: (json: string) => unknown = JSON.parse): Promise<T> {
  let answer: Response, text: string;
  try {
    answer = await fetch(path, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
    text = await answer.text();
  } catch (error) {
    // The browser's own words are for programmers, and in one language.
    throw new Error(t((error as Error).name === 'TimeoutError' ? 'tooSlow' : 'noAnswer'));
  }
  // What is no request to the API is refused in plain text.
  const isJson = answer.headers.get('Content-Type')?.startsWith('application/json');
  if (!answer.ok || !isJson) throw new Error((isJson && (JSON.parse(text) as { error?: string }).error) || text.trim() || `HTTP ${answer.status}`);
  return parse(text) as T;
}

export const api = {
  quotes: () => ask<{ now: number; quotes: Quote[] }>('/api/quotes'),
  history: () => ask<{ history: [ticker: string, points: [number, number][]][] }>('/api/history'),
  bars: (ticker: string, interval: string) =>
    ask<{ bars: Bar[]; day_offset: number | null }>(`/api/bars?ticker=${encodeURIComponent(ticker)}&interval=${interval}`),
  portfolio: () => ask<Portfolio>('/api/portfolio'),
  health: () => ask<Health>('/api/health'),
  gaps: () => ask<Gaps>('/api/gaps'),
  sql: (sql: string) => ask<SqlAnswer>('/api/sql', { sql }, parseExact),
  watchlist: () => ask<{ tickers: string[]; problems: string[] }>('/api/watchlist'),
  add: (ticker: string) => ask<{ tickers: string[] }>('/api/watchlist', { add: ticker }),
  remove: (ticker: string) => ask<{ tickers: string[] }>('/api/watchlist', { remove: ticker }),
};
