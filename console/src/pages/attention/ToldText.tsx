import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Schemas } from '~/api/client';
import { useI18n, type Key } from '~/i18n';
import { useMinute } from '~/parts/Moment';
import { ServerWords } from '~/parts/ServerWords';
import { useShopNames } from '~/parts/shopNames';
import { marketIdOfSubject } from '~/pages/orders/market';
import { toldOf } from './told';

type Notice = Schemas['Notice'];

/** What happened and, while it is so, what to do next; the server's words stand below where they say more. */
export function ToldText({ notice }: { notice: Notice }) {
  const i18n = useI18n();
  const names = useShopNames();
  const now = useMinute();
  const { key, values, why, next, said } = toldOf(notice, names.ofId(notice.shop_id), now, i18n);
  // The values are those of the text; a unit test sees to it.
  const rich = i18n.rich as (key: Key, values: Record<string, ReactNode>) => ReactNode;
  return (
    <>
      {key && <div>{rich(key, { ...values, ...linksOf(notice, values) })}</div>}
      {why && <div>{i18n.t(why)}</div>}
      {notice.open && next && <div>{i18n.t(next)}</div>}
      {said && <ServerWords>{said}</ServerWords>}
    </>
  );
}

/** The goods and the order that it is about, as ways to them. */
function linksOf({ subject }: Notice, { sku, location, order }: Record<string, string | number>): Record<string, ReactNode> {
  const links: Record<string, ReactNode> = {};
  if (sku !== undefined) {
    links.sku = (
      <Link to="/stock/$sku" params={{ sku: String(sku) }} search={{ location: String(location) }}>
        {sku}
      </Link>
    );
  }
  const id = order === undefined ? undefined : marketIdOfSubject(subject);
  if (id) {
    links.order = (
      <Link to="/orders/market/$id" params={{ id }}>
        {order}
      </Link>
    );
  }
  return links;
}
