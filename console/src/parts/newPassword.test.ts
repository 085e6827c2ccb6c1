import { describe, expect, it } from 'vitest';
import source from '../../../api/src/people/password.rs?raw';
import { ProblemError } from '~/api/problem';
import { isGuessable, isTaken, LEAST, MOST } from './NewPassword';

describe('a password that is to be set', () => {
  it('is as long as the server takes it, in characters', () => {
    expect(source).toContain(`const MIN: usize = ${LEAST};`);
    expect(source).toContain(`const MAX: usize = ${MOST};`);
    expect([isTaken('x'.repeat(11)), isTaken('x'.repeat(12)), isTaken('x'.repeat(256)), isTaken('x'.repeat(257))]).toEqual([false, true, true, false]);
    expect(isTaken('🔑'.repeat(6))).toBe(false);
  });

  it('is known as easy to guess by the code that the server has for it', () => {
    expect(source).toContain('"weak_password"');
    const refused = (code: string) => new ProblemError({ errors: [{ pointer: '/password', code, detail: '' }] } as never);
    expect([isGuessable(refused('weak_password')), isGuessable(refused('required')), isGuessable(null)]).toEqual([true, false, false]);
  });
});
