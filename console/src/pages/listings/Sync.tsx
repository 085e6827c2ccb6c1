import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { pushes, pushLatency } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { At } from '~/parts/Moment';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { Verdict } from '~/parts/Verdict';
import { WhatIf } from './WhatIf';

type Push = Schemas['Push'];

/** Every figure that was told, and where its time went. */
export function Sync() {
  const { t, f } = useI18n();
  const latency = useQuery({ ...pushLatency(), refetchInterval: 5_000 });
  const query = useInfiniteQuery({ ...pushes(), refetchInterval: 5_000 });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useColumns();
  const total = latency.data?.all.total;
  const bars = (latency.data?.all.histogram ?? []).map((bar) => ({
    label: bar.up_to_ms ? `≤ ${f.duration(bar.up_to_ms)}` : t('sync.more'),
    count: bar.count,
  }));
  return (
    <Page
      title={t('sync.title')}
      curl="/v1/pushes"
      verdict={
        latency.data && (
          <Verdict tone={!total ? 'off' : total.p95_ms < 3_000 ? 'ok' : 'wait'}>
            {total
              ? t('sync.verdict', { p50: f.duration(total.p50_ms), p95: f.duration(total.p95_ms), p99: f.duration(total.p99_ms) })
              : t('sync.verdict.none')}
          </Verdict>
        )
      }
    >
      {latency.isError && <ProblemNote error={latency.error} onRetry={() => void latency.refetch()} />}
      {bars.some((bar) => bar.count > 0) && (
        <Panel title={t('sync.histogram')}>
          <BarChart
            h={170}
            data={bars}
            dataKey="label"
            tickLine="none"
            gridAxis="x"
            valueFormatter={f.number}
            series={[{ name: 'count', label: t('sync.pushes'), color: 'var(--busy)' }]}
          />
        </Panel>
      )}
      <WhatIf />
      <Panel title={t('sync.pushes')} flush>
        {query.isError ? (
          <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <DataTable inline label={t('sync.pushes')} columns={columns} rows={rows} rowKey={(row) => String(row.number)} loading={query.isPending} empty={t('sync.empty')} />
        )}
      </Panel>
    </Page>
  );
}

function useColumns(): Column<Push>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  return useMemo(
    () => [
      { id: 'when', header: t('sync.when'), width: '96px', cell: (row) => <At at={row.at} /> },
      {
        id: 'sku',
        header: t('sync.sku'),
        width: 'minmax(120px, 1.4fr)',
        cell: (row) => (
          <Link to="/stock/$sku" params={{ sku: row.sku }} search={{ tab: 'channels' }} className="code">
            {row.sku}
          </Link>
        ),
      },
      { id: 'shop', header: t('sync.shop'), width: 'minmax(90px, 1fr)', from: 480, cell: (row) => names.ofCode(row.shop) },
      {
        id: 'figure',
        header: t('sync.figure'),
        width: '110px',
        align: 'end',
        cell: (row) => `${row.from === null || row.from === undefined ? '–' : f.number(row.from)} → ${f.number(row.to)}`,
      },
      { id: 'total', header: t('sync.total'), width: '90px', align: 'end', cell: (row) => f.duration(row.total_ms) },
      { id: 'wait', header: t('sync.wait'), width: '90px', align: 'end', from: 760, cell: (row) => f.duration(row.wait_ms) },
      { id: 'limit', header: t('sync.limit'), width: '90px', align: 'end', from: 860, cell: (row) => f.duration(row.limit_ms) },
      { id: 'network', header: t('sync.network'), width: '100px', align: 'end', from: 660, cell: (row) => f.duration(row.network_ms) },
    ],
    [t, f, names],
  );
}
