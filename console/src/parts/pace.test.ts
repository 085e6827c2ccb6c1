import { describe, expect, it } from 'vitest';
import { paceOf } from './pace';

type Latency = NonNullable<Parameters<typeof paceOf>[0]>;

const spread = (p95_ms: number, p99_ms: number) => ({ p50_ms: 20, p95_ms, p99_ms });
const latency = (p95: number, p99: number, more: Partial<Latency> = {}): Latency => ({ count: 100, histogram: [], total: spread(p95, p99), ...more });

describe('the pace of pushes', () => {
  it('is not judged while nothing was measured', () => {
    expect(paceOf(undefined, [])).toBeUndefined();
    expect(paceOf({ count: 0, histogram: [] }, [])).toBeUndefined();
  });

  it('is well only when the slowest are, too', () => {
    expect(paceOf(latency(80, 900), [])?.word).toBe('ok');
    expect(paceOf(latency(80, 5_500), [])?.word).toBe('tail');
    expect(paceOf(latency(3_000, 5_500), [])?.word).toBe('slow');
  });

  it('says where the time of the slowest went, and in which shop', () => {
    const parts = { wait: spread(10, 300), limit: spread(10, 4_800), network: spread(40, 900) };
    const shops = [latency(80, 120, { shop: 'calm' }), latency(80, 4_000, { shop: 'slow' }), latency(80, 5_500, { shop: 'slowest' })];
    expect(paceOf(latency(80, 5_500, parts), shops)).toEqual({ word: 'tail', part: 'limit', slowest: 'slowest' });
    expect(paceOf(latency(80, 5_500, parts), shops.slice(2))?.slowest).toBeUndefined();
  });
});
