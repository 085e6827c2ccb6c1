import type { Schemas } from '~/api/client';
import { dataOf, type EventLine, type FeedEvent, type ListingPushed } from '~/live/events';

type Push = Schemas['Push'];

/** One thing that happened to an order, or because of it. */
export interface Entry {
  key: string;
  at: string;
  /** Milliseconds since the entry before. */
  after: number;
  kind: 'step' | 'push';
  step?: string;
  lines?: EventLine[];
  note?: string | null;
  actor?: string;
  trace?: string | null;
  operation?: string;
  push?: Told;
}

/** What is shown of a push. */
export type Told = Pick<ListingPushed, 'sku' | 'shop' | 'quantity' | 'before' | 'cause_at' | 'total_ms'>;

/** A push names the time of its cause: that of the commit, so it is the step's own up to rounding. */
const SAME_MS = 2;

/** What was kept of the pushes that followed, by the API, and what the feed has told since the page was opened. */
function pushEntries(kept: readonly Push[], feed: readonly FeedEvent[]): Map<string, Entry> {
  const found = new Map<string, Entry>();
  for (const { number, at, sku, shop, to, from, cause_at, total_ms } of kept) {
    const push = { sku, shop, quantity: to, before: from ?? null, cause_at: Date.parse(cause_at), total_ms };
    found.set(String(number), { key: String(number), at, after: 0, kind: 'push', push });
  }
  for (const event of feed) {
    const push = dataOf(event, 'listing.pushed');
    const key = String(event.number);
    if (push) found.set(key, { key, at: event.at, after: 0, kind: 'push', push, trace: event.traceparent });
  }
  return found;
}

/** The events of an order and the pushes of these SKUs that followed from them, oldest first. */
export function timeline(own: readonly FeedEvent[], feed: readonly FeedEvent[], kept: readonly Push[] = [], parts: readonly string[] = []): Entry[] {
  const steps = own.map(stepOf);
  const skus = new Set([...parts, ...steps.flatMap((step) => step.lines?.map((line) => line.sku) ?? [])]);
  const times = own.map((event) => Date.parse(event.at));
  const follows = (cause: number) => times.some((time) => Math.abs(cause - time) <= SAME_MS);
  const pushes = [...pushEntries(kept, feed).values()].filter(({ push }) => push && skus.has(push.sku) && follows(push.cause_at));
  const all = [...steps, ...pushes].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || Number(a.key) - Number(b.key));
  return all.map((entry, place) => {
    const before = all[place - 1];
    return { ...entry, after: before ? Date.parse(entry.at) - Date.parse(before.at) : 0 };
  });
}

function stepOf(event: FeedEvent): Entry {
  const placed = dataOf(event, 'order.placed');
  const changed = dataOf(event, 'order.changed');
  const data = event.data as { note?: string | null };
  return {
    key: String(event.number),
    at: event.at,
    after: 0,
    kind: 'step',
    step: placed ? 'placed' : (changed?.step ?? event.type),
    lines: placed?.lines ?? changed?.lines,
    note: data.note,
    actor: event.actor,
    trace: event.traceparent,
    operation: event.operation_id,
  };
}
