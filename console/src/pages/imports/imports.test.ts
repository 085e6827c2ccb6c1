import { describe, expect, it } from 'vitest';
import { decode, parse, readTable, separatorOf } from './file';
import { compared, guessColumns, readRows, tally, type Known } from './plan';
import { changeOf, counterOf, endOf } from './run';

const bytes = (text: string) => new TextEncoder().encode(text);

describe('a file', () => {
  it('is read in the encoding that it has', () => {
    expect(decode(bytes('Tên'))).toEqual({ text: 'Tên', encoding: 'UTF-8' });
    expect(decode(new Uint8Array([0x43, 0x61, 0x66, 0xe9]))).toEqual({ text: 'Café', encoding: 'Windows-1252' });
  });

  it('is separated by what its heading uses', () => {
    expect(separatorOf('a;b;"c,d,e,f"\n1;2;3')).toBe(';');
    expect(separatorOf('a\tb\n')).toBe('\t');
    expect(separatorOf('a,b')).toBe(',');
  });

  it('has quoted cells with separators, quotes and line ends, and knows its lines', () => {
    expect(parse('a,b\r\n"x ""y"", z","1\n2"\r\n\r\nlast,', ',')).toEqual([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['x "y", z', '1\n2'] },
      { line: 5, cells: ['last', ''] },
    ]);
  });

  it('loses its byte order mark', () => {
    expect(readTable(bytes('\uFEFFsku,qty\nA,1')).head).toEqual(['sku', 'qty']);
  });
});

describe('a plan', () => {
  const table = readTable(bytes('SKU,Warehouse,Quantity\nA,main,5\nA,main,6\nB,,x\n,main,1\nC,main,-1\nD,other,7\nE,main,3\nF,main,1\nG,main,9'));
  const columns = guessColumns(table.head);
  const known = new Map<string, Known>([
    ['A', { bundle: false, stock: new Map([['main', { on_hand: 4, available: 4 }]]) }],
    ['E', { bundle: false, stock: new Map([['main', { on_hand: 3, available: 1 }]]) }],
    ['F', { bundle: false, stock: new Map([['main', { on_hand: 9, available: 2 }]]) }],
    ['G', { bundle: true, stock: new Map() }],
  ]);
  const rows = readRows(table, 'set', columns, 'main').map((row) => compared(row, 'set', known.get(row.sku)));

  it('finds the columns by their headings', () => {
    expect(columns).toEqual({ sku: 0, location: 1, value: 2, name: -1 });
  });

  it('says of each row what would become of it', () => {
    expect(rows.map((row) => row.wrong?.word ?? row.state)).toEqual([
      'change', 'twice', 'no_number', 'no_sku', 'negative', 'unknown', 'same', 'promised', 'bundle',
    ]);
    expect(rows[0]).toMatchObject({ before: 4, after: 5 });
    expect(rows[7]?.wrong).toEqual({ word: 'promised', n: 2 });
  });

  it('adds up', () => {
    const { all, ...counts } = tally(rows);
    expect(Object.values(counts).reduce((sum, each) => sum + each, 0)).toBe(all);
    expect(all).toBe(table.rows.length);
  });

  it('lets a count go below what is promised, and a difference come twice', () => {
    const [row] = readRows(readTable(bytes('sku,qty\nF,1')), 'count', { sku: 0, location: -1, value: 1, name: -1 }, 'main');
    expect(row && compared(row, 'count', known.get('F')).state).toBe('change');
    const twice = readRows(readTable(bytes('sku,qty\nA,1\nA,2')), 'adjust', { sku: 0, location: -1, value: 1, name: -1 }, 'main');
    expect(twice.map(({ state }) => state)).toEqual(['change', 'change']);
  });

  it('creates only SKUs that are not there', () => {
    const fresh = readRows(readTable(bytes('sku,name\nA,One\nZ,Two\nY,')), 'skus', { sku: 0, location: -1, value: -1, name: 1 }, 'main');
    expect(fresh.map((row) => compared(row, 'skus', known.get(row.sku))).map(({ state }) => state)).toEqual(['same', 'change', 'wrong']);
  });
});

describe('a run', () => {
  const row = { line: 2, cells: [], sku: 'A', location: 'main', name: '', value: 5, before: 4, after: 5, state: 'change' as const };

  it('sets only what the comparison saw, and goes back by the difference', () => {
    expect(changeOf(row, 'set', 'n')).toMatchObject({ action: 'set', on_hand: 5, expected: 4 });
    expect(counterOf(row, 'n')).toMatchObject({ action: 'adjust', quantity: -1, reason: 'correction' });
  });

  it('keeps what the server said of each row', () => {
    expect(endOf(row, { status: 200 }, 'done').state).toBe('done');
    expect(endOf(row, { status: 409, problem: { detail: 'stale' } as never }, 'done')).toMatchObject({ state: 'failed', failure: 'stale' });
    expect(endOf({ ...row, state: 'done' }, { status: 409 }, 'undone').state).toBe('done');
    expect(endOf(row, undefined, 'done').state).toBe('failed');
  });
});
