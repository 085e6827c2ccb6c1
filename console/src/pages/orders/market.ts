// Orders of ours that a marketplace's order became: what may be done with them is done there, and Onhand follows.

import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '~/api/client';
import { shops } from '~/api/queries';
import type { Order } from './columns';

type Named = Pick<Schemas['Shop'], 'id' | 'shop' | 'channel'>;

/** The id of a marketplace's order: the number of the shop, a hyphen and the marketplace's number of the order. */
export const marketOrderId = (shop: number, reference: string) => `${shop}-${reference}`;

/**
 * The marketplace's order that an order of ours comes from. Its reference is `SHOP/NUMBER`, with `#2` behind when one order there
 * became several of ours. Whoever places an order through the API may name a channel as he likes: only the shop decides.
 */
export function marketIdOf(order: Pick<Order, 'channel' | 'reference'>, known: readonly Named[]): string | undefined {
  const reference = order.reference ?? '';
  const shop = known.find((each) => each.channel === order.channel && reference.startsWith(`${each.shop}/`));
  const number = shop && reference.slice(shop.shop.length + 1).replace(/#\d+$/, '');
  return number ? marketOrderId(shop.id, number) : undefined;
}

/** A marketplace's order out of the subject of a notice, `SHOP_ID/NUMBER`. */
export function marketIdOfSubject(subject: string): string | undefined {
  const [, shop, reference] = /^(\d+)\/(.+)$/.exec(subject) ?? [];
  return shop && reference ? marketOrderId(Number(shop), reference) : undefined;
}

/** The same for a page: nothing is known until the shops are. */
export function useMarketId(order: Pick<Order, 'channel' | 'reference'>): { known: boolean; id?: string } {
  const all = useQuery(shops());
  if (order.channel === 'api') return { known: true };
  return { known: all.isSuccess, id: marketIdOf(order, all.data?.data ?? []) };
}
