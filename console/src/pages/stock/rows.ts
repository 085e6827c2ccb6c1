import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, take } from '~/api/client';
import { PAGE, found, stock, stockOf, type StockFilter } from '~/api/queries';
import type { StockRow } from './columns';

interface Filter {
  q?: string;
  location?: string;
  below?: number;
}

/** SKUs that are looked at when they were found by name. */
const NAMED = 20;

/**
 * The rows of the grid, by filter; with a search, those of SKUs whose code begins with it. Codes are mostly in capitals and
 * searches are not: what is not found as it was typed is looked for in capitals, and then among the words of names.
 */
export function useStockRows({ q, location, below }: Filter) {
  const rest = { location, available_below: below };
  const typed = useInfiniteQuery(stock({ prefix: q, ...rest }));
  const capitals = q?.toUpperCase();
  const none = q !== undefined && isEmpty(typed.data);
  const raised = useInfiniteQuery({ ...stock({ prefix: capitals, ...rest }), enabled: none && capitals !== q });
  const noCode = none && (capitals === q || isEmpty(raised.data));
  const hits = useQuery({ ...found(q ?? '', NAMED), enabled: noCode });
  // What begins so is a row that the other filters hide.
  const skus = useMemo(
    () => (noCode && capitals ? (hits.data ?? []) : []).filter(({ kind, id }) => kind === 'sku' && !id.toUpperCase().startsWith(capitals ?? '')).map(({ id }) => id),
    [noCode, capitals, hits.data],
  );
  const named = useInfiniteQuery({ ...stockOf(skus, rest), enabled: skus.length > 0 });
  const byName = skus.length > 0;
  const query = byName ? named : none && capitals !== q ? raised : typed;
  const rows = useMemo<StockRow[]>(() => query.data?.pages.flatMap((page): StockRow[] => page.data) ?? [], [query.data]);
  // What was found by name is all there, and no other request gives it.
  const filter: StockFilter | undefined = byName ? undefined : { prefix: query === raised ? capitals : q, ...rest };
  return { rows, query, byName, filter, loading: query.isPending || (noCode && hits.isPending) };
}

const isEmpty = (data: { pages: { data: unknown[] }[] } | undefined): boolean => data?.pages[0]?.data.length === 0;

/** Every row that fits the filter, page by page. */
export async function everyRow(filter: StockFilter, signal: AbortSignal, progress: (rows: number) => void): Promise<StockRow[]> {
  const rows: StockRow[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await take(api.GET('/v1/stock', { params: { query: { ...filter, cursor, limit: PAGE } }, signal }));
    rows.push(...page.data);
    progress(rows.length);
    if (!page.has_more || !page.next_cursor) return rows;
    cursor = page.next_cursor;
  }
}
