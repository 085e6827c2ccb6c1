// What the page must do about an event: figures of stock are put in place, everything else is read again.

import type { InfiniteData, Query, QueryClient, QueryKey } from '@tanstack/react-query';
import type { Schemas } from '~/api/client';
import { dataOf, type FeedEvent, type StockChanged } from './events';

type StockRow = Schemas['Stock'];
type StockPage = Schemas['List_Stock'];

/** The kinds of queries that an event makes old, by the first member of their key. */
export function staleAfter(event: FeedEvent): string[] {
  const [thing] = event.type.split('.');
  switch (thing) {
    case 'stock':
      return event.type === 'stock.changed' ? [] : ['stock', 'overview'];
    case 'order':
      return ['orders'];
    case 'reservation':
      return ['reservations'];
    case 'sku':
      return ['skus', 'stock'];
    case 'location':
      return ['locations'];
    case 'shop':
      return ['shops'];
    case 'listing':
      if (event.type === 'listing.changed') return ['listings', 'mapping-history'];
      return event.type === 'listing.pushed' ? ['listings', 'shops', 'pushes'] : ['listings'];
    case 'market_order':
      return ['market-orders'];
    case 'job':
      return ['failures', 'jobs', 'queues'];
    case 'notice':
      return ['notices', 'overview'];
    case 'queue':
      return ['queues'];
    case 'api_key':
      return ['api-keys', 'actors'];
    default:
      return [];
  }
}

/** By SKU, then by location: most rows of a long list are passed over at the first look. */
export type Newest = Map<string, Map<string, StockChanged>>;

/** The newest figures of each row that the events speak of. */
export function newestStock(events: readonly FeedEvent[]): Newest {
  const newest: Newest = new Map();
  for (const event of events) {
    const data = dataOf(event, 'stock.changed');
    if (!data) continue;
    const places = newest.get(data.sku) ?? new Map<string, StockChanged>();
    newest.set(data.sku, places);
    const before = places.get(data.location);
    if (!before || before.version < data.version) places.set(data.location, data);
  }
  return newest;
}

export const rowKey = (row: { sku: string; location: string }) => `${row.sku}\n${row.location}`;

/** The row with newer figures; the same object when there are none, so that nothing is drawn again. */
export function patched<T extends StockRow>(row: T, newest: Newest): T {
  const news = newest.get(row.sku)?.get(row.location);
  if (!news || news.version <= row.version) return row;
  const { on_hand, reserved, allocated, unavailable, available, version } = news;
  return { ...row, on_hand, reserved, allocated, unavailable, available, version, master: on_hand - allocated - unavailable };
}

function patchedPages(data: InfiniteData<StockPage>, newest: Newest): InfiniteData<StockPage> {
  let changed = false;
  const pages = data.pages.map((page) => {
    let touched = false;
    const rows = page.data.map((row) => {
      const next = patched(row, newest);
      if (next !== row) touched = true;
      return next;
    });
    if (!touched) return page;
    changed = true;
    return { ...page, data: rows };
  });
  return changed ? { ...data, pages } : data;
}

/** Reads again what is old, each kind at most once in `EVERY_MS`, however many events there are. */
const EVERY_MS = 1_500;

export class Applier {
  private readonly stale = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: QueryClient) {}

  readonly apply = (events: readonly FeedEvent[], gap: boolean): void => {
    if (gap) {
      void this.client.invalidateQueries();
      return;
    }
    const newest = newestStock(events);
    if (newest.size > 0) this.patch(newest);
    for (const event of events) for (const kind of staleAfter(event)) this.stale.add(kind);
    if (this.stale.size > 0 && this.timer === undefined) {
      this.timer = setTimeout(() => this.flush(), EVERY_MS);
    }
  };

  private patch(newest: Newest): void {
    this.client.setQueriesData<InfiniteData<StockPage>>({ queryKey: ['stock', 'rows'] }, (data) =>
      data ? patchedPages(data, newest) : data,
    );
    for (const { sku, location } of [...newest.values()].flatMap((places) => [...places.values()])) {
      for (const key of [
        ['stock', 'sku', sku],
        ['stock', 'row', sku, location, 'now'],
        ['stock', 'explain', sku, location],
        ['stock', 'movements', sku, location],
        ['stock', 'holders', sku, location],
      ] satisfies QueryKey[]) {
        void this.client.invalidateQueries({ queryKey: key });
      }
    }
  }

  private flush(): void {
    this.timer = undefined;
    const kinds = [...this.stale];
    this.stale.clear();
    for (const kind of kinds) {
      void this.client.invalidateQueries({ queryKey: [kind], predicate: isShort });
      // A long list would be read again from its beginning, page by page: it is only marked, and says so at its foot.
      void this.client.invalidateQueries({ queryKey: [kind], predicate: (query) => !isShort(query), refetchType: 'none' });
    }
  }
}

/** Pages of a list that are read again because of an event. */
const PAGES_MAX = 3;

function isShort(query: Query): boolean {
  const data = query.state.data as { pages?: unknown[] } | undefined;
  return (data?.pages?.length ?? 0) <= PAGES_MAX;
}
