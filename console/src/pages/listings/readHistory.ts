// Reads the history of mappings from the feed. The feed is taken and not the audit log, because whoever may map may read it: an
// operator has `events:read` and `stock:write`, but not `audit:read`, and finance has it the other way round. The log also leaves
// out what programs mapped, and names SKUs by their numbers. What it is good for is to name, to those who may read it, the
// listings that people mapped longer ago: the feed cannot be asked for one type of event.

import { queryOptions } from '@tanstack/react-query';
import { api, take } from '~/api/client';
import { dataOf, type FeedEvent } from '~/live/events';

const PAGE = 200;
/** Events that are looked through at first, and with each look further back. */
const SCANNED = 4_000;
/** Listings whose histories are read at first, and with each look further back: as many as are accepted at once. */
const LISTINGS = 50;
/** Pages of the audit log, likewise. */
const AUDITED = 2;
/** Answers that the history of one listing may take: it is told of each push, too. */
const ANSWERS_OF_MANY = 8;
const ANSWERS_OF_ONE = 40;
/** The newest events of a listing that are asked for first; then ever more. */
const WINDOW = 5_000;
const WIDER = 8;
const MAPPED = 'POST /v1/listings/{id}/map';

export interface Read {
  /** The last event that was looked at. */
  head: number;
  /** What the feed says of mappings, in the order of its numbers. */
  events: FeedEvent[];
  /** From when on nothing is missing; undefined when nothing is. */
  since: string | undefined;
}

const ask = (after: number, subject: string | undefined, signal: AbortSignal) =>
  take(api.GET('/v1/events', { params: { query: { after, limit: PAGE, subject } }, signal }));

const listingOf = (event: FeedEvent) => dataOf(event, 'listing.changed')?.listing;

/** All events after one number up to another: they are numbered without gaps, so the pages can be asked for at once. */
async function between(after: number, to: number, signal: AbortSignal): Promise<FeedEvent[]> {
  const starts: number[] = [];
  for (let start = after; start < to; start += PAGE) starts.push(start);
  const pages = await Promise.all(starts.map((start) => ask(start, undefined, signal)));
  return pages.flatMap(({ data }) => data).filter(({ number }) => number <= to);
}

/** What the feed says of one listing. An answer begins with the oldest, so the newest are asked for in ever wider windows. */
async function eventsOf(listing: number, head: number, answers: number, signal: AbortSignal) {
  let events: FeedEvent[] = [];
  let left = answers;
  for (let to = head, width = WINDOW; to > 0; width *= WIDER) {
    const from = Math.max(0, to - width);
    const found: FeedEvent[] = [];
    for (let after = from, more = true; more && after < to; left -= 1) {
      // Half a window would look like a whole one with nothing in its newer half.
      if (left === 0) return { events, whole: false };
      const page = await ask(after, String(listing), signal);
      found.push(...page.data);
      after = page.data.at(-1)?.number ?? to;
      more = page.has_more;
    }
    // Something else may go by the same name.
    events = [...found.filter((event) => event.number <= to && listingOf(event) === listing), ...events];
    to = from;
  }
  return { events, whole: true };
}

/** Each event once, in the order of their numbers. */
const inOrder = (events: FeedEvent[]) => [...new Map(events.map((event) => [event.number, event])).values()].sort((a, b) => a.number - b.number);

/** The listings that somebody mapped or unmapped, newest first, with the time of the newest change. */
function touched(events: readonly FeedEvent[]): Map<number, string> {
  const found = new Map<number, string>();
  for (const event of [...events].reverse()) {
    const data = dataOf(event, 'listing.changed');
    if (data && (data.step === 'mapped' || data.step === 'unmapped') && !found.has(data.listing)) found.set(data.listing, event.at);
  }
  return found;
}

/** Those that the audit log names. */
async function audited(pages: number, signal: AbortSignal): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  let cursor: string | undefined;
  for (let page = 0; page < pages; page += 1) {
    const got = await take(api.GET('/v1/audit', { params: { query: { cursor, limit: PAGE } }, signal }));
    for (const { action, object_id, at } of got.data) {
      const listing = Number(object_id);
      if (action === MAPPED && Number.isSafeInteger(listing) && !found.has(listing)) found.set(listing, at);
    }
    cursor = got.next_cursor ?? undefined;
    if (!got.has_more || !cursor) break;
  }
  return found;
}

const feedHead = async (signal: AbortSignal) => (await take(api.GET('/readyz', { signal }))).feed_head ?? 0;

async function readMany(listings: number[], head: number, signal: AbortSignal): Promise<FeedEvent[]> {
  const each = await Promise.all(listings.map((listing) => eventsOf(listing, head, ANSWERS_OF_MANY, signal)));
  return each.flatMap(({ events }) => events);
}

/** What was mapped lately, whichever listing. `before` is what was read last: then only what came after it is asked for. */
async function readAll(before: Read | undefined, back: number, audit: boolean, signal: AbortSignal): Promise<Read> {
  const head = await feedHead(signal);
  if (before && head - before.head <= SCANNED) {
    const news = await between(before.head, head, signal);
    const known = new Set(before.events.map(listingOf));
    const fresh = [...touched(news).keys()].filter((listing) => !known.has(listing));
    const more = await readMany(fresh, head, signal);
    return { ...before, head, events: inOrder([...before.events, ...news.filter((event) => known.has(listingOf(event))), ...more]) };
  }
  const start = Math.max(0, head - SCANNED * back);
  const scanned = await between(start, head, signal);
  const found = [...touched(scanned)];
  const wanted = new Map(found.slice(0, LISTINGS * back));
  const cut = found.length > wanted.size ? [...wanted.values()].at(-1) : undefined;
  const older = audit ? await audited(AUDITED * back, signal) : [];
  for (const [listing, at] of older) if (wanted.size < LISTINGS * back && !wanted.has(listing)) wanted.set(listing, at);
  return { head, events: inOrder(await readMany([...wanted.keys()], head, signal)), since: cut ?? (start === 0 ? undefined : scanned[0]?.at) };
}

async function readOne(listing: number, before: Read | undefined, signal: AbortSignal): Promise<Read> {
  const head = await feedHead(signal);
  if (before && head - before.head <= WINDOW) {
    const news = await between(before.head, head, signal);
    return { ...before, head, events: inOrder([...before.events, ...news.filter((event) => listingOf(event) === listing)]) };
  }
  const { events, whole } = await eventsOf(listing, head, ANSWERS_OF_ONE, signal);
  return { head, events, since: whole ? undefined : events[0]?.at };
}

export interface HistoryOf {
  listing: number | undefined;
  /** How many times as far as at first. */
  back: number;
  /** Whether the person may read the audit log. */
  audit: boolean;
}

/** The history of one listing, or of all lately. The feed says when there is more of it (`live/apply.ts`). */
export const mappingHistory = ({ listing, back, audit }: HistoryOf) =>
  queryOptions({
    queryKey: ['mapping-history', listing ?? 'all', back, audit],
    staleTime: Infinity,
    queryFn: ({ client, queryKey, signal }) => {
      const before = client.getQueryData<Read>(queryKey);
      return listing === undefined ? readAll(before, back, audit, signal) : readOne(listing, before, signal);
    },
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
