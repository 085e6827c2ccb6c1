// Carries an import out in parts, each under a key of its own, and takes it back.

import { api, take, type Schemas } from '~/api/client';
import { newKey } from '~/api/keys';
import { networkProblem, problemOf, type Problem } from '~/api/problem';
import type { Known, Kind, Row } from './plan';

type Change = Schemas['Change'];
type Result = { status: number; body?: Row['answer'] | object; problem?: Problem | null };

/** Rows in one request. */
const PART = 500;
/** SKUs that are looked up at the same time. */
const AT_ONCE = 8;
/** Movements that are read at once; the one that is looked for is mostly the newest. */
const MOVEMENTS = 20;

/** Does something with each, a few at the same time. */
async function each<T>(all: readonly T[], run: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < all.length) await run(all[next++] as T);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, worker));
}

/** What is there of each SKU that the file names. SKUs that do not exist are left out. */
export async function lookUp(skus: string[], progress: (done: number) => void): Promise<Map<string, Known>> {
  const known = new Map<string, Known>();
  let done = 0;
  await each(skus, async (sku) => {
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
  });
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

/** The change that takes a row back: the difference that it really made, the other way round. */
export function counterOf(row: Row, note: string): Change {
  return { action: 'adjust', sku: row.sku, location: row.location, quantity: -(row.made ?? 0), reason: 'correction', note };
}

/** An attempt at some rows. What was sent without an answer is sent again as it was, under the same key; a new attempt has new keys. */
export interface Attempt {
  key: string;
  rows: Row[];
  /** Rows of which the server has said what became of them. */
  answered: number;
}

export const attemptOf = (rows: Row[]): Attempt => ({ key: newKey(), rows, answered: 0 });

/** Whether the server has said of every row what became of it. */
export const isOver = ({ rows, answered }: Attempt): boolean => answered >= rows.length;

/** Sends one part and gives its rows with what became of them. */
export type Send = (part: Row[], key: string) => Promise<Row[]>;

/** Goes on with an attempt, part by part; when an answer is lost it ends, and goes on with the same part the next time. */
export async function goOn(attempt: Attempt, send: Send, ended: (rows: Row[]) => void): Promise<void> {
  while (!isOver(attempt)) {
    const part = attempt.rows.slice(attempt.answered, attempt.answered + PART);
    const rows = await send(part, `${attempt.key}-${attempt.answered}`);
    attempt.answered += part.length;
    ended(rows);
  }
}

/** Carries rows out; each stands or falls by itself. */
export function forth(kind: Kind, noteOf: (row: Row) => string): Send {
  return async (part, key) => {
    const params = { header: { 'Idempotency-Key': key } };
    if (kind === 'skus') {
      const body = { skus: part.map(({ sku, name }) => ({ sku, name })) };
      const { results } = await take(api.POST('/v1/skus/bulk', { params, body }));
      return part.map((row, place) => endOf(row, results[place], 'done'));
    }
    const items = part.map((row) => changeOf(row, kind, noteOf(row)));
    const { results } = await take(api.POST('/v1/stock/bulk', { params, body: { mode: 'independent', items } }));
    const ended = part.map((row, place) => endOf(row, results[place], 'done'));
    // The change was made, whatever becomes of this reading: an undo reads what is missing.
    return kind === 'count' ? measured(ended, true) : ended.map((row) => known(row, (row.after ?? 0) - (row.before ?? 0)));
  };
}

/** Takes rows back by counter-movements. */
export function back(note: string): Send {
  return async (part, key) => {
    const rows = await measured(part, false);
    const moved = rows.filter((row) => row.state === 'done');
    if (moved.length === 0) return rows;
    const { results } = await take(
      api.POST('/v1/stock/bulk', {
        params: { header: { 'Idempotency-Key': key } },
        body: { mode: 'independent', items: moved.map((row) => counterOf(row, note)) },
      }),
    );
    const ended = new Map(moved.map((row, place) => [row.line, endOf(row, results[place], 'undone')]));
    return rows.map((row) => ended.get(row.line) ?? row);
  };
}

/** A row of which it is known what it did; one that changed nothing stays, and there is nothing of it to take back. */
function known(row: Row, made: number): Row {
  if (row.state !== 'done') return row;
  const after = row.answer?.on_hand ?? row.after ?? 0;
  return { ...row, made, after, before: after - made, state: made === 0 ? 'same' : 'done' };
}

/** Rows with what they really did: between the comparison and a count anything may have happened. */
async function measured(rows: Row[], lenient: boolean): Promise<Row[]> {
  const made = new Map<number, number>();
  const unmeasured = rows.filter((row) => row.state === 'done' && row.made === undefined && row.answer);
  await each(unmeasured, async (row) => {
    try {
      made.set(row.line, await madeBy(row));
    } catch (error) {
      if (!lenient) throw error;
    }
  });
  return rows.map((row) => {
    const units = made.get(row.line);
    return units === undefined ? row : known(row, units);
  });
}

type Told = Pick<Schemas['Movement'], 'version' | 'kind' | 'at' | 'delta'>;

/** By how much a count changed on hand, out of the movement that it left; a count that found what was there has left none. */
export function deltaOf(answer: NonNullable<Row['answer']>, movements: readonly Told[]): number {
  const movement = movements.find(({ version }) => version === answer.version);
  return movement?.kind === 'count' && movement.at === answer.at ? movement.delta.on_hand : 0;
}

async function madeBy({ sku, location, answer }: Row): Promise<number> {
  if (!answer || answer.version === 0) return 0;
  for (let cursor: string | undefined; ; ) {
    const path = { sku, location };
    const page = await take(
      api.GET('/v1/stock/{sku}/{location}/movements', { params: { path, query: { cursor, limit: MOVEMENTS } } }),
    );
    const last = page.data.at(-1)?.version ?? 0;
    if (last <= answer.version || !page.has_more) return deltaOf(answer, page.data);
    cursor = page.next_cursor ?? undefined;
  }
}

/** A row with what became of it. */
export function endOf(row: Row, result: Result | undefined, good: 'done' | 'undone'): Row {
  if (result && result.status < 300) {
    const answer = good === 'done' && result.body && 'version' in result.body && 'on_hand' in result.body ? result.body : undefined;
    return { ...row, state: good, problem: undefined, ...(answer && { answer }) };
  }
  // A row that could not be taken back is still in.
  const state = good === 'undone' ? 'done' : 'failed';
  return { ...row, state, problem: refusalOf(result) };
}

/** Why a row was refused; of one that the answer left out nothing is known. */
function refusalOf(result: Result | undefined): Problem {
  if (!result) return networkProblem();
  return result.problem ?? problemOf(new Response(null, { status: result.status }), undefined);
}
