import { describe, expect, it } from 'vitest';
import { fitting, needed } from './fitting';

const columns = [
  { id: 'a', width: 'minmax(100px, 2fr)' },
  { id: 'b', width: '80px', from: 300 },
  { id: 'c', width: 'minmax(120px, 1fr)', from: 200 },
  { id: 'd', width: '40px' },
];
const spacing = { gap: 10, ends: 20 };
const shown = (width: number) => fitting(columns, width, spacing).map(({ id }) => id).join('');

describe('the columns of a table', () => {
  it('need their least widths, the gaps and the ends', () => {
    expect(needed(columns, spacing)).toBe(390);
    expect(needed([], spacing)).toBe(20);
  });

  it('are shown from the width on that they ask for, but none of them beyond the edge', () => {
    expect(shown(390)).toBe('abcd');
    // All would begin at 300, where there is no room for b yet.
    expect(shown(389)).toBe('acd');
    expect(shown(300)).toBe('acd');
    expect(shown(299)).toBe('ad');
  });

  it('stay where they have no such width, however narrow it is', () => {
    expect(shown(100)).toBe('ad');
  });

  it('never need more than there is, as long as something can be left out', () => {
    for (let width = 170; width < 500; width += 1) expect(needed(fitting(columns, width, spacing), spacing)).toBeLessThanOrEqual(width);
  });
});
