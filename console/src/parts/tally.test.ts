import { describe, expect, it } from 'vitest';
import { formatFor } from '~/i18n/format';
import { pageTally, tallied } from './tally';

describe('a count', () => {
  const f = formatFor('en');

  it('has a plus when it is not whole', () => {
    expect(tallied(f, { count: 1_000, more: true })).toBe('1,000+');
    expect(tallied(f, { count: 3, more: false })).toBe('3');
    expect(tallied(f, pageTally({ data: Array.from({ length: 200 }), has_more: true }))).toBe('200+');
  });
});
