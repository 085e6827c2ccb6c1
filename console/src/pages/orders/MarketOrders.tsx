import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { marketOrders } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Ago } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';

type MarketOrder = Schemas['MarketOrder'];

/** Reads an order there once more, and applies what it says now. */
function FetchAgain({ id }: { id: string }) {
  const { t } = useI18n();
  const may = useMay('orders:write');
  const act = useAct(
    (_: null, key: string) => take(api.POST('/v1/market-orders/{id}/fetch', { params: { path: { id }, header: { 'Idempotency-Key': key } } })),
    { tells: true, refresh: [['market-orders']], onDone: () => notifications.show({ message: t('shops.started'), color: 'teal' }) },
  );
  if (!may) return null;
  return (
    <Button size="compact-xs" variant="default" loading={act.isPending} onClick={() => act.mutate(null)}>
      {t('orders.market.fetch')}
    </Button>
  );
}

/** Orders in the words of the marketplaces, and what became of them here. */
export function MarketOrders({ state, shop }: { state?: string; shop?: string }) {
  const { t } = useI18n();
  const query = useInfiniteQuery(marketOrders(state, shop));
  const names = useShopNames();
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useMemo<Column<MarketOrder>[]>(
    () => [
      { id: 'reference', header: t('word.reference'), width: 'minmax(158px, 1.3fr)', cell: (row) => <span className="code">{row.reference}</span> },
      { id: 'shop', header: t('word.shop'), width: 'minmax(110px, 1fr)', from: 560, cell: (row) => names.ofId(row.shop_id) },
      { id: 'status', header: t('orders.market.status'), width: 'minmax(110px, 1fr)', from: 700, cell: (row) => <span className="mono">{row.status}</span> },
      {
        id: 'state',
        header: t('word.state'),
        width: 'minmax(104px, 160px)',
        cell: (row) => {
          const badge = <StateBadge topic="market_order" state={row.state} />;
          return row.state === 'waits_for_mapping' ? <Link to="/mapping">{badge}</Link> : badge;
        },
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
      { id: 'trouble', header: t('orders.market.trouble'), width: 'minmax(100px, 1.5fr)', from: 900, cell: (row) => <span className="tone-bad" title={row.trouble ?? undefined}>{row.trouble}</span> },
      { id: 'updated', header: t('word.changed'), width: '92px', align: 'end', from: 420, cell: (row) => <Ago at={row.updated_at} /> },
      { id: 'do', header: t('actions'), bare: true, width: '104px', align: 'end', from: 620, cell: (row) => row.state !== 'applied' && <FetchAgain id={row.id} /> },
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
      empty={t('orders.market.empty')}
      tone={(row) => (row.state === 'needs_attention' ? 'bad' : row.state === 'waits_for_mapping' ? 'wait' : undefined)}
    />
  );
}
