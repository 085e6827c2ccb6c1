// Carries an import out in parts, each under a key of its own, and takes it back.

import { api, take, type Schemas } from '~/api/client';
import type { Known, Kind, Row } from './plan';

type Change = Schemas['Change'];
type Result = { status: number; problem?: Schemas['Problem'] | null };

/** Rows in one request. */
const PART = 500;
/** SKUs that are looked up at the same time. */
const AT_ONCE = 8;

/** What is there of each SKU that the file names. SKUs that do not exist are left out. */
export async function lookUp(skus: string[], progress: (done: number) => void): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  let next = 0;
  let done = 0;
  const worker = async () => {
    while (next < skus.length) {
      const sku = skus[next++] as string;
      const { data, response, error } = await api.GET('/v1/stock/{sku}', { params: { path: { sku } } });
      if (data) {
        known.set(sku, {
          bundle: data.kind === 'bundle',
          stock: new Map((data.locations ?? []).map((row) => [row.location, row])),
        });
      } else if (response.status !== 404) {
        await take(Promise.resolve({ data, response, error }));
      }
      done += 1;
      progress(done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, skus.length) }, worker));
  return known;
}

/** The change that a row asks for. */
export function changeOf(row: Row, kind: Exclude<Kind, 'skus'>, note: string): Change {
  const { sku, location, value } = row;
  switch (kind) {
    case 'set':
      return { action: 'set', sku, location, on_hand: value, expected: row.before ?? 0, reason: 'import', note };
    case 'adjust':
      return { action: 'adjust', sku, location, quantity: value, reason: 'import', note };
    case 'count':
      return { action: 'count', sku, location, counted: value, note };
  }
}

/** The change that takes a row back: the difference that it made, the other way round. */
export function counterOf(row: Row, note: string): Change {
  const quantity = (row.before ?? 0) - (row.after ?? 0);
  return { action: 'adjust', sku: row.sku, location: row.location, quantity, reason: 'correction', note };
}

interface Run {
  /** Stays the same when the same import is sent again after a lost answer. */
  key: string;
  progress: (done: number) => void;
}

/** Sends rows in parts; each row stands or falls by itself. Gives the rows with what became of them. */
export async function carryOut(rows: Row[], kind: Kind, noteOf: (row: Row) => string, { key, progress }: Run): Promise<Row[]> {
  const ended: Row[] = [];
  for (let from = 0; from < rows.length; from += PART) {
    const part = rows.slice(from, from + PART);
    const results = await send(part, kind, noteOf, `${key}-${from}`);
    ended.push(...part.map((row, place) => endOf(row, results[place], 'done')));
    progress(ended.length);
  }
  return ended;
}

async function send(part: Row[], kind: Kind, noteOf: (row: Row) => string, key: string): Promise<Result[]> {
  const params = { header: { 'Idempotency-Key': key } };
  if (kind === 'skus') {
    const body = { skus: part.map(({ sku, name }) => ({ sku, name })) };
    return (await take(api.POST('/v1/skus/bulk', { params, body }))).results;
  }
  const items = part.map((row) => changeOf(row, kind, noteOf(row)));
  return (await take(api.POST('/v1/stock/bulk', { params, body: { mode: 'independent', items } }))).results;
}

/** Takes rows back by counter-movements. */
export async function takeBack(rows: Row[], note: string, { key, progress }: Run): Promise<Row[]> {
  const ended: Row[] = [];
  for (let from = 0; from < rows.length; from += PART) {
    const part = rows.slice(from, from + PART);
    const answer = await take(
      api.POST('/v1/stock/bulk', {
        params: { header: { 'Idempotency-Key': `${key}-undo-${from}` } },
        body: { mode: 'independent', items: part.map((row) => counterOf(row, note)) },
      }),
    );
    ended.push(...part.map((row, place) => endOf(row, answer.results[place], 'undone')));
    progress(ended.length);
  }
  return ended;
}

/** A row with what became of it. */
export function endOf(row: Row, result: Result | undefined, good: 'done' | 'undone'): Row {
  if (result && result.status < 300) return { ...row, state: good, failure: undefined };
  // A row that could not be taken back is still in.
  const state = good === 'undone' ? 'done' : 'failed';
  return { ...row, state, failure: result?.problem?.detail ?? result?.problem?.title ?? String(result?.status) };
}
