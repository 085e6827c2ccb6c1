import { Button } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { useActorNames } from '~/parts/actorNames';
import { useBoxColumn } from '~/parts/BoxColumn';
import { DataTable, type Column } from '~/parts/DataTable';
import { At } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { Verdict } from '~/parts/Verdict';
import { allChanges, canUndo, inOneGo, type Change } from './changes';
import { MappedTo } from './MappedTo';
import { listingName, mappingHistory } from './readHistory';
import { UndoMapping } from './UndoMapping';
import classes from './Mapping.module.css';

const route = getRouteApi('/mapping');

/** How many changes are undone in one go. */
const UNDONE_MAX = 50;

/** The changes that fit the address, newest first; over all listings only those that somebody asked for. */
function useHistory() {
  const { shop, listing } = route.useSearch();
  const query = useInfiniteQuery(mappingHistory(listing));
  const changes = useMemo(() => allChanges(query.data?.pages.flatMap(({ data }) => data) ?? []), [query.data]);
  const rows = useMemo(() => changes.filter((change) => !shop || change.shop === shop), [changes, shop]);
  return { query, rows, listing };
}

/** What was mapped and unmapped, of one listing or of all, and the way back. */
export function History() {
  const { t } = useI18n();
  const { query, rows } = useHistory();
  const may = useMay('stock:write');
  const [undoing, setUndoing] = useState<readonly Change[]>();
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const toggle = useCallback(({ number }: Change) => {
    setChosen((before) => {
      const next = new Set(before);
      if (!next.delete(number)) next.add(number);
      return next;
    });
  }, []);
  // Undone meanwhile, or overtaken: what is not to be undone any more is not chosen any more.
  const picked = useMemo(() => rows.filter((row) => chosen.has(row.number) && canUndo(row)).slice(0, UNDONE_MAX), [rows, chosen]);
  const box = useHistoryBox(chosen, toggle);
  const rest = useColumns(setUndoing);
  const columns = useMemo(() => (may ? [box, ...rest] : rest), [may, box, rest]);
  const withIt = () => setChosen(new Set(picked.flatMap((one) => inOneGo(rows, one)).map(({ number }) => number)));
  return (
    <>
      {may && rows.length > 0 && (
        <div className={classes.bar} data-idle={picked.length === 0 ? '' : undefined} role="region" aria-label={t('mapping.history.chosen', { n: picked.length })}>
          <strong>{t('mapping.history.chosen', { n: picked.length })}</strong>
          <Button size="compact-sm" disabled={picked.length === 0} onClick={() => setUndoing(picked)}>
            {t('mapping.undo')}
          </Button>
          <Button size="compact-sm" variant="default" disabled={picked.length === 0} onClick={withIt}>
            {t('mapping.history.together')}
          </Button>
        </div>
      )}
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('mapping.view.history')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.number)}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          stale={query.isStale && !query.isFetching && (query.data?.pages.length ?? 0) > 3}
          onReload={() => void query.refetch()}
          onOpen={(row) => setUndoing([row])}
          onKey={(key, row) => key === 'x' && may && canUndo(row) && toggle(row)}
          empty={t('mapping.history.empty')}
        />
      )}
      {undoing && <UndoMapping changes={undoing} onClose={() => setUndoing(undefined)} />}
    </>
  );
}

/** How many changes there were; there is no good or bad in it. */
export function HistoryVerdict() {
  const { t } = useI18n();
  const { query, rows, listing } = useHistory();
  // How often one was changed is known when all of it was read.
  if (!query.data || (listing !== undefined && query.hasNextPage)) return null;
  const n = new Set(rows.map((row) => row.listing)).size;
  return <Verdict tone="ok">{listing === undefined ? t('mapping.history.verdict', { n }) : t('mapping.history.verdict.one', { n: rows.length })}</Verdict>;
}

function useHistoryBox(chosen: ReadonlySet<number>, toggle: (row: Change) => void): Column<Change> {
  const { t } = useI18n();
  const isChosen = useCallback((row: Change) => chosen.has(row.number), [chosen]);
  const label = useCallback((row: Change) => t('mapping.history.choose', { id: row.listing }), [t]);
  const box = useBoxColumn(isChosen, toggle, label, 480);
  return useMemo(() => ({ ...box, cell: (row) => canUndo(row) && box.cell(row) }), [box]);
}

function Name({ listing }: { listing: number }) {
  const name = useQuery(listingName(listing)).data;
  return <span title={name?.seller_sku}>{name?.title ?? `#${listing}`}</span>;
}

function useColumns(onUndo: (changes: readonly Change[]) => void): Column<Change>[] {
  const { t } = useI18n();
  const names = useShopNames();
  const nameOf = useActorNames();
  const may = useMay('stock:write');
  return useMemo(
    () => [
      { id: 'when', header: t('word.when'), width: '112px', from: 560, cell: (row) => <At at={row.at} date /> },
      { id: 'who', header: t('word.who'), width: 'minmax(84px, 0.8fr)', from: 900, cell: (row) => <span className="soft">{nameOf(row.actor)}</span> },
      { id: 'listing', header: t('mapping.listing'), width: 'minmax(90px, 1.6fr)', cell: (row) => <Name listing={row.listing} /> },
      { id: 'shop', header: t('mapping.shop'), width: 'minmax(72px, 0.7fr)', from: 760, cell: (row) => names.ofCode(row.shop) },
      {
        id: 'change',
        header: t('mapping.history.change'),
        width: 'minmax(150px, 3fr)',
        cell: (row) => (
          <>
            <MappedTo to={row.from} /> → <MappedTo to={row.to} />
          </>
        ),
      },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '120px',
        align: 'end',
        from: 480,
        cell: (row) =>
          !row.last ? (
            <span className="soft">{t('mapping.history.overtaken')}</span>
          ) : (
            may &&
            canUndo(row) && (
              <Button size="compact-xs" variant="default" onClick={() => onUndo([row])}>
                {t('mapping.undo')}
              </Button>
            )
          ),
      },
    ],
    [t, names, nameOf, may, onUndo],
  );
}
