import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useMemo, useSyncExternalStore, type ReactNode } from 'react';
import { api, take } from '~/api/client';
import { session } from '~/api/session';
import { useNow } from '~/parts/Moment';
import { Applier } from './apply';
import { Feed, type SocketLike, type Wires } from './feed';
import { openedAt } from './opened';
import type { FeedEvent } from './events';
import type { Meter } from './meter';
import { PollingClient } from './polling';
import { LiveStore, type LiveState } from './store';

/** Events from before the page was opened that the overview begins with. */
const HISTORY = 2_000;
const PAGE = 200;
/** Events come one by one; the page is told at most ten times a second. */
const BEAT_MS = 100;

const Context = createContext<LiveStore | null>(null);

const wires: Wires = {
  socket: (after) => {
    const url = new URL('/v1/live', window.location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    url.searchParams.set('after', String(after));
    return new WebSocket(url) as unknown as SocketLike;
  },
  poll: async (after, signal) =>
    (await take(api.GET('/v1/events', { params: { query: { after, limit: PAGE, wait_s: 25 } }, signal }))).data,
  later: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

interface History {
  events: FeedEvent[];
  /** The last event that is among them, or from before them. */
  head: number;
  whole: boolean;
  /** Those that happened while the page was opened: what it asked for may have been answered before them. */
  meanwhile: FeedEvent[];
}

async function readHistory(signal: AbortSignal): Promise<History> {
  const asked = api.GET('/readyz', { signal });
  const ready = await take(asked);
  const opened = openedAt((await asked).response.headers.get('date'), performance.now());
  const head = ready.feed_head ?? 0;
  const starts: number[] = [];
  for (let after = Math.max(0, head - HISTORY); after < head; after += PAGE) starts.push(after);
  const pages = await Promise.all(
    starts.map((after) => take(api.GET('/v1/events', { params: { query: { after, limit: PAGE } }, signal }))),
  );
  const events = pages.flatMap((page) => page.data);
  const meanwhile = events.filter(({ at }) => Date.parse(at) >= opened);
  return { events, head: events.at(-1)?.number ?? head, whole: head <= HISTORY, meanwhile };
}

/** Follows the feed while somebody is signed in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const applier = useMemo(() => new Applier(client), [client]);
  const store = useMemo(() => new LiveStore(applier.apply), [applier]);
  useEffect(
    () =>
      store.subscribe(() => {
        if (client instanceof PollingClient) client.pause(store.get().paused);
      }),
    [client, store],
  );
  const signedIn = useQuery(session()).data?.state === 'signed_in';

  useEffect(() => {
    if (!signedIn) return;
    const abort = new AbortController();
    let feed: Feed | undefined;
    let pending: FeedEvent[] = [];
    let beat: ReturnType<typeof setTimeout> | undefined;
    const flush = () => {
      beat = undefined;
      const events = pending;
      pending = [];
      store.events(events);
    };
    const follow = (after: number) => {
      feed = new Feed(
        wires,
        {
          events: (events) => {
            pending.push(...events);
            beat ??= setTimeout(flush, BEAT_MS);
          },
          gap: () => store.gap(),
          connection: (state) => store.connection(state),
        },
        after,
      );
      feed.start();
    };
    const begin = () =>
      readHistory(abort.signal).then(
        ({ events, head, whole, meanwhile }) => {
          if (abort.signal.aborted) return;
          store.history(events, whole);
          applier.apply(meanwhile, false);
          follow(head);
        },
        () => {
          if (abort.signal.aborted) return;
          store.connection('away');
          beat = setTimeout(() => void begin(), 3_000);
        },
      );
    void begin();
    return () => {
      abort.abort();
      feed?.stop();
      clearTimeout(beat);
    };
  }, [store, applier, signedIn]);

  return <Context value={store}>{children}</Context>;
}

function useStore(): LiveStore {
  const store = useContext(Context);
  if (!store) throw new Error('outside of LiveProvider');
  return store;
}

/** The whole live state; drawn again with each batch of events. */
export function useLive(): LiveState & { pause: (paused: boolean) => void } {
  const store = useStore();
  const state = useSyncExternalStore(store.subscribe, store.get);
  return { ...state, pause: (paused) => store.pause(paused) };
}

/** What the feed was counted to, once it has begun; whoever draws it says when (`useNow`). */
export function useMeter(): Meter {
  useBegun();
  return useStore().meter;
}

/** Whether what happened before the page was opened is counted, so that "nothing" means nothing. */
export function useBegun(): boolean {
  return useLiveValue((state) => state.begun);
}

/** The span, or as much of its end as every event of was counted, in milliseconds. */
export function useCovered(span: number): number {
  const from = useLiveValue((state) => state.wholeFrom);
  const now = useLiveNow();
  return from === undefined ? span : Math.max(0, Math.min(span, now - from));
}

/** The time until which the feed is shown: it stands still while somebody has paused it. */
export function useLiveNow(): number {
  const pausedAt = useLiveValue((state) => state.pausedAt);
  const now = useNow();
  return pausedAt ?? now;
}

/** One plain value of the live state; drawn again only when it changes. */
export function useLiveValue<T extends string | number | boolean | undefined>(select: (state: LiveState) => T): T {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
