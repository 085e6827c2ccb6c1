import { describe, expect, it } from 'vitest';
import type { FeedEvent } from './events';
import { KEPT, LiveStore } from './store';

const event = (number: number): FeedEvent => ({
  actor: 'test', at: '2026-01-01T00:00:00Z', data: {}, id: `evt_${number}`, number, object: 'event', operation_id: 'op', type: 'stock.changed',
});

function made() {
  const reactions: { events: number; gap: boolean }[] = [];
  const store = new LiveStore((events, gap) => reactions.push({ events: events.length, gap }));
  return { store, reactions };
}

describe('pause', () => {
  it('keeps what is shown, counts what waits, and gives it back in order', () => {
    const { store, reactions } = made();
    store.events([event(1)]);
    store.pause(true);
    store.events([event(2), event(3)]);
    expect(store.get().events.map(({ number }) => number)).toEqual([1]);
    expect(store.get().waiting).toBe(2);
    expect(reactions).toHaveLength(1);
    store.pause(false);
    expect(store.get().events.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(store.get().waiting).toBe(0);
    expect(reactions.at(-1)).toEqual({ events: 2, gap: false });
  });

  it('remembers a gap until somebody resumes', () => {
    const { store, reactions } = made();
    store.pause(true);
    store.gap();
    expect(reactions).toEqual([]);
    store.pause(false);
    expect(reactions).toEqual([{ events: 0, gap: true }]);
  });

  it('forgets what is too much to keep, and says so', () => {
    const { store, reactions } = made();
    store.pause(true);
    store.events(Array.from({ length: 6_000 }, (_, n) => event(n)));
    store.pause(false);
    expect(reactions.at(-1)?.gap).toBe(true);
    expect(store.get().events).toHaveLength(KEPT);
  });

  it('counts what came meanwhile when somebody resumes, also what is too much to keep', () => {
    const order = (number: number): FeedEvent => ({ ...event(number), type: 'order.placed' });
    const { store } = made();
    const at = Date.parse('2026-01-01T00:00:00Z');
    const orders = () => store.meter.since(at, at).reduce((sum, step) => sum + step.orders, 0);
    store.events([order(1)]);
    store.pause(true, at);
    store.events([order(2)]);
    expect(orders()).toBe(1);
    expect(store.get().pausedAt).toBe(at);
    store.events(Array.from({ length: 6_000 }, (_, n) => order(n + 3)));
    store.pause(false);
    expect(orders()).toBe(6_002);
    expect(store.get().pausedAt).toBeUndefined();
  });
});

describe('what was counted', () => {
  it('is whole from the first event that was read, or from a gap on', () => {
    const { store } = made();
    store.history([event(1)], true);
    expect(store.get().wholeFrom).toBeUndefined();
    store.history([event(1)], false);
    expect(store.get().wholeFrom).toBe(Date.parse('2026-01-01T00:00:00Z'));
    store.gap(7);
    expect(store.get().wholeFrom).toBe(7);
  });
});
