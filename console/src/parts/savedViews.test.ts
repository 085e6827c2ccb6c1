import { describe, expect, it } from 'vitest';
import { VIEWS_MAX, plainSearch, readViews, sameSearch, withView, withoutView, type SavedView } from './savedViews';

const view = (name: string, path = '/stock', search: Record<string, string> = { below: '5' }): SavedView => ({ name, path, search });

describe('saved views', () => {
  it('replace one of the same name on the same page, and no other', () => {
    const before = [view('thin'), view('thin', '/orders'), view('all')];
    const after = withView(before, view('thin', '/stock', { below: '20' }));
    expect(after).toEqual([view('thin', '/orders'), view('all'), view('thin', '/stock', { below: '20' })]);
    expect(withoutView(after, view('thin'))).toEqual([view('thin', '/orders'), view('all')]);
  });

  it('forget the oldest when there are too many', () => {
    let views: SavedView[] = [];
    for (let n = 0; n <= VIEWS_MAX; n += 1) views = withView(views, view(`view ${n}`));
    expect(views).toHaveLength(VIEWS_MAX);
    expect(views[0]?.name).toBe('view 1');
  });

  it('are read from what is stored, whatever else stands there', () => {
    expect(readViews(null)).toEqual([]);
    expect(readViews('{not json')).toEqual([]);
    expect(readViews('{"name":"no list"}')).toEqual([]);
    const strange = [view('good'), { name: 'no path' }, null, { ...view('bad'), search: { below: 5 } }];
    expect(readViews(JSON.stringify(strange))).toEqual([view('good')]);
  });

  it('keep parameters as the address has them', () => {
    expect(plainSearch({ q: 'TEE', below: 0, all: true, none: undefined, no: false, empty: '' })).toEqual({ q: 'TEE', below: '0', all: 'true' });
    expect(sameSearch({ a: '1', b: '2' }, { b: '2', a: '1' })).toBe(true);
    expect(sameSearch({ a: '1' }, { a: '1', b: '2' })).toBe(false);
    expect(sameSearch({ a: '1' }, { b: '1' })).toBe(false);
  });
});
