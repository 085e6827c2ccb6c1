import { describe, expect, it } from 'vitest';
import source from '../../../api/src/problem/kinds.rs?raw';
import { problems } from '~/i18n/en/problems';
import { en } from '~/i18n/en';
import { problemTexts } from './problemTexts';

const t = ((key: keyof typeof en) => en[key]) as never;

describe('a problem', () => {
  it('is told in words of the console, with what the server says of this one time', () => {
    const problem = { code: 'insufficient_stock', title: 'Not enough stock', detail: '3 of A at main, 5 asked for' };
    expect(problemTexts(t, problem, 'advice of the server')).toEqual({ title: 'Not enough stock', advice: en['advice.insufficient_stock'], detail: problem.detail });
    expect(problemTexts(t, { ...problem, detail: 'advice of the server' }, 'advice of the server').detail).toBeUndefined();
    expect(problemTexts(t, { code: 'unreachable', title: 'x', detail: 'y' })).toEqual({ title: en['problem.unreachable'], advice: en['advice.unreachable'], detail: undefined });
  });

  it('of one place in the request is told without that place', () => {
    const errors = [{ pointer: '/password', code: 'weak_password', detail: 'is easy to guess' }];
    const problem = { code: 'validation_failed', title: 'x', detail: '/password: is easy to guess', errors };
    expect(problemTexts(t, problem).detail).toBe('is easy to guess');
    expect(problemTexts(t, { ...problem, detail: 'SKU A: 4 requested' }).detail).toBe('SKU A: 4 requested');
    expect(problemTexts(t, { ...problem, errors: [...errors, ...errors] }).detail).toBe(problem.detail);
  });

  it('that has no words here is told in those of the server', () => {
    expect(problemTexts(t, { code: 'newer', title: 'Newer', detail: 'so' }, 'do this')).toEqual({ title: 'Newer', advice: 'do this', detail: 'so' });
  });

  it('has words for codes that the server has, each with what to do', () => {
    const codes = Object.keys(problems).filter((key) => key.startsWith('problem.')).map((key) => key.slice('problem.'.length));
    for (const code of codes) {
      expect(Object.keys(problems)).toContain(`advice.${code}`);
      // Only the console knows that no answer came.
      if (code !== 'unreachable') expect(source).toContain(`"${code}"`);
    }
  });
});
