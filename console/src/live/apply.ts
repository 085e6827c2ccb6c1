// What the page must do about an event: figures of stock are put in place, everything else is read again.

import type { InfiniteData, QueryClient, QueryKey } from '@tanstack/react-query';
import type { Schemas } from '~/api/client';
import { dataOf, type FeedEvent, type StockChanged } from './events';

type StockRow = Schemas['Stock'];
type StockPage = Schemas['List_Stock'];

/** The kinds of queries that an event makes old, by the first member of their key. */
export function staleAfter(event: FeedEvent): string[] {
  const [thing] = event.type.split('.');
  switch (thing) {
    case 'stock':
      return event.type === 'stock.changed' ? [] : ['stock'];
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
      return event.type === 'listing.pushed' ? ['listings', 'shops'] : ['listings'];
    case 'market_order':
      return ['market-orders'];
    case 'job':
      return ['failures', 'jobs', 'queues'];
    case 'notice':
      return ['notices'];
    case 'queue':
      return ['queues'];
    case 'api_key':
      return ['keys'];
    default:
      return [];
  }
}

/** The newest figures of each row that the events speak of. */
export function newestStock(events: readonly FeedEvent[]): Map<string, StockChanged> {
  const newest = new Map<string, StockChanged>();
  for (const event of events) {
    const data = dataOf(event, 'stock.changed');
    if (!data) continue;
    const at = rowKey(data);
    const before = newest.get(at);
    if (!before || before.version < data.version) newest.set(at, data);
  }
  return newest;
}

export const rowKey = (row: { sku: string; location: string }) => `${row.sku}\n${row.location}`;

/** The row with newer figures; the same object when there are none, so that nothing is drawn again. */
export function patched<T extends StockRow>(row: T, newest: Map<string, StockChanged>): T {
  const news = newest.get(rowKey(row));
  if (!news || news.version <= row.version) return row;
  const { on_hand, reserved, allocated, unavailable, available, version } = news;
  return { ...row, on_hand, reserved, allocated, unavailable, available, version, master: on_hand - allocated - unavailable };
}

function patchedPages(data: InfiniteData<StockPage>, newest: Map<string, StockChanged>): InfiniteData<StockPage> {
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

  private patch(newest: Map<string, StockChanged>): void {
    this.client.setQueriesData<InfiniteData<StockPage>>({ queryKey: ['stock', 'rows'] }, (data) =>
      data ? patchedPages(data, newest) : data,
    );
    for (const { sku, location } of newest.values()) {
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
    for (const kind of kinds) void this.client.invalidateQueries({ queryKey: [kind] });
  }
}
