import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, take } from '~/api/client';
import { PAGE, stock } from '~/api/queries';
import type { StockRow } from './columns';

interface Filter {
  q?: string;
  location?: string;
  below?: number;
}

/** SKUs of one page of a search; each is asked for by itself, because stock is listed by whole codes. */
const FOUND = 40;

const found = (prefix: string, location: string | undefined, below: number | undefined) =>
  infiniteQueryOptions({
    queryKey: ['stock', 'rows', { prefix, location, below }],
    initialPageParam: undefined as string | undefined,
    queryFn: async ({ pageParam: cursor }) => {
      const goods = await take(api.GET('/v1/skus', { params: { query: { prefix, cursor, limit: FOUND } } }));
      const rows = await Promise.all(
        goods.data
          .filter((sku) => sku.kind === 'simple')
          .map((sku) =>
            take(
              api.GET('/v1/stock', {
                params: { query: { sku: sku.sku, location, available_below: below, limit: PAGE } },
              }),
            ).then((list) => list.data),
          ),
      );
      return { ...goods, data: rows.flat() };
    },
    getNextPageParam: (page) => (page.has_more ? (page.next_cursor ?? undefined) : undefined),
  });

/** The rows of the grid, by filter; with a search, those of SKUs whose code begins with it. */
export function useStockRows({ q, location, below }: Filter) {
  const everything = useInfiniteQuery({ ...stock({ location, available_below: below }), enabled: !q });
  const searched = useInfiniteQuery({ ...found(q ?? '', location, below), enabled: Boolean(q) });
  const query = q ? searched : everything;
  const rows = useMemo<StockRow[]>(() => query.data?.pages.flatMap((page): StockRow[] => page.data) ?? [], [query.data]);
  return { rows, query };
}
