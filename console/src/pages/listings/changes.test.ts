import { describe, expect, it } from 'vitest';
import type { FeedEvent, ListingChanged } from '~/live/events';
import { allChanges, canUndo, changesOf, inOneGo } from './changes';

let number = 0;
const event = (step: string, sku: string | null, quantity: number | null, { listing = 1, actor = 'prn_2', at = '2026-01-01T00:00:00Z', ...more }: Partial<Pick<FeedEvent, 'actor' | 'at'>> & Partial<ListingChanged> = {}): FeedEvent => ({
  object: 'event', id: 'evt', operation_id: 'op', type: 'listing.changed', number: (number += 1), actor, at,
  data: { listing, shop: 'shopee-1', step, sku, quantity, ...more } as unknown as FeedEvent['data'],
});
/** They are read newest first. */
const of = (events: FeedEvent[]) => changesOf([...events].reverse());
const told = (events: FeedEvent[]) => of(events).map(({ from, to, asked, last }) => ({ from, to, asked, last }));
const A = { sku: 'A', units: 1 };
const B = { sku: 'B', units: 2 };

describe('the changes of a mapping', () => {
  it('say what it was before: by itself, by somebody, not any more', () => {
    expect(told([event('found', 'A', 1), event('mapped', 'B', 2), event('unmapped', null, null)])).toEqual([
      { from: null, to: A, asked: false, last: false },
      { from: A, to: B, asked: true, last: false },
      { from: B, to: null, asked: true, last: true },
    ]);
  });

  it('do not begin with a listing that came in without a SKU', () => {
    expect(told([event('found', null, null), event('mapped', 'A', 1)])).toEqual([{ from: null, to: A, asked: true, last: true }]);
  });

  it('are not made of another rule, nor of a reading that left the mapping as it was', () => {
    const before = [event('found', null, null), event('mapped', 'B', 2)];
    // A reading names the SKU of an automatic mapping only, and calls it by the seller SKU that the listing has by now.
    expect(told([...before, event('rule', null, null), event('changed', null, 2), event('changed', 'NEW', 1)])).toEqual(told(before));
  });

  it('are also what a reading maps by itself, which overtakes what somebody did', () => {
    const changes = told([event('mapped', 'B', 2), event('unmapped', null, null), event('changed', 'A', 1)]);
    expect(changes.map(({ to, last }) => [to, last])).toEqual([[B, false], [null, false], [A, true]]);
  });

  it('are told by the event itself, whatever was read before it', () => {
    const from = { sku: 'B', quantity: 2 };
    expect(told([event('mapped', 'A', 1, { from, automatic: false })])).toEqual([{ from: B, to: A, asked: true, last: true }]);
    expect(told([event('mapped', 'A', 1, { from: null, automatic: false })])).toEqual([{ from: null, to: A, asked: true, last: true }]);
    expect(told([event('unmapped', null, null, { from }), event('changed', 'A', 1, { from: null, automatic: true })])).toEqual([
      { from: B, to: null, asked: true, last: false },
      { from: null, to: A, asked: false, last: true },
    ]);
  });

  it('do not guess what was too long ago to be read', () => {
    const [first] = of([event('mapped', 'A', 1)]);
    expect(first?.from).toBeUndefined();
    expect(first && canUndo(first)).toBe(false);
  });

  it('can be undone as long as nothing came after them', () => {
    const changes = of([event('found', null, null), event('mapped', 'A', 1), event('mapped', 'B', 2)]);
    expect(changes.map(canUndo)).toEqual([false, true]);
  });

  it('of several listings are told newest first', () => {
    const events = [event('found', null, null), event('found', null, null, { listing: 2 }), event('mapped', 'A', 1, { listing: 2 }), event('mapped', 'B', 2)];
    expect(allChanges(events.reverse()).map(({ listing }) => listing)).toEqual([1, 2]);
  });
});

describe('what was done in one go', () => {
  const at = (seconds: number, actor = 'prn_2', listing = seconds) => [
    event('found', null, null, { listing, at: '2025-01-01T00:00:00Z', actor: 'system' }),
    event('mapped', 'A', 1, { listing, actor, at: new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString() }),
  ];
  it('is by the same hand, and each no further from the next than ten seconds', () => {
    const changes = allChanges([...at(1), ...at(20), ...at(25), ...at(26, 'prn_9'), ...at(33), ...at(50)].reverse());
    const one = changes.find(({ listing }) => listing === 25);
    expect(one && inOneGo(changes, one).map(({ listing }) => listing)).toEqual([33, 25, 20]);
  });
});
