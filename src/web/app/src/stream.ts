// The live quotes: server-sent events that come back by themselves.
import type { Quote } from './api';

export type StreamState = 'connecting' | 'live' | 'stale' | 'lost';
export interface Tick { now: number; live: boolean; quotes: Quote[] }

/** The server speaks at least every five seconds; after this silence the connection is made anew. */
const SILENCE_MS = 12_000;

export class Stream {
  private source: EventSource | null = null;
  private heard = 0;

  constructor(private readonly onTick: (tick: Tick) => void, private readonly onState: (state: StreamState) => void,
              private readonly onOpen: () => void) {
    if (!document.hidden) this.connect();
    setInterval(() => this.look(), 1_000);
    // A browser has six connections to a server: pages that nobody sees leave theirs to the others.
    document.addEventListener('visibilitychange', () => (document.hidden ? this.close() : this.connect()));
  }

  private connect(): void {
    this.close();
    this.heard = Date.now();
    const source = new EventSource('/api/stream');
    this.source = source;
    source.onopen = () => { this.heard = Date.now(); this.onState('live'); this.onOpen(); };
    source.onmessage = (event: MessageEvent<string>) => {
      this.heard = Date.now();
      const tick = JSON.parse(event.data) as Tick;
      this.onState(tick.live ? 'live' : 'stale');
      this.onTick(tick);
    };
    source.onerror = () => this.onState('lost');
  }

  private look(): void {
    if (document.hidden || Date.now() - this.heard < SILENCE_MS) return;
    this.onState('lost');
    this.connect();
  }

  private close(): void {
    this.source?.close();
    this.source = null;
  }
}
