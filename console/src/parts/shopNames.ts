import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { shops } from '~/api/queries';

/** Marketplaces by the names that they go by. */
export const CHANNEL: Record<string, string> = { shopee: 'Shopee', tiktok: 'TikTok Shop', lazada: 'Lazada' };

/** A reference without the shop in front, which is said beside it. */
export function shortReference(reference: string | null | undefined): string | undefined {
  return reference ? reference.slice(reference.lastIndexOf('/') + 1) : undefined;
}

interface Named {
  id: number;
  shop: string;
  channel: string;
  name: string;
  account: string;
}

/** The shortest name that tells shops apart: the marketplace alone while there is one shop on it. */
export function shopNames(list: readonly Named[]): Map<string, string> {
  return new Map(
    list.map((shop) => {
      const channel = CHANNEL[shop.channel] ?? shop.channel;
      const alone = list.filter((other) => other.channel === shop.channel).length === 1;
      return [shop.shop, alone ? channel : `${channel} ${shop.name || shop.account}`];
    }),
  );
}

/** Names of shops by code and by number; what is not known is named by its code. */
export function useShopNames() {
  const { data } = useQuery(shops());
  return useMemo(() => {
    const list = data?.data ?? [];
    const byCode = shopNames(list);
    const codes = new Map(list.map((shop) => [shop.id, shop.shop]));
    const ofCode = (code: string) => byCode.get(code) ?? code;
    const ofId = (id: number | null | undefined) => (id ? ofCode(codes.get(id) ?? `#${id}`) : '–');
    return { ofCode, ofId, codeOf: (id: number) => codes.get(id) };
  }, [data]);
}
