// Named reads. Every page takes its data from here, so that one change invalidates it everywhere. The first member of a
// key is the kind of thing it is about; the live feed invalidates by it (live/apply.ts).

import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { api, take, type Schemas } from './client';

/** Rows asked for at once: the most that the server gives. */
export const PAGE = 200;

interface Listed {
  next_cursor?: string | null;
  has_more: boolean;
}

/** The cursor of the next page, or undefined after the last one. */
const following = (page: Listed) => (page.has_more ? (page.next_cursor ?? undefined) : undefined);
const first = undefined as string | undefined;

export const readiness = () =>
  queryOptions({ queryKey: ['readiness'], queryFn: () => take(api.GET('/readyz')), refetchInterval: 15_000 });

/** Whether it is all right, with counts that no list has. */
export const overview = () => queryOptions({ queryKey: ['overview'], queryFn: () => take(api.GET('/v1/overview')) });

export const problemKind = (code: string) =>
  queryOptions({
    queryKey: ['problem-kind', code],
    queryFn: () => take(api.GET('/problems/{code}', { params: { path: { code } } })),
    staleTime: Infinity,
    retry: false,
  });

// --- shops -----------------------------------------------------------------------------------------------------------

export const shops = () => queryOptions({ queryKey: ['shops'], queryFn: () => take(api.GET('/v1/shops')) });

export const shop = (code: string) =>
  queryOptions({
    queryKey: ['shops', code],
    queryFn: () => take(api.GET('/v1/shops/{shop}', { params: { path: { shop: code } } })),
  });

export interface WebhookFilter {
  shop?: string;
  /** Only those of which nothing follows. */
  state?: 'unknown_shop';
}

/** Pages of a list that are read again by themselves. */
const FRESH_PAGES = 3;

/** No event tells of a webhook: it is looked for. */
export const webhooks = (filter: WebhookFilter) =>
  infiniteQueryOptions({
    queryKey: ['webhooks', filter],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) => take(api.GET('/v1/webhooks', { params: { query: { ...filter, cursor, limit: PAGE } } })),
    getNextPageParam: following,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= FRESH_PAGES ? 5_000 : false),
  });

// --- goods and stock -------------------------------------------------------------------------------------------------

export interface StockFilter {
  /** Only SKUs whose codes begin so. */
  prefix?: string;
  sku?: string;
  location?: string;
  available_below?: number;
}

export const stock = (filter: StockFilter) =>
  infiniteQueryOptions({
    queryKey: ['stock', 'rows', filter],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(api.GET('/v1/stock', { params: { query: { ...filter, cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

/** The rows of some SKUs, as one page. */
export const stockOf = (skus: string[], filter: Pick<StockFilter, 'location' | 'available_below'>) =>
  infiniteQueryOptions({
    queryKey: ['stock', 'rows', { skus, ...filter }],
    initialPageParam: first,
    queryFn: async () => {
      const pages = await Promise.all(skus.map((sku) => take(api.GET('/v1/stock', { params: { query: { sku, ...filter, limit: PAGE } } }))));
      return { object: 'list', data: pages.flatMap((page) => page.data), has_more: false };
    },
    getNextPageParam: following,
  });

export const skus = (prefix: string) =>
  infiniteQueryOptions({
    queryKey: ['skus', 'list', prefix],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(api.GET('/v1/skus', { params: { query: { prefix: prefix || undefined, cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

export const sku = (code: string) =>
  queryOptions({
    queryKey: ['skus', 'one', code],
    queryFn: () => take(api.GET('/v1/skus/{sku}', { params: { path: { sku: code } } })),
  });

export const skuStock = (code: string) =>
  queryOptions({
    queryKey: ['stock', 'sku', code],
    queryFn: () => take(api.GET('/v1/stock/{sku}', { params: { path: { sku: code } } })),
  });

export const stockAt = (code: string, location: string, asOf?: string) =>
  queryOptions({
    queryKey: ['stock', 'row', code, location, asOf ?? 'now'],
    queryFn: () =>
      take(
        api.GET('/v1/stock/{sku}/{location}', { params: { path: { sku: code, location }, query: { as_of: asOf } } }),
      ),
    staleTime: asOf ? Infinity : 0,
  });

export const explanation = (code: string, location: string) =>
  queryOptions({
    queryKey: ['stock', 'explain', code, location],
    queryFn: () =>
      take(api.GET('/v1/stock/{sku}/{location}/explain', { params: { path: { sku: code, location } } })),
  });

export const movements = (code: string, location: string) =>
  infiniteQueryOptions({
    queryKey: ['stock', 'movements', code, location],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(
        api.GET('/v1/stock/{sku}/{location}/movements', {
          params: { path: { sku: code, location }, query: { cursor, limit: PAGE } },
        }),
      ),
    getNextPageParam: following,
  });

export const holders = (code: string, location: string) =>
  infiniteQueryOptions({
    queryKey: ['stock', 'holders', code, location],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(
        api.GET('/v1/stock/{sku}/{location}/holders', {
          params: { path: { sku: code, location }, query: { cursor, limit: PAGE } },
        }),
      ),
    getNextPageParam: following,
  });

export const shortfalls = () =>
  queryOptions({
    queryKey: ['stock', 'shortfalls'],
    queryFn: () => take(api.GET('/v1/shortfalls', { params: { query: { limit: PAGE } } })),
  });

/** The same, a page at a time. */
export const shortfallPages = () =>
  infiniteQueryOptions({
    queryKey: ['stock', 'shortfall-pages'],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) => take(api.GET('/v1/shortfalls', { params: { query: { cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

export const locations = () =>
  queryOptions({
    queryKey: ['locations'],
    queryFn: () => take(api.GET('/v1/locations', { params: { query: { limit: PAGE } } })),
    staleTime: 60_000,
  });

// --- listings --------------------------------------------------------------------------------------------------------

export interface ListingFilter {
  shop?: string;
  sku?: string;
  seller_sku?: string;
  mapped?: boolean;
  waiting?: boolean;
  edited?: boolean;
}

export const listings = (filter: ListingFilter) =>
  infiniteQueryOptions({
    queryKey: ['listings', 'list', filter],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(api.GET('/v1/listings', { params: { query: { ...filter, cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

export const listing = (id: number) =>
  queryOptions({
    queryKey: ['listings', 'one', id],
    queryFn: () => take(api.GET('/v1/listings/{id}', { params: { path: { id } } })),
  });

export const listingPreview = (id: number) =>
  queryOptions({
    queryKey: ['listings', 'preview', id],
    queryFn: () => take(api.GET('/v1/listings/{id}/preview', { params: { path: { id } } })),
  });

// --- orders and reservations -----------------------------------------------------------------------------------------

export interface OrderFilter {
  state?: string;
  money_due?: boolean;
  channel?: string;
  reference?: string;
}

export const orders = (filter: OrderFilter) =>
  infiniteQueryOptions({
    queryKey: ['orders', 'list', filter],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(api.GET('/v1/orders', { params: { query: { ...filter, cursor, limit: PAGE } } })),
    getNextPageParam: following,
    // The feed says when it is old; so what is stale is what has changed, and the table can say so.
    staleTime: Infinity,
  });

export const order = (id: string) =>
  queryOptions({
    queryKey: ['orders', 'one', id],
    queryFn: () => take(api.GET('/v1/orders/{id}', { params: { path: { id } } })),
  });

export const orderEvents = (id: string) =>
  queryOptions({
    queryKey: ['orders', 'events', id],
    queryFn: () =>
      take(api.GET('/v1/orders/{id}/events', { params: { path: { id }, query: { limit: PAGE } } })),
  });

export const marketOrders = (state?: string, shop?: string) =>
  infiniteQueryOptions({
    queryKey: ['market-orders', state ?? 'all', shop ?? 'all'],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(api.GET('/v1/market-orders', { params: { query: { state, shop, cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

/** No event tells that a buyer wants to cancel: it is looked for while somebody looks at the order. */
export const marketOrder = (id: string) =>
  queryOptions({
    queryKey: ['market-orders', 'one', id],
    queryFn: () => take(api.GET('/v1/market-orders/{id}', { params: { path: { id } } })),
    refetchInterval: 10_000,
  });

/** What the server finds by these letters, whatever it is. */
export const found = (text: string, limit: number) =>
  queryOptions({
    queryKey: ['search', text, limit],
    queryFn: async ({ signal }) => (await take(api.GET('/v1/search', { params: { query: { q: text, limit } }, signal }))).data,
    staleTime: 10_000,
    retry: false,
  });

export const reservations = (state?: string) =>
  infiniteQueryOptions({
    queryKey: ['reservations', state ?? 'all'],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(api.GET('/v1/reservations', { params: { query: { state, cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

export const reservation = (id: string) =>
  queryOptions({
    queryKey: ['reservations', 'one', id],
    queryFn: () => take(api.GET('/v1/reservations/{id}', { params: { path: { id } } })),
  });

// --- work ------------------------------------------------------------------------------------------------------------

export const queues = () => queryOptions({ queryKey: ['queues'], queryFn: () => take(api.GET('/v1/queues')) });

export const failures = () =>
  queryOptions({ queryKey: ['failures', 'groups'], queryFn: () => take(api.GET('/v1/failures')) });

export const notices = (open: boolean | undefined) =>
  infiniteQueryOptions({
    queryKey: ['notices', open ?? 'all'],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      take(api.GET('/v1/notices', { params: { query: { open, cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

export interface JobFilter {
  /** Only of those that wait and run. */
  lane?: string;
  kind?: string;
  shop?: string;
  state?: string;
  code?: string;
}

/** Jobs that wait and run, or dead ones that were neither replayed nor discarded. */
export const jobs = (which: 'live' | 'dead', { code, state, lane, ...filter }: JobFilter) =>
  infiniteQueryOptions({
    queryKey: ['jobs', which, { code, state, lane, ...filter }],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) =>
      which === 'live'
        ? take(api.GET('/v1/jobs', { params: { query: { ...filter, lane, state, cursor, limit: PAGE } } }))
        : take(api.GET('/v1/failures/jobs', { params: { query: { ...filter, code, cursor, limit: PAGE } } })),
    getNextPageParam: following,
    refetchInterval: which === 'live' ? 5_000 : false,
  });

export const job = (id: string) =>
  queryOptions({
    queryKey: ['jobs', 'one', id],
    queryFn: () => take(api.GET('/v1/jobs/{id}', { params: { path: { id } } })),
  });

// --- people ----------------------------------------------------------------------------------------------------------

export const users = () => queryOptions({ queryKey: ['users'], queryFn: () => take(api.GET('/v1/users')) });

/** Everybody and everything that acts, by name. */
export const actors = () => queryOptions({ queryKey: ['actors'], queryFn: () => take(api.GET('/v1/actors')) });

export const apiKeys = () => queryOptions({ queryKey: ['api-keys'], queryFn: () => take(api.GET('/v1/api-keys')) });

export const openSessions = () =>
  queryOptions({ queryKey: ['open-sessions'], queryFn: () => take(api.GET('/v1/sessions')) });

export const audit = () =>
  infiniteQueryOptions({
    queryKey: ['audit'],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) => take(api.GET('/v1/audit', { params: { query: { cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

// --- figures told -----------------------------------------------------------------------------------------------------

export const suggestions = (id: number) =>
  queryOptions({
    queryKey: ['listings', 'suggestions', id],
    queryFn: () => take(api.GET('/v1/listings/{id}/suggestions', { params: { path: { id } } })),
  });

export interface PushFilter {
  shop?: string;
  sku?: string;
}

export const pushes = (filter: PushFilter) =>
  infiniteQueryOptions({
    queryKey: ['pushes', filter],
    initialPageParam: first,
    queryFn: ({ pageParam: cursor }) => take(api.GET('/v1/pushes', { params: { query: { ...filter, cursor, limit: PAGE } } })),
    getNextPageParam: following,
  });

/** Pages of pushes that are looked through for each SKU: what is older is not worth the wait. */
const SINCE_PAGES = 5;

/** What was told of a SKU since then, and whether that is all. */
async function pushesOf(sku: string, since: number, signal: AbortSignal) {
  const found: Schemas['Push'][] = [];
  let cursor: string | undefined;
  for (let page = 0; page < SINCE_PAGES; page += 1) {
    const got = await take(api.GET('/v1/pushes', { params: { query: { sku, cursor, limit: PAGE } }, signal }));
    found.push(...got.data);
    const last = got.data.at(-1);
    cursor = following(got);
    if (!cursor || (last && Date.parse(last.at) < since)) return { found, whole: true };
  }
  return { found, whole: false };
}

/** What was told of these SKUs since a time. It is read once: what comes after is in the feed. */
export const pushesSince = (skus: readonly string[], since: string) =>
  queryOptions({
    queryKey: ['pushes-since', skus, since],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const each = await Promise.all(skus.map((sku) => pushesOf(sku, Date.parse(since), signal)));
      return { pushes: each.flatMap(({ found }) => found), whole: each.every(({ whole }) => whole) };
    },
  });

export const pushLatency = (shop?: string) =>
  queryOptions({
    queryKey: ['push-latency', shop ?? 'all'],
    queryFn: () => take(api.GET('/v1/push-latency', { params: { query: { shop } } })),
  });
