import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Fragment, useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { withQuery } from '~/api/curl';
import { reservations } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Filters, ViewSwitch } from '~/parts/Filters';
import { Ago } from '~/parts/Moment';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateBadge } from '~/parts/StateBadge';
import { tallied } from '~/parts/tally';
import { Verdict } from '~/parts/Verdict';
import { EXTENSION_S, ReservationDialog } from './ReservationDialog';

type Reservation = Schemas['Reservation'];

const route = getRouteApi('/reservations');

/** Units that are held for somebody who has not ordered yet. */
export function Reservations() {
  const { t } = useI18n();
  const { view } = route.useSearch();
  const navigate = route.useNavigate();
  const state = view === 'all' ? undefined : 'held';
  const query = useInfiniteQuery({ ...reservations(state), refetchInterval: 10_000 });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const [open, setOpen] = useState<string>();
  const columns = useColumns(setOpen);
  const held = useInfiniteQuery({ ...reservations('held'), refetchInterval: 10_000 }).data?.pages;
  return (
    <Page
      title={t('nav.reservations')}
      filled
      curl={withQuery('/v1/reservations', { state })}
      verdict={held && <HeldVerdict tally={{ count: held.reduce((sum, page) => sum + page.data.length, 0), more: held.at(-1)?.has_more ?? false }} />}
    >
      <Filters
        aside={
          <ViewSwitch
            label={t('reservations.title')}
            views={[
              { value: 'held', label: t('figure.reserved') },
              { value: 'all', label: t('all') },
            ]}
            value={view}
            onChange={(next) => void navigate({ search: { view: next === 'all' ? next : undefined }, replace: true })}
          />
        }
      />
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('reservations.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.id}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={({ id }) => setOpen(id)}
          empty={t(state ? 'reservations.empty' : 'reservations.none')}
        />
      )}
      {open && <ReservationDialog id={open} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

function HeldVerdict({ tally }: { tally: Schemas['Tally'] }) {
  const { t, f } = useI18n();
  const said = t('reservations.verdict', { n: tally.count, count: tallied(f, tally) });
  return <Verdict tone={tally.count > 0 ? 'busy' : 'ok'}>{said}</Verdict>;
}

/** Whose it is; once it has become an order, the way there. */
function Owner({ row }: { row: Reservation }) {
  const name = row.owner ?? <span className="code">…{row.id.slice(-8)}</span>;
  if (!row.order_id) return name;
  return (
    <Link to="/orders/$id" params={{ id: row.order_id }}>
      {name}
    </Link>
  );
}

function useColumns(onRelease: (id: string) => void): Column<Reservation>[] {
  const { t, f } = useI18n();
  const may = useMay('orders:write');
  const extend = useAct(
    (row: Reservation, key: string) =>
      take(
        api.POST('/v1/reservations/{id}/extend', {
          params: { path: { id: row.id }, header: { 'Idempotency-Key': key, 'If-Match': `"v${row.version}"` } },
          body: { ttl_s: EXTENSION_S },
        }),
      ),
    {
      tells: true,
      refresh: [['reservations'], ['stock']],
      onDone: () => notifications.show({ message: t('reservations.extended'), color: 'teal' }),
    },
  );
  return useMemo(
    () => [
      { id: 'id', header: t('reservations.owner'), width: 'minmax(90px, 1fr)', cell: (row) => <Owner row={row} /> },
      { id: 'state', header: t('reservations.state'), width: '100px', cell: (row) => <StateBadge topic="reservation" state={row.state} /> },
      {
        id: 'what',
        header: t('reservations.what'),
        width: 'minmax(130px, 2fr)',
        from: 520,
        cell: (row) =>
          row.lines.map((line, place) => (
            <Fragment key={place}>
              {place > 0 && ', '}
              <Link to="/stock/$sku" params={{ sku: line.sku }} search={{ location: line.location, tab: 'holds' }}>
                {f.number(line.quantity)} × {line.sku}
              </Link>
            </Fragment>
          )),
      },
      { id: 'ends', header: t('reservations.ends'), width: 'minmax(84px, 120px)', cell: (row) => <Ago at={row.expires_at} /> },
      { id: 'made', header: t('reservations.made'), width: '120px', from: 760, cell: (row) => <Ago at={row.created_at} /> },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '170px',
        align: 'end',
        from: 640,
        cell: (row) =>
          may &&
          row.state === 'held' && (
            <Group gap={6} wrap="nowrap" justify="flex-end">
              <Button size="compact-xs" variant="default" onClick={() => extend.mutate(row)}>
                {t('reservations.extend')}
              </Button>
              <Button size="compact-xs" variant="default" onClick={() => onRelease(row.id)}>
                {t('reservations.release')}
              </Button>
            </Group>
          ),
      },
    ],
    [t, f, may, onRelease, extend],
  );
}
