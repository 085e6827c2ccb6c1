import { describe, expect, it } from 'vitest';
import { byCause, shopsWithDead } from './deadJobs';

type Failure = Parameters<typeof byCause>[0][number];

const group = (kind: string, code: string, shop_ids: number[], cause = 'forbidden') => ({ kind, class: cause, code, count: 1, shop_ids }) as Failure;

describe('dead jobs', () => {
  const groups = [
    group('push_stock', 'error_permission', [1]), group('fetch_order', 'crash', [], 'crash'), group('poll_orders', 'error_permission', [1, 3]),
    group('ship_order', 'error_permission', [3], 'invalid'),
  ];

  it('of one class and code have one cause, whatever they do', () => {
    const kinds = byCause(groups).map((alike) => alike.map(({ kind }) => kind));
    expect(kinds).toEqual([['push_stock', 'poll_orders'], ['fetch_order'], ['ship_order']]);
    expect(byCause([])).toEqual([]);
  });

  it('name their shops, each once', () => {
    expect([...shopsWithDead(groups)].sort()).toEqual([1, 3]);
  });
});
