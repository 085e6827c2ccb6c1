// The events of the feed as the console reads them. The API describes `data` as an object of its type; this says which
// members of it the console relies on.

import type { Schemas } from '~/api/client';

export type FeedEvent = Schemas['Event'];

export interface StockChanged {
  sku: string;
  location: string;
  on_hand: number;
  reserved: number;
  allocated: number;
  unavailable: number;
  available: number;
  version: number;
}

export interface ListingChanged {
  listing: number;
  shop: string;
  step: string;
  sku: string | null;
  quantity: number | null;
  /** What it was mapped to before, if this changed it; older events do not say. */
  from?: { sku: string; quantity: number } | null;
  /** Beside `from`: by its seller SKU, and not by somebody. */
  automatic?: boolean;
}

export interface ListingPushed {
  listing: number;
  shop: string;
  sku: string;
  quantity: number;
  before: number | null;
  /** When the stock changed that it tells of, in milliseconds. */
  cause_at: number;
  wait_ms: number;
  limit_ms: number;
  network_ms: number;
  total_ms: number;
}

export interface OrderPlaced {
  order_id: string;
  channel: string;
  reference: string | null;
  state: string;
  lines: EventLine[];
}

export interface OrderChanged {
  order_id: string;
  step: string;
  state: string;
  lines: EventLine[];
}

export interface EventLine {
  line: number;
  sku: string;
  location: string;
  quantity: number;
}

interface Known {
  'stock.changed': StockChanged;
  'stock.shortfall': { sku: string; location: string; available: number };
  'stock.shortfall_cleared': { sku: string; location: string; available: number };
  'listing.pushed': ListingPushed;
  'listing.edit': { listing: number; shop: string; step: string; seen: number; expected: number };
  'listing.changed': ListingChanged;
  'order.placed': OrderPlaced;
  'order.changed': OrderChanged;
  'market_order.changed': { shop: string; reference: string; state: string; status: string; order: string | null };
  'reservation.held': { reservation_id: string; owner: string | null; lines: EventLine[] };
  'reservation.changed': { reservation_id: string; step: string };
  'shop.changed': { shop: string; state: string; reason: string | null };
  'job.died': { job: string; kind: string; class: string; code: string; message: string };
  'notice.changed': Pick<Schemas['Notice'], 'key' | 'kind' | 'subject' | 'text' | 'open' | 'count'> & { shop: number | null; told?: Schemas['Notice']['told'] };
}

export type EventType = keyof Known;

/** The data of an event if it is of that type. */
export function dataOf<T extends EventType>(event: FeedEvent, type: T): Known[T] | undefined {
  return event.type === type ? (event.data as unknown as Known[T]) : undefined;
}
