import { ActionIcon, Slider, Tooltip } from '@mantine/core';
import IconHistory from '@tabler/icons-react/dist/esm/icons/IconHistory.mjs';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { movements } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { At } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useActorNames } from '~/parts/actorNames';
import { noteOf, reasonOf } from '~/parts/serverNotes';
import { wordOf } from '~/parts/words';
import classes from './Sku.module.css';

type Movement = Schemas['Movement'];

const route = getRouteApi('/stock/$sku');
const History = lazy(async () => ({ default: (await import('./History')).History }));
const TERMS = ['on_hand', 'reserved', 'allocated', 'unavailable'] as const;

/** Every movement of a row, newest first, with the figures after it. */
export function Ledger({ sku, location }: { sku: string; location: string }) {
  const { t } = useI18n();
  const query = useInfiniteQuery(movements(sku, location));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useLedgerColumns();
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className={classes.stack}>
      {rows.length > 1 && (
        <Panel title={t('sku.history')} aside={<span className="soft">{t('sku.history.note', { n: rows.length })}</span>}>
          <Suspense fallback={t('loading')}>
            <History movements={rows} />
          </Suspense>
          <TimeTravel movements={rows} />
        </Panel>
      )}
      <Panel flush>
        <DataTable
          inline
          label={t('sku.tab.ledger')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.version)}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          empty={t('sku.ledger.empty')}
        />
      </Panel>
    </div>
  );
}

/** Why it happened, when no order did it. */
function Cause({ movement }: { movement: Movement }) {
  const { t } = useI18n();
  const { reservation_id: reservation } = movement;
  const note = movement.note ? noteOf(t, movement.note) : undefined;
  if (reservation) {
    return (
      <Link to="/reservations" search={{ view: 'all' }} title={reservation}>
        {note ?? `…${reservation.slice(-8)}`}
      </Link>
    );
  }
  return <span title={note}>{note ?? '–'}</span>;
}

/** Chooses an instant among the movements that are shown. */
function TimeTravel({ movements: rows }: { movements: Movement[] }) {
  const { t, f } = useI18n();
  const { as_of } = route.useSearch();
  const navigate = route.useNavigate();
  const oldestFirst = useMemo(() => [...rows].reverse(), [rows]);
  const last = oldestFirst.length - 1;
  const chosen = as_of ? oldestFirst.findLastIndex((movement) => movement.at <= as_of) : last;
  const go = (place: number) =>
    void navigate({
      replace: true,
      search: (before) => ({ ...before, as_of: place >= last ? undefined : oldestFirst[place]?.at }),
    });
  return (
    <Slider
      size="sm"
      mt="xs"
      thumbLabel={t('sku.travel')}
      min={0}
      max={last}
      value={Math.max(0, chosen)}
      label={(place) => (place >= last ? t('sku.travel.now') : f.dateTime(oldestFirst[place]?.at ?? 0))}
      onChange={go}
    />
  );
}

/** The movement and its reason; not the same word twice. */
function whatOf(movement: string, reason: string): string {
  return reason && reason.toLowerCase() !== movement.toLowerCase() ? `${movement} · ${reason}` : movement;
}

function useLedgerColumns(): Column<Movement>[] {
  const { t, f } = useI18n();
  const nameOf = useActorNames();
  const navigate = route.useNavigate();
  return useMemo(
    () => [
      { id: 'at', header: t('word.when'), width: '112px', cell: (row) => <At at={row.at} date /> },
      {
        id: 'what',
        header: t('word.what'),
        width: 'minmax(96px, 1.8fr)',
        cell: (row) => whatOf(wordOf(t, 'movement', row.kind), row.reason ? reasonOf(t, row.reason) : ''),
      },
      ...TERMS.map(
        (term): Column<Movement> => ({
          id: term,
          header: t(`figure.${term}`),
          width: term === 'on_hand' ? '104px' : '96px',
          align: 'end',
          from: term === 'unavailable' ? 1000 : 620,
          cell: (row) => (
            <span className={classes.delta}>
              {row.delta[term] !== 0 && <strong>{f.signed(row.delta[term])}</strong>}
              <span className={classes.after}>{f.number(row.after[term])}</span>
            </span>
          ),
        }),
      ),
      {
        id: 'available',
        header: t('figure.available'),
        width: '70px',
        align: 'end',
        cell: (row) => f.number(row.after.available),
      },
      {
        id: 'cause',
        header: t('sku.ledger.cause'),
        width: 'minmax(110px, 1.2fr)',
        from: 560,
        cell: (row) =>
          row.order_id ? (
            <Link to="/orders/$id" params={{ id: row.order_id }}>
              {row.order_id.slice(0, 4)}…{row.order_id.slice(-8)}
            </Link>
          ) : (
            <Cause movement={row} />
          ),
      },
      { id: 'who', header: t('word.who'), width: 'minmax(90px, 1fr)', from: 820, cell: (row) => <span className="soft">{nameOf(row.actor)}</span> },
      {
        id: 'then',
        header: t('actions'), bare: true,
        width: '30px',
        from: 700,
        cell: (row) => (
          <Tooltip label={t('sku.ledger.travel')}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={26}
              aria-label={`${t('sku.ledger.travel')}: ${f.dateTime(row.at)}`}
              onClick={() => void navigate({ search: (before) => ({ ...before, as_of: row.at }) })}
            >
              <IconHistory size={16} stroke={1.6} />
            </ActionIcon>
          </Tooltip>
        ),
      },
    ],
    [t, f, navigate, nameOf],
  );
}
