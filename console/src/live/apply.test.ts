import { describe, expect, it } from 'vitest';
import queries from '../api/queries.ts?raw';
import source from './apply.ts?raw';
import { newestStock, patched, staleAfter } from './apply';
import type { FeedEvent } from './events';
import { Meter, latencies, percentile } from './meter';

const event = (type: string, data: object, at = '2026-01-01T00:00:00Z'): FeedEvent => ({
  actor: 'test', at, data: data as FeedEvent['data'], id: 'evt', number: 1, object: 'event', operation_id: 'op', type,
});
const figures = (version: number, available: number) => ({
  sku: 'A', location: 'main', on_hand: available + 3, reserved: 1, allocated: 2, unavailable: 0, available, version,
});
const row = { ...figures(4, 10), backorder_limit: 0, master: 11, object: 'stock' };

describe('figures of stock', () => {
  it('takes the newest of each row, in whatever order they come', () => {
    const newest = newestStock([event('stock.changed', figures(6, 8)), event('stock.changed', figures(5, 9))]);
    expect(newest.get('A')?.get('main')?.available).toBe(8);
    expect(patched(row, newest)).toMatchObject({ available: 8, version: 6, master: 9 });
  });

  it('never goes back', () => {
    const newest = newestStock([event('stock.changed', figures(3, 99))]);
    expect(patched(row, newest)).toBe(row);
  });

  it('leaves other rows alone', () => {
    const newest = newestStock([event('stock.changed', { ...figures(9, 1), location: 'other' })]);
    expect(patched(row, newest)).toBe(row);
  });
});

describe('what has no list of its own', () => {
  it('is counted anew when a notice or a shortfall comes or goes, and not with every figure', () => {
    for (const type of ['notice.changed', 'stock.shortfall', 'stock.shortfall_cleared']) expect(staleAfter(event(type, {}))).toContain('overview');
    expect(staleAfter(event('stock.changed', figures(1, 1)))).toEqual([]);
  });
});

describe('what an event makes old', () => {
  it('is something that is read', () => {
    const read = [...queries.matchAll(/queryKey: \['([\w-]+)'/g)].map(([, kind]) => kind);
    const types = [...source.matchAll(/case '(\w+)':/g)].map(([, thing]) => `${thing}.changed`);
    expect(types.length).toBeGreaterThan(8);
    const stale = [...types, 'stock.shortfall', 'listing.pushed'].flatMap((type) => staleAfter(event(type, {})));
    expect(stale).toContain('actors');
    for (const kind of stale) expect([...read, 'mapping-history'], kind).toContain(kind);
  });
});

describe('the meter', () => {
  it('counts by steps of ten seconds and by shop', () => {
    const meter = new Meter();
    const push = (shop: string, total_ms: number, at: string) => event('listing.pushed', { shop, total_ms }, at);
    meter.add([
      push('a', 10, '2026-01-01T00:00:01Z'),
      push('a', 30, '2026-01-01T00:00:09Z'),
      push('b', 50, '2026-01-01T00:00:12Z'),
      event('order.placed', {}, '2026-01-01T00:00:12Z'),
    ]);
    const begin = Date.parse('2026-01-01T00:00:00Z');
    const steps = meter.since(begin, begin + 29_000);
    expect(steps.map((step) => [step.pushes, step.orders])).toEqual([[2, 0], [1, 1], [0, 0]]);
    expect(latencies(steps, 'a')).toEqual([10, 30]);
    expect(latencies(steps)).toEqual([10, 30, 50]);
  });

  it('takes percentiles by rank', () => {
    expect(percentile([], 0.5)).toBeUndefined();
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2);
    expect(percentile(Array.from({ length: 100 }, (_, n) => n + 1), 0.95)).toBe(95);
  });
});
