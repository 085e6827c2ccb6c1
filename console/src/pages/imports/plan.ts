// What an import would do, row by row, before it does anything.

import type { Problem } from '~/api/problem';
import type { Table } from './file';

export type Kind = 'set' | 'adjust' | 'count' | 'skus';
export type Field = 'sku' | 'location' | 'value' | 'name';

/** Which column of the file holds what; -1 for none. */
export type Columns = Record<Field, number>;

/** What the comparison knows of a SKU. */
export interface Known {
  bundle: boolean;
  /** By location. */
  stock: Map<string, { on_hand: number; available: number }>;
}

export type Wrong =
  | { word: 'no_sku' | 'negative' | 'zero' | 'unknown' | 'bundle' | 'no_name' }
  | { word: 'no_number'; text: string }
  | { word: 'twice'; row: number }
  | { word: 'promised'; n: number };

export interface Row {
  /** Line of the file. */
  line: number;
  /** As they stood in the file. */
  cells: string[];
  sku: string;
  location: string;
  name: string;
  value: number;
  before?: number;
  after?: number;
  state: 'change' | 'same' | 'wrong' | 'done' | 'failed' | 'undone';
  wrong?: Wrong;
  /** Why the server refused it, or refused to take it back. */
  problem?: Problem;
  /** Units by which on hand really changed, as soon as that is known. */
  made?: number;
  /** Where the row of stock stood right after the change. */
  answer?: { on_hand: number; version: number; at: string };
}

export const FIELDS: Record<Kind, Field[]> = {
  set: ['sku', 'location', 'value'],
  adjust: ['sku', 'location', 'value'],
  count: ['sku', 'location', 'value'],
  skus: ['sku', 'name'],
};

/** Whether a file may lack the column. */
export const isOptional = (field: Field): boolean => field === 'location';

const NAMES: Record<Field, RegExp> = {
  sku: /^(sku|seller.?sku|code|item.?code|kod|kode|mã|รหัส|编码|货号)/i,
  location: /^(location|warehouse|lokasi|gudang|kho|địa điểm|คลัง|สถานที่|仓库|地点)/i,
  value: /^(on.?hand|stock|stok|qty|quantity|units|counted|count|jumlah|kuantiti|số lượng|tồn|จำนวน|库存|数量)/i,
  name: /^(name|title|nama|tên|ชื่อ|名称|标题)/i,
};

/** The columns by their headings, in any of the console's languages. */
export function guessColumns(head: string[]): Columns {
  const place = (field: Field) => head.findIndex((name) => NAMES[field].test(name.trim()));
  return { sku: place('sku'), location: place('location'), value: place('value'), name: place('name') };
}

const WHOLE = /^[+-]?\d{1,10}$/;

/** Rows with what is wrong in themselves; the comparison with what is there comes after. */
export function readRows(table: Table, kind: Kind, columns: Columns, defaultLocation: string): Row[] {
  const seen = new Map<string, number>();
  return table.rows.map(({ line, cells }) => {
    const cell = (field: Field) => (columns[field] >= 0 ? (cells[columns[field]] ?? '') : '');
    const sku = cell('sku');
    const location = cell('location') || defaultLocation;
    const text = cell('value');
    const row: Row = { line, cells, sku, location, name: cell('name'), value: WHOLE.test(text) ? Number(text) : 0, state: 'change' };
    const key = kind === 'skus' ? sku : `${sku}\n${location}`;
    const wrong = wrongInItself(row, kind, text, seen.get(key));
    if (!seen.has(key)) seen.set(key, line);
    return wrong ? { ...row, state: 'wrong', wrong } : row;
  });
}

function wrongInItself(row: Row, kind: Kind, text: string, before: number | undefined): Wrong | undefined {
  if (!row.sku) return { word: 'no_sku' };
  if (before !== undefined && kind !== 'adjust') return { word: 'twice', row: before };
  if (kind === 'skus') return row.name ? undefined : { word: 'no_name' };
  if (!WHOLE.test(text)) return { word: 'no_number', text };
  if (kind !== 'adjust' && row.value < 0) return { word: 'negative' };
  if (kind === 'adjust' && row.value === 0) return { word: 'zero' };
  return undefined;
}

/** A row against what is there. */
export function compared(row: Row, kind: Kind, known: Known | undefined): Row {
  if (row.state === 'wrong') return row;
  if (kind === 'skus') return known ? { ...row, state: 'same' } : row;
  if (!known) return { ...row, state: 'wrong', wrong: { word: 'unknown' } };
  if (known.bundle) return { ...row, state: 'wrong', wrong: { word: 'bundle' } };
  const { on_hand: before, available } = known.stock.get(row.location) ?? { on_hand: 0, available: 0 };
  const after = kind === 'adjust' ? before + row.value : row.value;
  const shown = { ...row, before, after };
  if (after === before) return { ...shown, state: 'same' };
  if (kind !== 'count' && after < before && available - (before - after) < 0) {
    return { ...shown, state: 'wrong', wrong: { word: 'promised', n: Math.max(0, available) } };
  }
  return shown;
}

/** Whether a row was to be taken back and could not be. */
export const isStuck = (row: Row): boolean => row.state === 'done' && row.problem !== undefined;

export interface Tally {
  all: number;
  change: number;
  same: number;
  wrong: number;
  done: number;
  failed: number;
  undone: number;
}

/** Counts by state; they add up to `all`. */
export function tally(rows: readonly Row[]): Tally {
  const counts: Tally = { all: rows.length, change: 0, same: 0, wrong: 0, done: 0, failed: 0, undone: 0 };
  for (const row of rows) counts[row.state] += 1;
  return counts;
}
