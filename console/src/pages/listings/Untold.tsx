import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { listings, shops } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { pushState } from '~/parts/pushState';
import { serverWords } from '~/parts/ServerWords';
import { useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { troubleOf } from '~/parts/trouble';

type Listing = Schemas['Listing'];

/** Listings whose figure is not there yet: what they show, what they should show, and what they wait for. */
export function Untold({ shop }: { shop?: string }) {
  const { t } = useI18n();
  const query = useInfiniteQuery({ ...listings({ shop, waiting: true }), refetchInterval: 5_000 });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useColumns();
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Panel title={t('sync.view.untold')} flush>
      <DataTable
        inline
        label={t('sync.view.untold')}
        columns={columns}
        rows={rows}
        rowKey={(row) => String(row.id)}
        loading={query.isPending}
        more={query.hasNextPage}
        onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
        empty={t(shop ? 'sync.untold.shop' : 'sync.untold.empty')}
        tone={(row) => (row.trouble ? 'bad' : undefined)}
      />
    </Panel>
  );
}

function useColumns(): Column<Listing>[] {
  const { t } = useI18n();
  const names = useShopNames();
  const all = useQuery(shops());
  const states = useMemo(() => new Map(all.data?.data.map((shop) => [shop.id, shop.state]) ?? []), [all.data]);
  return useMemo(() => {
    const place = (row: Listing, tab: 'ledger' | 'channels') => ({ to: '/stock/$sku', params: { sku: row.sku ?? '' }, search: { tab } }) as const;
    const figure = (row: Listing, value: number | null | undefined, label: string, tab: 'ledger' | 'channels') =>
      typeof value === 'number' ? <Figure value={value} label={label} to={row.sku ? place(row, tab) : undefined} /> : '–';
    return [
      {
        id: 'sku',
        header: t('word.sku'),
        width: 'minmax(96px, 1.4fr)',
        cell: (row) =>
          row.sku ? (
            <Link {...place(row, 'channels')} className="code">
              {row.sku}
            </Link>
          ) : (
            row.title
          ),
      },
      { id: 'shop', header: t('word.shop'), width: 'minmax(76px, 1fr)', cell: (row) => names.ofId(row.shop_id) },
      { id: 'shows', header: t('sync.untold.shows'), width: '80px', align: 'end', from: 420, cell: (row) => figure(row, row.pushed ?? row.seen, t('sync.untold.shows'), 'channels') },
      { id: 'should', header: t('sku.channels.should'), width: '92px', align: 'end', cell: (row) => figure(row, row.should, t('sku.channels.should'), 'ledger') },
      { id: 'state', header: t('word.state'), width: '120px', from: 480, cell: (row) => <StateBadge topic="push" state={pushState(row, states.get(row.shop_id))} /> },
      { id: 'trouble', header: t('mapping.trouble'), width: 'minmax(120px, 2fr)', from: 760, cell: (row) => row.trouble && <span title={serverWords(t, troubleOf(t, row.trouble).said)}>{troubleOf(t, row.trouble).words}</span> },
    ];
  }, [t, names, states]);
}
