import { describe, expect, it } from 'vitest';
import { isFlung } from './fling';

describe('a list that is scrolled', () => {
  it('is read at the pace of a wheel or of keys, in both directions', () => {
    for (const step of [0, 36, 120, -120, 600, -600]) expect(isFlung(10_000, 10_000 + step)).toBe(false);
  });

  it('goes by unread when more than half of what is in sight is new in each frame', () => {
    expect([isFlung(0, 1_200), isFlung(5_000, 3_800)]).toEqual([true, true]);
  });
});
