// Follows the feed of events: over a WebSocket if the server has one, else by asking and waiting. It knows nothing of
// React; `live/store.ts` keeps what it tells.

import type { FeedEvent } from './events';

export type Connection = 'connecting' | 'live' | 'polling' | 'away';

/** What the feed needs of the world, so that tests can be the world. */
export interface Wires {
  /** Opens the socket of the feed after an event's number. */
  socket: (after: number) => SocketLike;
  /** Events after a number; waits on the server for the first one. Rejects when the server cannot be reached. */
  poll: (after: number, signal: AbortSignal) => Promise<FeedEvent[]>;
  /** Calls back later; gives a function that takes it back. */
  later: (ms: number, run: () => void) => () => void;
}

export interface SocketLike {
  onmessage: ((event: { data: string }) => void) | null;
  onclose: (() => void) | null;
  onerror: (() => void) | null;
  close: () => void;
}

export interface Sink {
  events: (events: FeedEvent[]) => void;
  /** Events were missed: everything that is shown must be read again. */
  gap: () => void;
  connection: (state: Connection) => void;
}

type Message =
  | { type: 'hello'; seq: number }
  | { type: 'event'; seq: number; event: FeedEvent }
  | { type: 'heartbeat'; seq: number };

/** Silence after which a socket is given up; the server's heartbeat comes every 20 s. */
const SILENCE_MS = 45_000;
const AGAIN_MS = [500, 1_000, 2_000, 5_000, 10_000];

export class Feed {
  private seq: number;
  private socket: SocketLike | undefined;
  private abort: AbortController | undefined;
  private forget: (() => void) | undefined;
  private failures = 0;
  private hasSocket = true;
  private everGreeted = false;
  private stopped = false;

  constructor(
    private readonly wires: Wires,
    private readonly sink: Sink,
    after: number,
  ) {
    this.seq = after;
  }

  start(): void {
    this.sink.connection('connecting');
    if (this.hasSocket) this.open();
    else void this.ask();
  }

  stop(): void {
    this.stopped = true;
    this.forget?.();
    this.abort?.abort();
    this.drop();
  }

  private open(): void {
    const socket = this.wires.socket(this.seq);
    this.socket = socket;
    let greeted = false;
    this.watch();
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data) as Message;
      this.watch();
      if (message.type === 'hello') {
        greeted = true;
        this.everGreeted = true;
        this.failures = 0;
        // A head behind ours is another history (a backup was restored).
        if (message.seq < this.seq) this.lost(message.seq);
        this.sink.connection('live');
      } else if (message.type === 'event') {
        this.take([message.event]);
      } else if (message.seq > this.seq) {
        this.lost(message.seq);
        this.restart();
      }
    };
    socket.onerror = () => undefined;
    socket.onclose = () => {
      this.drop();
      // Closed without a greeting: this server has no socket, or something between us does not let one through.
      if (!greeted && !this.everGreeted) this.hasSocket = false;
      this.again();
    };
  }

  private async ask(): Promise<void> {
    while (!this.stopped) {
      this.abort = new AbortController();
      try {
        const events = await this.wires.poll(this.seq, this.abort.signal);
        if (this.stopped) return;
        this.failures = 0;
        this.sink.connection('polling');
        this.take(events);
      } catch {
        if (!this.stopped) this.again();
        return;
      }
    }
  }

  /** Numbers have no holes in this feed: a jump means that something was missed. */
  private take(events: FeedEvent[]): void {
    const fresh = events.filter((event) => event.number > this.seq);
    const first = fresh[0];
    const last = fresh.at(-1);
    if (!first || !last) return;
    if (this.seq > 0 && first.number !== this.seq + 1) this.sink.gap();
    this.seq = last.number;
    this.sink.events(fresh);
  }

  private lost(seq: number): void {
    this.seq = seq;
    this.sink.gap();
  }

  private watch(): void {
    this.forget?.();
    this.forget = this.wires.later(SILENCE_MS, () => this.restart());
  }

  private restart(): void {
    this.drop();
    this.again();
  }

  private drop(): void {
    if (!this.socket) return;
    this.socket.onclose = null;
    this.socket.onmessage = null;
    this.socket.close();
    this.socket = undefined;
  }

  private again(): void {
    if (this.stopped) return;
    this.forget?.();
    const wait = this.failures === 0 && !this.hasSocket ? 0 : (AGAIN_MS[Math.min(this.failures, AGAIN_MS.length - 1)] ?? 0);
    if (wait > 0) this.sink.connection('away');
    this.failures += 1;
    this.forget = this.wires.later(wait, () => (this.hasSocket ? this.open() : void this.ask()));
  }
}
