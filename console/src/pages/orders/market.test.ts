import { describe, expect, it } from 'vitest';
import { marketIdOf, marketIdOfSubject } from './market';
import { toShip, unmappedOf } from './MarketOrder';
import { stepsFor } from './OrderActions';

const shops = [
  { id: 1, shop: 'shopee-1', channel: 'shopee' },
  { id: 2, shop: 'lazada-9', channel: 'lazada' },
];

describe('an order of a marketplace', () => {
  it('is named by the shop and the number there, also when it became several of ours', () => {
    expect(marketIdOf({ channel: 'shopee', reference: 'shopee-1/2406-14B' }, shops)).toBe('1-2406-14B');
    expect(marketIdOf({ channel: 'lazada', reference: 'lazada-9/77#2' }, shops)).toBe('2-77');
    expect(marketIdOfSubject('2/77')).toBe('2-77');
    expect(marketIdOfSubject('77')).toBeUndefined();
  });

  it('is not every order of a channel by that name', () => {
    expect(marketIdOf({ channel: 'shopee', reference: 'my-own-number' }, shops)).toBeUndefined();
    expect(marketIdOf({ channel: 'web', reference: 'shopee-1/2406' }, shops)).toBeUndefined();
    expect(marketIdOf({ channel: 'shopee', reference: null }, shops)).toBeUndefined();
  });

  it('is shipped there, and never confirmed, cancelled or delivered here', () => {
    const line = { line: 1, sku: 'A', location: 'main', ordered: 2, reserved: 0, allocated: 0, shipped: 0, returned: 0, cancelled: 0, expired: 0, short: 0 };
    const order = (state: string, change: object) => ({ state, lines: [{ ...line, ...change }] });
    expect(stepsFor(order('pending', { reserved: 2 }), ['admin'], true)).toEqual([]);
    expect(stepsFor(order('confirmed', { allocated: 2 }), ['admin'], true)).toEqual(['ship']);
    expect(stepsFor(order('shipped', { shipped: 2 }), ['admin'], true)).toEqual(['return']);
    expect(stepsFor(order('confirmed', { allocated: 2 }), ['admin'])).toEqual(['ship', 'cancel']);
  });

  it('has goods to ship while they are paid and here, and lines that wait for a mapping', () => {
    const line = (status: string, quantity: number, cancelled: number, state: string) =>
      ({ status, quantity, cancelled, state, applied: [], ids: [], item: '', seller_sku: '', title: '', variant: '' });
    const order = { lines: [line('confirmed', 3, 1, 'applied'), line('shipped', 2, 0, 'applied'), line('confirmed', 1, 0, 'waits_for_mapping')] };
    expect([toShip(order), unmappedOf(order)]).toEqual([3, 1]);
  });
});
