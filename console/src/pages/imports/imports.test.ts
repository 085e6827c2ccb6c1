import { describe, expect, it } from 'vitest';
import { filled } from '~/i18n/dictionary';
import { en } from '~/i18n/en';
import { decode, isSpreadsheet, parse, readTable, separatorOf } from './file';
import { failedFile, movedTo, outcomeOf } from './outcome';
import { compared, guessColumns, readRows, tally, type Known, type Row } from './plan';
import { attemptOf, changeOf, counterOf, deltaOf, endOf, goOn } from './run';
import { ImportStore } from './store';

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

  it('of a spreadsheet program is known by how it begins', () => {
    expect(isSpreadsheet(new Uint8Array([0x50, 0x4b, 0x03, 0x04, 0x14]))).toBe(true);
    expect(isSpreadsheet(new Uint8Array([0xd0, 0xcf, 0x11, 0xe0]))).toBe(true);
    expect(isSpreadsheet(bytes('PK,qty\nA,1'))).toBe(false);
    expect(isSpreadsheet(bytes(''))).toBe(false);
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

  it('sets only what the comparison saw, and goes back by what it made', () => {
    expect(changeOf(row, 'set', 'n')).toMatchObject({ action: 'set', on_hand: 5, expected: 4 });
    expect(counterOf({ ...row, made: 1 }, 'n')).toMatchObject({ action: 'adjust', quantity: -1, reason: 'correction' });
  });

  it('keeps what the server said of each row', () => {
    expect(endOf(row, { status: 200 }, 'done').state).toBe('done');
    expect(endOf(row, { status: 409, problem: { detail: 'stale' } as never }, 'done')).toMatchObject({ state: 'failed', problem: { detail: 'stale' } });
    expect(endOf({ ...row, state: 'done' }, { status: 409 }, 'undone')).toMatchObject({ state: 'done', problem: { code: 'http_409' } });
    expect(endOf(row, undefined, 'done')).toMatchObject({ state: 'failed', problem: { code: 'unreachable' } });
    expect(endOf({ ...row, state: 'done', problem: { code: 'x' } as never }, { status: 200 }, 'undone').problem).toBeUndefined();
  });

  it('shows figures only of rows that are in or may come in', () => {
    expect(movedTo(row)).toEqual({ after: 5, difference: 1 });
    expect(movedTo({ ...row, state: 'done', made: 3 })).toEqual({ after: 5, difference: 3 });
    for (const state of ['undone', 'failed'] as const) expect(movedTo({ ...row, state, made: 1 })).toEqual({});
  });

  it('says in words of the console why a row was refused, and what to do', () => {
    const t = ((key: 'imports.undo', values: Record<string, string>) => filled(en[key], values ?? {}, String)) as never;
    const problem = { code: 'insufficient_stock', title: 'Not enough stock', detail: '4 requested, 0 available' } as never;
    expect(outcomeOf(t, { ...row, state: 'failed', problem }, 'set')).toEqual({
      words: en['problem.insufficient_stock'],
      advice: en['advice.insufficient_stock'],
    });
    const stuck = outcomeOf(t, { ...row, state: 'done', problem }, 'set');
    expect(stuck.advice).toContain(`press ${en['imports.undo']} again`);
    expect(outcomeOf(t, { ...row, state: 'undone' }, 'set')).toEqual({ words: en['imports.state.undone'] });
  });
});

describe('the file of what is not in', () => {
  it('says why in the language of the person, with a code that is the same in each, and can be imported again', async () => {
    const { LOAD } = await import('~/i18n/languages');
    const vi = await LOAD.vi();
    const t = ((key: 'imports.undo', values: Record<string, string>) => filled(vi[key], values ?? {}, String)) as never;
    const row = { line: 2, cells: ['A', '5'], sku: 'A', location: 'main', name: '', value: 5 };
    const problem = { code: 'insufficient_stock', title: 'Not enough stock', detail: '4 requested, 0 available' } as never;
    const rows: Row[] = [
      { ...row, state: 'done' },
      { ...row, state: 'failed', problem },
      { ...row, cells: ['', '5'], sku: '', state: 'wrong', wrong: { word: 'no_sku' } },
    ];
    const file = failedFile(t, { head: ['Hàng', 'qty'], rows, kind: 'set' });
    expect(file.startsWith('\uFEFF')).toBe(true);
    const table = readTable(bytes(file));
    const [why, said] = [vi['word.reason'], vi['imports.failed.said']];
    expect(table.head).toEqual(['Hàng', 'qty', 'reason_code', why, said]);
    expect(table.rows.map(({ cells }) => cells)).toEqual([
      ['A', '5', 'insufficient_stock', `${vi['problem.insufficient_stock']} · ${vi['advice.insufficient_stock']}`, '4 requested, 0 available'],
      ['', '5', 'no_sku', vi['imports.wrong.no_sku'], ''],
    ]);
    // None of the columns that were added is taken for one of the file's.
    expect(guessColumns(table.head)).toEqual({ sku: -1, location: -1, value: 1, name: -1 });
  });
});

describe('what a count made', () => {
  const delta = (on_hand: number) => ({ on_hand, reserved: 0, allocated: 0, unavailable: 0 });
  const answer = { on_hand: 45, version: 8, at: '2026-01-01T00:00:02Z' };
  const shipped = { version: 7, kind: 'ship', at: '2026-01-01T00:00:01Z', delta: delta(-3) };

  it('is what its movement says, not what the comparison saw', () => {
    expect(deltaOf(answer, [{ version: 8, kind: 'count', at: answer.at, delta: delta(-2) }, shipped])).toBe(-2);
  });

  it('is nothing when it found what was there: the newest movement is another one', () => {
    expect(deltaOf(answer, [{ ...shipped, version: 8, delta: delta(-5) }])).toBe(0);
    expect(deltaOf(answer, [{ version: 8, kind: 'count', at: '2026-01-01T00:00:00Z', delta: delta(-5) }])).toBe(0);
    expect(deltaOf(answer, [])).toBe(0);
  });
});

describe('an attempt', () => {
  const rows = Array.from({ length: 1_100 }, (_, line) => ({ line, state: 'change' }) as Row);

  it('sends the part whose answer was lost again, unchanged and under its key; the next attempt has keys of its own', async () => {
    const sent: [string, number, number][] = [];
    let lose = true;
    const send = async (part: Row[], key: string) => {
      sent.push([key, part[0]?.line ?? -1, part.length]);
      if (sent.length === 2 && lose) throw new Error('lost');
      return part;
    };
    const attempt = attemptOf(rows);
    await expect(goOn(attempt, send, () => undefined)).rejects.toThrow('lost');
    lose = false;
    await goOn(attempt, send, () => undefined);
    expect(sent.map(([, from, n]) => [from, n])).toEqual([[0, 500], [500, 500], [500, 500], [1_000, 100]]);
    expect(sent[2]?.[0]).toBe(sent[1]?.[0]);
    expect(new Set(sent.map(([key]) => key)).size).toBe(3);
    await goOn(attemptOf(rows.slice(0, 1)), send, () => undefined);
    expect(sent.at(-1)?.[0]).not.toBe(sent[0]?.[0]);
  });
});

describe('the import that is under way', () => {
  const chosen = {
    name: 'count.csv',
    kind: 'adjust' as const,
    table: readTable(bytes('sku,qty\nA,1\nB,2')),
    columns: { sku: 0, location: -1, value: 1, name: -1 },
    location: 'main',
  };

  /** A world in which undoing fails for B the first time. */
  function made() {
    const keys: string[] = [];
    const guards: boolean[] = [];
    let refuse = true;
    const one = { bundle: false, stock: new Map([['main', { on_hand: 9, available: 9 }]]) };
    const store = new ImportStore({
      lookUp: async (skus) => new Map<string, Known>(skus.map((sku) => [sku, one])),
      forth: () => async (part) => part.map((row) => endOf(row, { status: 200 }, 'done')),
      back: () => async (part, key) => {
        keys.push(key);
        const ended = part.map((row) => endOf(row, { status: row.sku === 'B' && refuse ? 409 : 200 }, 'undone'));
        refuse = false;
        return ended;
      },
      guard: (on) => guards.push(on),
    });
    return { store, keys, guards };
  }

  it('is taken back by another attempt when the first has left something, and asks before it is left while it runs', async () => {
    const { store, keys, guards } = made();
    await store.compare(chosen);
    await store.run(() => 'note', () => undefined);
    expect(store.get().step).toBe('done');
    await store.undo('note', () => undefined);
    expect(tally(store.get().plan?.rows ?? [])).toMatchObject({ done: 1, undone: 1 });
    await store.undo('note', () => undefined);
    expect(tally(store.get().plan?.rows ?? [])).toMatchObject({ done: 0, undone: 2 });
    expect(new Set(keys).size).toBe(2);
    expect(guards).toEqual([true, false, true, false, true, false]);
  });
});
