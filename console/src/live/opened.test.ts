import { expect, it } from 'vitest';
import { openedAt } from './opened';

it('is by the clock of the server, and rather too early', () => {
  const opened = openedAt('Sun, 22 Nov 2026 11:00:30 GMT', 800);
  expect(new Date(opened).toISOString()).toBe('2026-11-22T11:00:27.200Z');
  expect(openedAt(null, 800)).toBe(0);
  expect(openedAt('soon', 800)).toBe(0);
});
