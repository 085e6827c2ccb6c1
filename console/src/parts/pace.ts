// Whether shops are told fast enough, and if not, where the time goes.

import type { Schemas } from '~/api/client';

type Latency = Schemas['Latency'];

/** From a change of stock to the answer of the marketplace. */
export const TARGET_MS = 3_000;

const PARTS = ['wait', 'limit', 'network'] as const;

export interface Pace {
  /** slow: more than one push in twenty takes too long; tail: more than one in a hundred. */
  word: 'ok' | 'tail' | 'slow';
  /** What most of the time of the slowest is spent on. */
  part: (typeof PARTS)[number];
  /** The shop where they are slowest, when there are several and one of them is too slow. */
  slowest: string | undefined;
}

/** Nothing while nothing was measured. */
export function paceOf(measured: Latency | undefined, shops: readonly Latency[]): Pace | undefined {
  const total = measured?.total;
  if (!total) return undefined;
  const word = total.p95_ms >= TARGET_MS ? 'slow' : total.p99_ms >= TARGET_MS ? 'tail' : 'ok';
  const at = word === 'slow' ? 'p95_ms' : 'p99_ms';
  const spent = (part: (typeof PARTS)[number]) => measured[part]?.[at] ?? 0;
  const part = PARTS.reduce((most, each) => (spent(each) > spent(most) ? each : most));
  const slow = shops.filter((shop) => (shop.total?.[at] ?? 0) >= TARGET_MS).sort((a, b) => (b.total?.[at] ?? 0) - (a.total?.[at] ?? 0));
  return { word, part, slowest: shops.length > 1 ? (slow[0]?.shop ?? undefined) : undefined };
}
