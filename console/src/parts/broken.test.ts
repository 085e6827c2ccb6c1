import { describe, expect, it } from 'vitest';
import list from '../../../docs/invariants.md?raw';
import checks from '../../../rules/src/invariant.rs?raw';
import { en } from '~/i18n/en';
import { brokenTexts, byCode, CODES, reportOf } from './broken';

/** Every file of what checks a database. */
const VERIFY = import.meta.glob<string>('../../../store/src/verify/*.rs', { query: '?raw', import: 'default', eager: true });

describe('what does not hold', () => {
  const sources = [checks, ...Object.values(VERIFY)].map((source) => source.split('#[cfg(test)]')[0] ?? '');
  const written = sources.flatMap((source) => [...source.matchAll(/\b(?:wrong|violation)\(\s*"(\w+)"/g)].map(([, code]) => code ?? ''));
  const codes = [...new Set(written)].sort();

  it('has words and something to do next for every code of the server, and for no other', () => {
    expect(codes.length).toBeGreaterThan(15);
    expect([...CODES].sort()).toEqual(codes);
    for (const code of codes) {
      const { what, next } = brokenTexts(code) ?? {};
      expect(Object.keys(en), code).toContain(what);
      expect(Object.keys(en), code).toContain(next);
    }
    const said = CODES.flatMap((code) => Object.values(brokenTexts(code) ?? {}));
    const unused = Object.keys(en).filter((key) => /^broken\.(?!copy)/.test(key) && !said.includes(key as never));
    expect(unused).toEqual([]);
  });

  it('is in the list of invariants, as one that is checked on a live database', () => {
    const checked = [...list.matchAll(/^\| (I\d+) \|.*\| (?:yes|by key uniqueness) \|$/gm)].map(([, code]) => code ?? '');
    expect(codes.filter((code) => code.startsWith('I'))).toEqual(checked.sort());
  });

  it('stands once for each code, and is copied line by line', () => {
    const at = (invariant: string, subject: string) => ({ invariant, subject, detail: 'is wrong' });
    const found = [at('I1', 'A at main'), at('I9', 'ord_1'), at('I1', 'B at main')];
    expect(byCode(found).map(([code, each]) => [code, each.length])).toEqual([['I1', 2], ['I9', 1]]);
    expect(reportOf('Onhand 1', found)).toBe('Onhand 1\nI1 A at main: is wrong\nI9 ord_1: is wrong\nI1 B at main: is wrong');
    expect(brokenTexts('I99')).toBeUndefined();
    expect(brokenTexts('toString')).toBeUndefined();
  });
});
