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
  /** From when on every event was counted; missing when none was left out. */
  wholeFrom: number | undefined;
  /** Since when somebody has paused it. */
  pausedAt: number | undefined;
}

/** Told of each batch of events that becomes visible. `gap` says that some are missing. */
export type Reaction = (events: readonly FeedEvent[], gap: boolean) => void;

export class LiveStore {
  private state: LiveState = { events: [], connection: 'connecting', paused: false, waiting: 0, begun: false, heardAt: undefined, wholeFrom: undefined, pausedAt: undefined };
  /** Counts what was told; of what comes while paused, only when somebody resumes. */
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
  history(events: readonly FeedEvent[], whole: boolean): void {
    this.meter.add(events);
    const first = events[0];
    this.set({ begun: true, wholeFrom: whole || !first ? undefined : Date.parse(first.at), events: [...events, ...this.state.events].slice(-KEPT) });
  }

  events(events: readonly FeedEvent[], now: number = Date.now()): void {
    if (this.state.paused) {
      this.held.push(...events);
      if (this.held.length > WAITING_MAX) {
        this.meter.add(this.held.slice(0, -WAITING_MAX));
        this.held = this.held.slice(-WAITING_MAX);
        this.gapWhilePaused = true;
      }
      this.set({ waiting: this.state.waiting + events.length, heardAt: now });
      return;
    }
    this.meter.add(events);
    this.set({ events: [...this.state.events, ...events].slice(-KEPT), heardAt: now });
    this.react(events, false);
  }

  gap(now: number = Date.now()): void {
    this.set({ wholeFrom: now });
    if (this.state.paused) this.gapWhilePaused = true;
    else this.react([], true);
  }

  pause(paused: boolean, now: number = Date.now()): void {
    if (paused === this.state.paused) return;
    if (paused) {
      this.set({ paused: true, pausedAt: now });
      return;
    }
    const held = this.held;
    const gap = this.gapWhilePaused;
    this.held = [];
    this.gapWhilePaused = false;
    this.meter.add(held);
    this.set({ paused: false, pausedAt: undefined, waiting: 0, events: [...this.state.events, ...held].slice(-KEPT) });
    this.react(held, gap);
  }

  private set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}
