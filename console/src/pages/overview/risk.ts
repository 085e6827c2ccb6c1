import { useInfiniteQuery } from '@tanstack/react-query';
import { listings } from '~/api/queries';

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

/** Over the listings that wait to be told; of very many, over those that were read: then `more` says that it is a lower bound. */
export function useRisk(): { units: number; listings: number; more: boolean; known: boolean } {
  const waiting = useInfiniteQuery(listings({ waiting: true }));
  const rows = waiting.data?.pages.flatMap((page) => page.data) ?? [];
  const risk = unitsAtRisk(rows.map((row) => ({ shown: row.pushed ?? row.seen, should: row.should })));
  return { ...risk, more: waiting.hasNextPage, known: waiting.data !== undefined };
}
