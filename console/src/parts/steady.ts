// Rows that stay where they are while somebody points at one of them.

import { useMemo, useState } from 'react';

/** The rows as they are drawn, and how many of them wait. */
export interface Steady<Row> {
  rows: readonly Row[];
  waiting: number;
}

/**
 * The rows that were there keep their order, each as it is now. What has gone is gone. What has come on top or between them
 * waits; what has come below them is the next page. Where none of them is left, it is another list.
 */
export function inPlace<Row>(kept: readonly string[], rows: readonly Row[], keyOf: (row: Row) => string): Steady<Row> {
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  const before = kept.flatMap((key) => byKey.get(key) ?? []);
  const known = new Set(kept);
  const last = rows.findLastIndex((row) => known.has(keyOf(row)));
  const below = rows.slice(last + 1);
  return { rows: [...before, ...below], waiting: rows.length - before.length - below.length };
}

interface Kept {
  list: string;
  keys: string[];
}

/** Rows of a list that hold still while `still`; `show` lets in what waits. Another `list` begins anew. */
export function useSteady<Row>(rows: readonly Row[], keyOf: (row: Row) => string, still: boolean, list: string) {
  const [kept, setKept] = useState<Kept>();
  const wanted = still && rows.length > 0;
  // Set while it is drawn, so that no row jumps in between.
  if (wanted && kept?.list !== list) setKept({ list, keys: rows.map(keyOf) });
  if (!wanted && kept) setKept(undefined);
  const steady = useMemo<Steady<Row>>(
    () => (kept && kept.list === list ? inPlace(kept.keys, rows, keyOf) : { rows, waiting: 0 }),
    [kept, list, rows, keyOf],
  );
  return { ...steady, show: () => setKept({ list, keys: rows.map(keyOf) }) };
}
