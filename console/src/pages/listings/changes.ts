// What was mapped and unmapped, made out of what the feed tells of listings.

import { dataOf, type FeedEvent } from '~/live/events';

/** What a listing sells; `null` when it is not mapped. */
export type Mapped = { sku: string; units: number } | null;

export interface Change {
  /** The number of the event. */
  number: number;
  at: string;
  actor: string;
  listing: number;
  /** Code of the shop. */
  shop: string;
  /** What it was before; undefined where neither the event says it, as older ones do not, nor one before it. */
  from: Mapped | undefined;
  to: Mapped;
  /** A person or a program asked for it; else the listing was read, and its seller SKU is that of a SKU. */
  asked: boolean;
  /** Nothing was changed since: only such a change can be undone. */
  last: boolean;
}

/** How it is mapped now, as the API tells of it. */
export const mappedOf = (listing: { sku?: string | null; quantity?: number | null }): Mapped =>
  listing.sku ? { sku: listing.sku, units: listing.quantity ?? 1 } : null;

export const isSame = (one: Mapped | undefined, other: Mapped | undefined): boolean => JSON.stringify(one) === JSON.stringify(other);

/** What it is mapped to after an event; undefined where the event does not say and nothing is known from before. */
function after(event: FeedEvent, before: Mapped | undefined): Mapped | undefined {
  const data = dataOf(event, 'listing.changed');
  if (!data) return before;
  const { step, sku, quantity } = data;
  const named = sku ? { sku, units: quantity ?? 1 } : null;
  if (step === 'mapped' || step === 'unmapped' || step === 'found') return named;
  if (step !== 'changed') return before;
  // A listing that was read anew names only the SKU of an automatic mapping, and it may have another seller SKU by now; so a
  // mapping that is known stays, and only one that comes or goes is taken from it.
  if (typeof quantity !== 'number') return null;
  return before ?? named ?? undefined;
}

/** The changes of one listing, oldest first, out of its events, newest first as they are read. */
export function changesOf(events: readonly FeedEvent[]): Change[] {
  const changes: Change[] = [];
  let now: Mapped | undefined;
  for (const event of [...events].reverse()) {
    const data = dataOf(event, 'listing.changed');
    if (data?.from !== undefined) now = mappedOf(data.from ?? {});
    const next = after(event, now);
    if (!data || next === undefined) continue;
    const asked = data.step === 'mapped' || data.step === 'unmapped';
    // That a listing came in without a SKU is the beginning and no change.
    const isChange = asked || (next !== null && !isSame(next, now));
    const from = data.step === 'found' ? null : now;
    now = next;
    if (!isChange) continue;
    const { number, at, actor } = event;
    changes.push({ number, at, actor, listing: data.listing, shop: data.shop, from, to: next, asked, last: false });
  }
  const end = changes.at(-1);
  if (end) end.last = isSame(end.to, now);
  return changes;
}

/** The changes of all listings that the events speak of, newest first as these. */
export function allChanges(events: readonly FeedEvent[]): Change[] {
  const each = new Map<number, FeedEvent[]>();
  for (const event of events) {
    const listing = dataOf(event, 'listing.changed')?.listing;
    if (listing === undefined) continue;
    const its = each.get(listing);
    if (its) its.push(event);
    else each.set(listing, [event]);
  }
  return [...each.values()].flatMap(changesOf).sort((a, b) => b.number - a.number);
}

/** Two changes of the same hand that are no further apart were made in one go. */
const IN_ONE_GO_MS = 10_000;

/** The change and those that were made in one go with it; the changes come newest first. */
export function inOneGo(changes: readonly Change[], one: Change): Change[] {
  const hers = changes.filter(({ actor, asked }) => asked && actor === one.actor);
  const near = (a: Change | undefined, b: Change | undefined) => a !== undefined && b !== undefined && Math.abs(Date.parse(a.at) - Date.parse(b.at)) <= IN_ONE_GO_MS;
  const place = hers.findIndex(({ number }) => number === one.number);
  if (place < 0) return [];
  let [first, end] = [place, place];
  while (near(hers[first], hers[first - 1])) first -= 1;
  while (near(hers[end], hers[end + 1])) end += 1;
  return hers.slice(first, end + 1);
}

/** Whether it can be put back: nothing came after it, and what was before is known and something else. */
export const canUndo = (change: Change): boolean => change.last && change.from !== undefined && !isSame(change.from, change.to);
