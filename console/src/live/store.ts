// What the feed has told, kept for as long as the page is open: the newest events, how the connection is, and whether
// somebody has paused it.

import type { Connection } from './feed';
import type { FeedEvent } from './events';
import { Meter } from './meter';

/** Events that are kept for the ticker and the figures of the overview. */
export const KEPT = 3_000;
/** Events that may wait while paused; more, and everything is read again on resume. */
const WAITING_MAX = 5_000;

export interface LiveState {
  /** Oldest first. */
  events: readonly FeedEvent[];
  connection: Connection;
  paused: boolean;
  /** Events that came while paused. */
  waiting: number;
  /** Whether what happened before the page was opened has been read. */
  begun: boolean;
  /** When the last event came, in milliseconds of this computer's clock. */
  heardAt: number | undefined;
}

/** Told of each batch of events that becomes visible. `gap` says that some are missing. */
export type Reaction = (events: readonly FeedEvent[], gap: boolean) => void;

export class LiveStore {
  private state: LiveState = { events: [], connection: 'connecting', paused: false, waiting: 0, begun: false, heardAt: undefined };
  /** Counts what was told; it goes on while paused, and is drawn with the next change of the state. */
  readonly meter = new Meter();
  private held: FeedEvent[] = [];
  private gapWhilePaused = false;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly react: Reaction) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly get = (): LiveState => this.state;

  connection(connection: Connection): void {
    if (connection !== this.state.connection) this.set({ connection });
  }

  /** Events from before the page was opened: shown, but nothing on the page follows from them. */
  history(events: readonly FeedEvent[]): void {
    this.meter.add(events);
    this.set({ begun: true, events: [...events, ...this.state.events].slice(-KEPT) });
  }

  events(events: readonly FeedEvent[], now: number = Date.now()): void {
    this.meter.add(events);
    if (this.state.paused) {
      this.held.push(...events);
      if (this.held.length > WAITING_MAX) {
        this.held = this.held.slice(-WAITING_MAX);
        this.gapWhilePaused = true;
      }
      this.set({ waiting: this.state.waiting + events.length, heardAt: now });
      return;
    }
    this.set({ events: [...this.state.events, ...events].slice(-KEPT), heardAt: now });
    this.react(events, false);
  }

  gap(): void {
    if (this.state.paused) this.gapWhilePaused = true;
    else this.react([], true);
  }

  pause(paused: boolean): void {
    if (paused === this.state.paused) return;
    if (paused) {
      this.set({ paused: true });
      return;
    }
    const held = this.held;
    const gap = this.gapWhilePaused;
    this.held = [];
    this.gapWhilePaused = false;
    this.set({ paused: false, waiting: 0, events: [...this.state.events, ...held].slice(-KEPT) });
    this.react(held, gap);
  }

  private set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}
