import { describe, expect, it } from 'vitest';
import { attentionOf } from './attention';

const now = Date.parse('2026-01-01T01:00:00Z');
type Told = Parameters<typeof attentionOf>[0];
const notice = (key: string, change: object = {}) =>
  ({ key, kind: 'drift', subject: key, open: true, first_at: '2026-01-01T00:00:00Z', ...change }) as unknown as Told['notices'][number];
const row = (sku: string) => ({ sku, location: 'main', changed_at: '2025-12-31T00:00:00Z' }) as unknown as Told['short'][number];
const one = { count: 3, more: false };
const of = (change: Partial<Told>) => attentionOf({ notices: [], short: [], more: false, money: undefined, served: undefined, ...change }, now);

describe('what waits for a person', () => {
  it('is nothing', () => {
    expect(of({})).toMatchObject({ tally: { count: 0, more: false }, tone: 'ok', oldest: undefined });
  });

  it('counts the orders whose money is due as one thing, however many they are', () => {
    expect(of({ money: one }).tally.count).toBe(1);
    expect(of({ money: one, notices: [notice('a')] })).toMatchObject({ tally: { count: 2 }, tone: 'wait' });
  });

  it('leaves out what is over or put off', () => {
    const later = notice('later', { snoozed_until: '2026-01-01T02:00:00Z' });
    const { tally, putOff } = of({ notices: [notice('a'), notice('over', { open: false }), later] });
    expect([tally.count, putOff.map(({ key }) => key)]).toEqual([1, ['later']]);
  });

  it('counts a row that is short and the notice about it once, and one of which nobody was told, too', () => {
    const told = notice('shortfall:A@main', { kind: 'shortfall', subject: 'A@main' });
    expect(of({ notices: [told], short: [row('A'), row('B')] })).toMatchObject({ tally: { count: 2 }, tone: 'bad', oldest: '2025-12-31T00:00:00Z' });
  });

  it('counts as far as the server does where the list is longer than what was read', () => {
    expect(of({ notices: [notice('a')], more: true, money: one, served: { count: 900, more: false } }).tally).toEqual({ count: 901, more: true });
    expect(of({ notices: [notice('a')], served: { count: 900, more: false } }).tally).toEqual({ count: 1, more: false });
  });
});
