import { describe, expect, it } from 'vitest';
import type { FeedEvent } from './events';
import { Feed, type Connection, type SocketLike, type Wires } from './feed';

const event = (number: number): FeedEvent => ({
  actor: 'test', at: '2026-01-01T00:00:00Z', data: {}, id: `evt_${number}`, number, object: 'event', operation_id: 'op', type: 'stock.changed',
});

/** A world that does what the test says. */
function world(polls: (FeedEvent[] | Error)[] = []) {
  const sockets: (SocketLike & { after: number; closed: boolean })[] = [];
  const asked: number[] = [];
  const timers: { ms: number; run: () => void; live: boolean }[] = [];
  const wires: Wires = {
    socket: (after) => {
      const socket = { after, closed: false, onmessage: null, onclose: null, onerror: null, close: () => (socket.closed = true) } as
        (typeof sockets)[number];
      sockets.push(socket);
      return socket;
    },
    poll: (after) => {
      asked.push(after);
      const next = polls.shift();
      if (next === undefined) return new Promise(() => undefined);
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    later: (ms, run) => {
      const timer = { ms, run, live: true };
      timers.push(timer);
      return () => (timer.live = false);
    },
  };
  const seen: number[] = [];
  const states: Connection[] = [];
  let gaps = 0;
  const sink = {
    events: (events: FeedEvent[]) => seen.push(...events.map(({ number }) => number)),
    gap: () => (gaps += 1),
    connection: (state: Connection) => states.push(state),
  };
  const say = (message: unknown) => sockets.at(-1)?.onmessage?.({ data: JSON.stringify(message) });
  const tick = () => {
    const next = timers.filter(({ live }) => live).at(-1);
    if (next) {
      next.live = false;
      next.run();
    }
  };
  /** How long the next thing is waited for. */
  const due = () => timers.filter(({ live }) => live).at(-1)?.ms;
  return { wires, sink, sockets, asked, seen, states, say, tick, due, gaps: () => gaps };
}

const settled = () => new Promise((done) => setTimeout(done, 0));

describe('over a socket', () => {
  it('tells events in order and each once', () => {
    const w = world();
    new Feed(w.wires, w.sink, 5).start();
    expect(w.sockets[0]?.after).toBe(5);
    w.say({ type: 'hello', seq: 5 });
    w.say({ type: 'event', seq: 6, event: event(6) });
    w.say({ type: 'event', seq: 6, event: event(6) });
    w.say({ type: 'event', seq: 7, event: event(7) });
    expect(w.seen).toEqual([6, 7]);
    expect(w.gaps()).toBe(0);
    expect(w.states).toEqual(['connecting', 'live']);
  });

  it('notices a jump', () => {
    const w = world();
    new Feed(w.wires, w.sink, 5).start();
    w.say({ type: 'hello', seq: 5 });
    w.say({ type: 'event', seq: 8, event: event(8) });
    expect(w.gaps()).toBe(1);
    expect(w.seen).toEqual([8]);
  });

  it('notices by the heartbeat that an event was lost, and connects again after it', () => {
    const w = world();
    new Feed(w.wires, w.sink, 5).start();
    w.say({ type: 'hello', seq: 5 });
    w.say({ type: 'heartbeat', seq: 9 });
    expect(w.gaps()).toBe(1);
    expect(w.sockets[0]?.closed).toBe(true);
    w.tick();
    expect(w.sockets[1]?.after).toBe(9);
  });

  it('connects again after the last event that it has', () => {
    const w = world();
    new Feed(w.wires, w.sink, 5).start();
    w.say({ type: 'hello', seq: 5 });
    w.say({ type: 'event', seq: 6, event: event(6) });
    w.sockets[0]?.onclose?.();
    expect(w.states.at(-1)).toBe('away');
    w.tick();
    expect(w.sockets[1]?.after).toBe(6);
  });

  it('waits longer after each attempt that fails, and anew from the beginning after one that succeeds', () => {
    const w = world();
    new Feed(w.wires, w.sink, 5).start();
    w.say({ type: 'hello', seq: 5 });
    const waits: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) {
      w.sockets.at(-1)?.onclose?.();
      waits.push(w.due());
      w.tick();
    }
    expect(waits).toEqual([500, 1_000, 2_000, 5_000, 10_000, 10_000, 10_000]);
    expect(w.sockets).toHaveLength(8);
    expect(w.states.at(-1)).toBe('away');
    w.say({ type: 'hello', seq: 5 });
    expect(w.states.at(-1)).toBe('live');
    w.sockets.at(-1)?.onclose?.();
    expect(w.due()).toBe(500);
    expect(w.gaps()).toBe(0);
  });

  it('gives a socket up that has gone silent, and asks for what came meanwhile', () => {
    const w = world();
    new Feed(w.wires, w.sink, 5).start();
    w.say({ type: 'hello', seq: 5 });
    w.say({ type: 'event', seq: 6, event: event(6) });
    expect(w.due()).toBe(45_000);
    w.tick();
    expect(w.sockets[0]?.closed).toBe(true);
    expect(w.states.at(-1)).toBe('away');
    w.tick();
    expect(w.sockets[1]?.after).toBe(6);
    // What the old one still says is not listened to.
    expect(w.sockets[0]?.onmessage).toBeNull();
  });

  it('is not silent as long as its heart beats', () => {
    const w = world();
    new Feed(w.wires, w.sink, 5).start();
    w.say({ type: 'hello', seq: 5 });
    w.say({ type: 'heartbeat', seq: 5 });
    expect(w.sockets).toHaveLength(1);
    expect(w.due()).toBe(45_000);
    expect(w.gaps()).toBe(0);
  });

  it('does nothing more once it is stopped', () => {
    const w = world();
    const feed = new Feed(w.wires, w.sink, 5);
    feed.start();
    w.say({ type: 'hello', seq: 5 });
    feed.stop();
    expect(w.sockets[0]?.closed).toBe(true);
    expect(w.due()).toBeUndefined();
  });

  it('reads everything again when the history is another one', () => {
    const w = world();
    new Feed(w.wires, w.sink, 50).start();
    w.say({ type: 'hello', seq: 3 });
    expect(w.gaps()).toBe(1);
    w.say({ type: 'event', seq: 4, event: event(4) });
    expect(w.seen).toEqual([4]);
  });
});

describe('without a socket', () => {
  it('asks and waits', async () => {
    const w = world([[event(6), event(7)], []]);
    new Feed(w.wires, w.sink, 5).start();
    w.sockets[0]?.onclose?.();
    w.tick();
    await settled();
    expect(w.seen).toEqual([6, 7]);
    expect(w.asked).toEqual([5, 7, 7]);
    expect(w.states.at(-1)).toBe('polling');
  });

  it('says that the server is away, and asks again', async () => {
    const w = world([new Error('refused'), [event(6)]]);
    new Feed(w.wires, w.sink, 5).start();
    w.sockets[0]?.onclose?.();
    w.tick();
    await settled();
    expect(w.states.at(-1)).toBe('away');
    w.tick();
    await settled();
    expect(w.seen).toEqual([6]);
  });
});
