import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { pushes } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { At } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';

type Push = Schemas['Push'];

/** What the shops were told of a SKU, newest first, and where the time went. */
export function Pushes({ sku }: { sku: string }) {
  const { t } = useI18n();
  const query = useInfiniteQuery(pushes({ sku }));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useColumns();
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <Panel title={t('sku.pushes')} flush>
      <DataTable
        inline
        label={t('sku.pushes')}
        columns={columns}
        rows={rows}
        rowKey={(row) => String(row.number)}
        loading={query.isPending}
        more={query.hasNextPage}
        onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
        empty={t('sku.pushes.empty')}
      />
    </Panel>
  );
}

function useColumns(): Column<Push>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  return useMemo(
    () => [
      { id: 'at', header: t('word.when'), width: 'minmax(94px, 128px)', cell: (row) => <At at={row.at} date /> },
      { id: 'shop', header: t('word.shop'), width: 'minmax(80px, 1fr)', cell: (row) => names.ofCode(row.shop) },
      {
        id: 'change',
        header: t('sku.pushes.told'),
        width: '110px',
        align: 'end',
        from: 400,
        cell: (row) => `${typeof row.from === 'number' ? f.number(row.from) : '–'} → ${f.number(row.to)}`,
      },
      ...(['wait_ms', 'limit_ms', 'network_ms'] as const).map(
        (part): Column<Push> => ({
          id: part,
          header: t(`sku.pushes.${part}`),
          width: '92px',
          align: 'end',
          from: 760,
          cell: (row) => <span className="soft">{f.duration(row[part])}</span>,
        }),
      ),
      { id: 'total', header: t('sku.pushes.total'), width: '64px', align: 'end', cell: (row) => <strong>{f.duration(row.total_ms)}</strong> },
    ],
    [t, f, names],
  );
}
