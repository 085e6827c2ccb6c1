// Reads the history of mappings from the feed, newest first. The feed is taken and not the audit log, because whoever may
// map may read it: an operator has `events:read` and `stock:write`, but not `audit:read`, and finance has it the other
// way round. The log also leaves out what programs mapped, and names SKUs by their numbers.

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take } from '~/api/client';

const PAGE = 100;

/** What somebody mapped and unmapped; of one listing also what was read of it, which maps by itself. */
export const mappingHistory = (listing: number | undefined) =>
  infiniteQueryOptions({
    queryKey: ['mapping-history', listing ?? 'all'],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam: before, signal }) => {
      const which = listing === undefined ? { mapping: true } : { subject: String(listing) };
      return take(api.GET('/v1/events', { params: { query: { type: 'listing.changed', order: 'newest', before, limit: PAGE, ...which } }, signal }));
    },
    getNextPageParam: ({ next_cursor }) => (next_cursor ? Number(next_cursor) : undefined),
  });

/** What a listing is called: it changes so seldom that no push has it read again. */
export const listingName = (id: number) =>
  queryOptions({
    queryKey: ['listing-name', id],
    staleTime: Infinity,
    queryFn: async () => {
      const { title, item, seller_sku } = await take(api.GET('/v1/listings/{id}', { params: { path: { id } } }));
      return { title: title || item, seller_sku };
    },
  });
