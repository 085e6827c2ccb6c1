import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { Applier } from './apply';
import type { FeedEvent } from './events';
import { Feed, type SocketLike } from './feed';
import { LiveStore } from './store';

const event = (number: number, type = 'stock.changed', data: object = {}): FeedEvent => ({
  actor: 'test', at: '2026-01-01T00:00:00Z', data: data as FeedEvent['data'], id: `evt_${number}`, number, object: 'event', operation_id: 'op', type,
});

/** From the socket to what the pages show, with only the network replaced. */
async function page() {
  const client = new QueryClient();
  let reads = 0;
  const queryKey = ['orders', 'list', {}];
  await client.fetchQuery({ queryKey, queryFn: () => Promise.resolve((reads += 1)) });
  const store = new LiveStore(new Applier(client).apply);
  const sockets: SocketLike[] = [];
  const feed = new Feed(
    {
      socket: () => {
        const socket: SocketLike = { onmessage: null, onclose: null, onerror: null, close: () => undefined };
        sockets.push(socket);
        return socket;
      },
      poll: () => new Promise(() => undefined),
      later: () => () => undefined,
    },
    {
      events: (events) => store.events(events),
      gap: () => store.gap(),
      connection: (state) => store.connection(state),
    },
    5,
  );
  feed.start();
  const say = (message: unknown) => sockets.at(-1)?.onmessage?.({ data: JSON.stringify(message) });
  say({ type: 'hello', seq: 5 });
  const old = () => client.getQueryState(queryKey)?.isInvalidated ?? false;
  return { store, say, old };
}

describe('a gap in the feed', () => {
  it('makes everything that is shown old', async () => {
    const { say, old } = await page();
    say({ type: 'event', seq: 6, event: event(6) });
    expect(old()).toBe(false);
    say({ type: 'event', seq: 9, event: event(9) });
    expect(old()).toBe(true);
  });

  it('that the heartbeat tells of does so, too', async () => {
    const { say, old } = await page();
    say({ type: 'heartbeat', seq: 5 });
    expect(old()).toBe(false);
    say({ type: 'heartbeat', seq: 7 });
    expect(old()).toBe(true);
  });

  it('waits for somebody who has paused the page', async () => {
    const { store, say, old } = await page();
    store.pause(true);
    say({ type: 'event', seq: 9, event: event(9) });
    expect(store.get().waiting).toBe(1);
    expect(old()).toBe(false);
    store.pause(false);
    expect(store.get().waiting).toBe(0);
    expect(old()).toBe(true);
  });
});
