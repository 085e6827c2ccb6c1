import { describe, expect, it } from 'vitest';
import source from '../../../api/src/problem/kinds.rs?raw';
import edits from '../../../rules/src/commands/channels/edits.rs?raw';
import refusals from '../../../rules/src/refusal.rs?raw';
import { filled } from '~/i18n/dictionary';
import { en } from '~/i18n/en';
import { problems } from '~/i18n/en/problems';
import { codeTexts, goodsText, nameOf, problemTexts } from './problemTexts';

const t = ((key: keyof typeof en, values: Record<string, string | number>) => filled(en[key] as string, values ?? {}, String)) as never;

/** The catalogue of the server. */
const CODES = [...source.matchAll(/^ {4}\w+ = \w+, \w+, "(\w+)"/gm)].map(([, code]) => code ?? '');
/** What only the console knows: no answer came, what came is no problem, it erred itself; and what a notice says of a listing. */
const OWN = ['unreachable', 'strange_answer', 'not_understood', 'console', 'not_mapped'];

/** Every code of a place in the request that the server's sources name. */
function fieldCodes(): string[] {
  const sources = import.meta.glob<string>(['../../../api/src/body.rs', '../../../api/src/extract.rs', '../../../api/src/{body,routes,people}/**/*.rs'], {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const found = Object.values(sources).flatMap((text) => [
    ...text.matchAll(/\.push\(\s*(?:pointer|format_args!\([^)]*\)),\s*"(\w+)"/g),
    ...text.matchAll(/\bcode: "(\w+)"\.to_owned\(\)/g),
    ...text.matchAll(/\("\w+ field", "(\w+)"\)/g),
    ...text.matchAll(/None => "(invalid_type)"/g),
  ]);
  return [...new Set(found.map(([, code]) => code ?? ''))];
}

describe('a problem', () => {
  it('is told in words of the console, with what the server says of this one time', () => {
    const problem = { code: 'archived_sku', title: 'The SKU is archived', detail: 'SKU A is archived; restore it first' };
    expect(problemTexts(t, problem, 'advice of the server')).toEqual({
      title: en['problem.archived_sku'], advice: en['advice.archived_sku'], wrong: [], detail: problem.detail,
    });
    expect(problemTexts(t, { ...problem, detail: 'advice of the server' }, 'advice of the server').detail).toBeUndefined();
    expect(problemTexts(t, { code: 'unreachable', title: 'x', detail: 'y' })).toEqual({
      title: en['problem.unreachable'], advice: en['advice.unreachable'], wrong: [], detail: undefined,
    });
  });

  it('of one place in the request is told in words for it, without that place', () => {
    const errors = [{ pointer: '/reason', code: 'required', detail: 'say why' }];
    const problem = { code: 'validation_failed', title: 'x', detail: '/reason: say why', errors };
    expect(problemTexts(t, problem)).toMatchObject({ wrong: [{ words: en['field.required'], said: 'say why', pointer: undefined }], detail: undefined });
    const refused = { ...problem, code: 'archived_sku', detail: 'SKU A is archived', errors: [{ pointer: '/sku', code: 'archived_sku', detail: 'SKU A is archived' }] };
    expect(problemTexts(t, refused)).toMatchObject({ wrong: [], detail: 'SKU A is archived' });
    const several = problemTexts(t, { ...problem, detail: '2 fields are not valid', errors: [...errors, { pointer: '/a', code: 'newer', detail: 'so' }] });
    expect(several).toMatchObject({ wrong: [{ pointer: '/reason' }, { words: 'so', pointer: '/a' }], detail: undefined });
  });

  it('of goods that are short says of each how many, and needs no words of the server', () => {
    const goods = { sku: 'TEE', location: 'main', requested: 4, available: 0 };
    const errors = [{ pointer: '/quantity', code: 'insufficient_stock', detail: '4 requested, 0 available', ...goods }];
    const told = problemTexts(t, { code: 'insufficient_stock', title: 'x', detail: 'SKU TEE at main: 4 requested, 0 available', errors });
    expect(told).toMatchObject({ wrong: [{ words: 'TEE at main: 4 asked for, 0 there' }], detail: undefined });
    expect(goodsText(t, { ...goods, location: null })).toBe('TEE: 4 asked for, 0 there');
    expect(goodsText(t, { sku: 'TEE' })).toBeUndefined();
  });

  it('that has no words here is told in those of the server', () => {
    expect(problemTexts(t, { code: 'newer', title: 'Newer', detail: 'so' }, 'do this')).toEqual({ title: 'Newer', advice: 'do this', wrong: [], detail: 'so' });
  });
});

describe('words for the codes of the server', () => {
  it('are there for every problem of its catalogue, each with what to do', () => {
    expect(CODES.length).toBeGreaterThan(60);
    for (const code of CODES) expect(Object.keys(problems), code).toEqual(expect.arrayContaining([`problem.${nameOf(code)}`, `advice.${nameOf(code)}`]));
  });

  it('are there for no other problem', () => {
    for (const key of Object.keys(problems)) {
      const [kind, code = ''] = key.split('.');
      if (kind === 'problem' || kind === 'advice') expect([...CODES, ...OWN], key).toContain(code);
    }
    for (const code of OWN) expect(codeTexts(t, code)).toEqual({ title: expect.any(String), advice: expect.any(String) });
    expect(nameOf('http_502')).toBe('strange_answer');
  });

  it('are there for every reason why an order of a marketplace is in trouble, or an edit is not taken over', () => {
    const codes = [...refusals.matchAll(/Self::\w+(?: \{ \.\. \})? => "(\w+)"/g), ...edits.matchAll(/other\(\s*"(\w+)"/g)].map(([, code]) => code ?? '');
    expect(codes.length).toBeGreaterThan(35);
    // Told as other problems of the catalogue (`kind_of`).
    const told: Record<string, string> = { wrong_code: 'second_factor_wrong', job_too_large: 'body_too_large' };
    for (const code of codes) expect(codeTexts(t, told[code] ?? code).title, code).toBeTruthy();
  });

  it('are there for every code of a field, and for no other', () => {
    const codes = fieldCodes();
    expect(codes.length).toBeGreaterThan(15);
    expect(codes.sort()).toEqual(Object.keys(problems).flatMap((key) => (key.startsWith('field.') ? [key.slice('field.'.length)] : [])).sort());
  });
});
