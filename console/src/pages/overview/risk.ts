import { useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { listingPreview, listings } from '~/api/queries';

/** Listings that are looked at one by one; beyond that the figure is a lower bound. */
const LOOKED_AT = 30;

export interface Offered {
  /** What the marketplace shows. */
  shown: number | null | undefined;
  /** What it should show. */
  should: number | null | undefined;
}

/** Units that shops offer although they are not to be had: what can be oversold until the next push is acknowledged. */
export function unitsAtRisk(offered: readonly Offered[]): { units: number; listings: number } {
  let units = 0;
  let count = 0;
  for (const { shown, should } of offered) {
    if (typeof shown !== 'number' || typeof should !== 'number' || shown <= should) continue;
    units += shown - should;
    count += 1;
  }
  return { units, listings: count };
}

/** Over the listings that wait to be told. */
export function useRisk(): { units: number; listings: number } {
  const waiting = useInfiniteQuery(listings({ waiting: true }));
  const rows = (waiting.data?.pages[0]?.data ?? []).filter((row) => row.sku_id).slice(0, LOOKED_AT);
  const previews = useQueries({ queries: rows.map((row) => ({ ...listingPreview(row.id), staleTime: 2_000 })) });
  return unitsAtRisk(
    rows.map((row, place) => ({ shown: row.seen ?? row.pushed, should: previews[place]?.data?.quantity })),
  );
}
