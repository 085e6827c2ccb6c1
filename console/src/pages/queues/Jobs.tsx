import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { jobs } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Ago } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { serverWords } from '~/parts/ServerWords';
import { useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { wordOf } from '~/parts/words';
import { aboutOf } from './job';

type Job = Schemas['Job'];

const route = getRouteApi('/queues');

/** Jobs by filter: those that were given up, or those that wait and run. */
export function Jobs() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const { jobs: which, ...filter } = route.useSearch();
  const query = useInfiniteQuery(jobs(which === 'live' ? 'live' : 'dead', filter));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useJobColumns();
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Panel flush>
      <DataTable
        inline
        label={t(which === 'live' ? 'jobs.live' : 'jobs.dead')}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.id}
        loading={query.isPending}
        more={query.hasNextPage}
        onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
        onOpen={({ id }) => void navigate({ to: '/jobs/$id', params: { id } })}
        empty={t(Object.values(filter).some(Boolean) ? 'jobs.empty' : which === 'live' ? 'jobs.none.live' : 'jobs.none.dead')}
      />
    </Panel>
  );
}

function useJobColumns(): Column<Job>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  return useMemo(
    () => [
      {
        id: 'kind',
        header: t('failures.kind'),
        width: 'minmax(120px, 1.2fr)',
        cell: (row) => (
          <Link to="/jobs/$id" params={{ id: row.id }} className="code">
            {wordOf(t, 'kind', row.kind)}
          </Link>
        ),
      },
      { id: 'shop', header: t('word.shop'), width: 'minmax(90px, 0.8fr)', from: 480, cell: (row) => names.ofId(row.shop_id) },
      { id: 'about', header: t('jobs.about'), width: 'minmax(100px, 1fr)', from: 700, cell: (row) => <span className="mono">{aboutOf(row)}</span> },
      { id: 'state', header: t('word.state'), width: '110px', cell: (row) => <StateBadge topic="job" state={row.state} /> },
      {
        id: 'cause',
        header: t('failures.cause'),
        width: 'minmax(120px, 1.6fr)',
        from: 620,
        cell: (row) => row.failure && <span title={serverWords(t, row.failure.message)}>{wordOf(t, 'failure', row.failure.class)} <span className="mono soft">{row.failure.code}</span></span>,
      },
      { id: 'tries', header: t('jobs.tries'), width: '56px', align: 'end', from: 800, cell: (row) => f.number(row.claims) },
      {
        id: 'when',
        header: t('word.when'),
        width: '100px',
        align: 'end',
        from: 380,
        cell: (row) => <Ago at={row.failure?.at ?? row.run_at} />,
      },
    ],
    [t, f, names],
  );
}
