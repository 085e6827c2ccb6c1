import { describe, expect, it } from 'vitest';
import { inPlace } from './steady';

interface Row {
  id: string;
  state?: string;
}
const rows = (...ids: string[]): Row[] => ids.map((id) => ({ id }));
const keyOf = (row: Row) => row.id;
const seen = (kept: string[], now: Row[]) => {
  const { rows: shown, waiting } = inPlace(kept, now, keyOf);
  return [shown.map(keyOf).join(' '), waiting];
};

describe('rows that somebody points at', () => {
  it('stay where they are: what comes on top or between them waits', () => {
    expect(seen(['b', 'c'], rows('a', 'b', 'x', 'c'))).toEqual(['b c', 2]);
  });

  it('keep their order, and are what they are now', () => {
    const now = [{ id: 'c', state: 'new' }, { id: 'b' }];
    expect(inPlace(['b', 'c'], now, keyOf)).toEqual({ rows: [{ id: 'b' }, { id: 'c', state: 'new' }], waiting: 0 });
  });

  it('go on with the next page', () => {
    expect(seen(['a', 'b'], rows('a', 'b', 'c', 'd'))).toEqual(['a b c d', 0]);
  });

  it('go when they are gone, and another list begins anew', () => {
    expect(seen(['a', 'b', 'c'], rows('a', 'c'))).toEqual(['a c', 0]);
    expect(seen(['a', 'b'], rows('x', 'y'))).toEqual(['x y', 0]);
  });
});
