import { Button, Group } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { holders } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { Ago } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateBadge } from '~/parts/StateBadge';
import { ReservationDialog } from '~/pages/orders/ReservationDialog';

type Holder = Schemas['Holder'];

/** Who holds or waits for units of a row, with the way to give them back. */
export function Holds({ sku, location }: { sku: string; location: string }) {
  const { t } = useI18n();
  const query = useInfiniteQuery(holders(sku, location));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const [releasing, setReleasing] = useState<Holder>();
  const navigate = useNavigate();
  const columns = useHoldColumns(setReleasing);
  const open = (holder: Holder) => {
    if (holder.order_id) void navigate({ to: '/orders/$id', params: { id: holder.order_id } });
    else setReleasing(holder);
  };
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Panel flush>
      <DataTable
        inline
        label={t('sku.tab.holds')}
        columns={columns}
        rows={rows}
        rowKey={(row) => `${row.url}/${row.line}/${row.part}`}
        loading={query.isPending}
        more={query.hasNextPage}
        onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
        onOpen={open}
        empty={t('sku.holds.empty')}
      />
      {releasing?.reservation_id && <ReservationDialog id={releasing.reservation_id} onClose={() => setReleasing(undefined)} />}
    </Panel>
  );
}

function useHoldColumns(release: (holder: Holder) => void): Column<Holder>[] {
  const { t, f } = useI18n();
  return useMemo(
    () => [
      {
        id: 'for',
        header: t('sku.holds.for'),
        width: 'minmax(100px, 2fr)',
        cell: (row) =>
          row.order_id ? (
            <Link to="/orders/$id" params={{ id: row.order_id }} className="code">
              {row.reference ?? row.order_id}
            </Link>
          ) : (
            <span className="code">{row.reference ?? row.reservation_id}</span>
          ),
      },
      {
        id: 'state',
        header: t('word.state'),
        width: '110px',
        from: 420,
        cell: (row) => <StateBadge topic="reservation" state={row.reserved > 0 ? 'held' : 'allocated'} />,
      },
      { id: 'units', header: t('word.units'), width: '64px', align: 'end', cell: (row) => <Figure value={row.reserved + row.allocated} label={t('word.units')} to={row.order_id ? { to: '/orders/$id', params: { id: row.order_id } } : { to: '/reservations' }} /> },
      {
        id: 'until',
        header: t('sku.holds.until'),
        width: 'minmax(96px, 112px)',
        cell: (row) =>
          row.reserved > 0 && row.expires_at ? <Ago at={row.expires_at} /> : <span className="soft">{t('sku.holds.never')}</span>,
      },
      {
        id: 'do',
        header: t('actions'), bare: true,
        width: '170px',
        from: 560,
        cell: (row) => row.reservation_id && row.reserved > 0 && <HoldActions holder={row} release={release} />,
      },
    ],
    [t, f, release],
  );
}

function HoldActions({ holder, release }: { holder: Holder; release: (holder: Holder) => void }) {
  const { t } = useI18n();
  const may = useMay('orders:write');
  const id = holder.reservation_id ?? '';
  const extend = useAct(
    (ttl_s: number, key: string) =>
      take(api.POST('/v1/reservations/{id}/extend', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body: { ttl_s } })),
    { tells: true, refresh: [['stock'], ['reservations']] },
  );
  if (!may) return null;
  return (
    <Group gap={6} wrap="nowrap" justify="flex-end">
      <Button size="compact-xs" variant="default" loading={extend.isPending} onClick={() => extend.mutate(600)}>
        {t('sku.holds.extend')}
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => release(holder)}>
        {t('sku.holds.release')}
      </Button>
    </Group>
  );
}
