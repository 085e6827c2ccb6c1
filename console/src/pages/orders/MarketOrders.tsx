import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { marketOrders } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Ago } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { QuickLink } from '~/parts/QuickLink';
import { useShopNames } from '~/parts/shopNames';
import { FetchAgain } from './FetchAgain';
import { MarketState } from './MarketState';
import { TroubleWord } from './Trouble';

type MarketOrder = Schemas['MarketOrder'];

const pageOf = ({ id }: MarketOrder) => ({ to: '/orders/market/$id', params: { id } }) as const;

/** Orders in the words of the marketplaces, and what became of them here. */
export function MarketOrders({ state, shop }: { state?: string; shop?: string }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const query = useInfiniteQuery(marketOrders(state, shop));
  const names = useShopNames();
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useMemo<Column<MarketOrder>[]>(
    () => [
      { id: 'reference', header: t('word.reference'), width: 'minmax(158px, 1.3fr)', cell: (row) => <QuickLink to={pageOf(row)} className="code">{row.reference}</QuickLink> },
      { id: 'shop', header: t('word.shop'), width: 'minmax(110px, 1fr)', from: 560, cell: (row) => names.ofId(row.shop_id) },
      { id: 'status', header: t('orders.market.status'), width: 'minmax(110px, 1fr)', from: 700, cell: (row) => <span className="mono">{row.status}</span> },
      {
        id: 'state',
        header: t('word.state'),
        width: 'minmax(104px, 160px)',
        cell: (row) => <MarketState order={row} />,
      },
      {
        id: 'ours',
        header: t('orders.market.ours'),
        width: 'minmax(110px, 1fr)',
        from: 480,
        cell: (row) =>
          row.order_ids.map((id) => (
            <Link key={id} to="/orders/$id" params={{ id }} className="num">
              …{id.slice(-8)}{' '}
            </Link>
          )),
      },
      { id: 'trouble', header: t('orders.market.trouble'), width: 'minmax(100px, 1.5fr)', from: 900, cell: (row) => <TroubleWord order={row} /> },
      { id: 'updated', header: t('word.changed'), width: '92px', align: 'end', from: 420, cell: (row) => <Ago at={row.updated_at} /> },
      { id: 'do', header: t('actions'), bare: true, width: '104px', align: 'end', from: 620, cell: (row) => row.state !== 'applied' && <FetchAgain id={row.id} size="compact-xs" /> },
    ],
    [t, names],
  );
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <DataTable
      label={t('orders.view.market')}
      columns={columns}
      rows={rows}
      rowKey={(row) => `${row.shop_id}/${row.reference}`}
      loading={query.isPending}
      more={query.hasNextPage}
      onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
      onOpen={({ id }) => void navigate({ to: '/orders/market/$id', params: { id } })}
      empty={t(state || shop ? 'orders.empty' : 'orders.market.empty')}
      tone={(row) => (row.state === 'needs_attention' ? 'bad' : row.state === 'waits_for_mapping' || row.cancel_requested ? 'wait' : undefined)}
    />
  );
}
