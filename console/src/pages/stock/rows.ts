import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { stock } from '~/api/queries';
import type { StockRow } from './columns';

interface Filter {
  q?: string;
  location?: string;
  below?: number;
}

/**
 * The rows of the grid, by filter; with a search, those of SKUs whose code begins with it. Codes are mostly in capitals and
 * searches are not: what is not found as it was typed is looked for in capitals.
 */
export function useStockRows({ q, location, below }: Filter) {
  const rest = { location, available_below: below };
  const typed = useInfiniteQuery(stock({ prefix: q, ...rest }));
  const capitals = q?.toUpperCase();
  const none = capitals !== q && typed.data?.pages[0]?.data.length === 0;
  const raised = useInfiniteQuery({ ...stock({ prefix: capitals, ...rest }), enabled: none });
  const query = none ? raised : typed;
  const rows = useMemo<StockRow[]>(() => query.data?.pages.flatMap((page): StockRow[] => page.data) ?? [], [query.data]);
  return { rows, query };
}
