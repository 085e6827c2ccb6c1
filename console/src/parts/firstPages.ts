import { useEffect } from 'react';

interface Pages {
  data?: { pages: unknown[] } | undefined;
  hasNextPage: boolean;
  isFetching: boolean;
  isError: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** Pages that are read without being asked for: as many as are read again by themselves when something changes. */
const FIRST = 3;

/** Reads the first pages of a list that is shown in another order than it comes. */
export function useFirstPages({ data, hasNextPage, isFetching, isError, fetchNextPage }: Pages): void {
  const pages = data?.pages.length ?? 0;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError && pages > 0 && pages < FIRST) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, pages, fetchNextPage]);
}
