import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { withQuery } from '~/api/curl';
import { pushLatency, shops } from '~/api/queries';
import { useI18n } from '~/i18n';
import type { Column } from '~/parts/DataTable';
import { Filters, FilterSelect, ViewSwitch } from '~/parts/Filters';
import { At } from '~/parts/Moment';
import { paceOf, TARGET_MS } from '~/parts/pace';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { PushTable } from '~/parts/PushTable';
import { useShopNames } from '~/parts/shopNames';
import { Verdict } from '~/parts/Verdict';
import { Untold } from './Untold';
import { WhatIf } from './WhatIf';

type Push = Schemas['Push'];

const route = getRouteApi('/pushes');

/** Every figure that was told, and where its time went; or what is not told yet. */
export function Sync() {
  const { t } = useI18n();
  const { view, shop } = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery(shops());
  const names = useShopNames();
  const latency = useQuery({ ...pushLatency(shop), refetchInterval: 5_000 });
  const measured = shop ? latency.data?.shops.find((each) => each.shop === shop) : latency.data?.all;
  return (
    <Page
      title={t('sync.title')}
      curl={view === 'untold' ? withQuery('/v1/listings', { shop, waiting: true }) : withQuery('/v1/pushes', { shop })}
      verdict={
        latency.data && <SyncVerdict measured={measured} shops={shop ? [] : latency.data.shops} />
      }
    >
      <Filters
        aside={
          <ViewSwitch
            label={t('sync.title')}
            views={[
              { value: 'told', label: t('sync.view.told') },
              { value: 'untold', label: t('sync.view.untold') },
            ]}
            value={view}
            onChange={(next) => void navigate({ search: { shop, view: next === 'untold' ? next : undefined }, replace: true })}
          />
        }
      >
        <FilterSelect
          width={190}
          label={t('word.shop')}
          choices={(all.data?.data ?? []).map(({ shop: code }) => ({ value: code, label: names.ofCode(code) }))}
          value={shop}
          onChange={(code) => void navigate({ search: { view, shop: code }, replace: true })}
        />
      </Filters>
      {latency.isError && <ProblemNote error={latency.error} onRetry={() => void latency.refetch()} />}
      {view === 'untold' ? (
        <Untold shop={shop} />
      ) : (
        <>
          <Histogram bars={measured?.histogram ?? []} />
          <WhatIf />
          <Told shop={shop} />
        </>
      )}
    </Page>
  );
}

/** How fast the shops are told; when the slowest are too slow, where their time went and what helps. */
function SyncVerdict({ measured, shops: each }: { measured: Schemas['Latency'] | undefined; shops: readonly Schemas['Latency'][] }) {
  const { t, f, rich } = useI18n();
  const names = useShopNames();
  const pace = paceOf(measured, each);
  if (!pace || !measured?.total) return <Verdict tone="off">{t('sync.verdict.none')}</Verdict>;
  const { total } = measured;
  const [p50, p95, p99] = [f.duration(total.p50_ms), f.duration(total.p95_ms), f.duration(total.p99_ms)];
  const where = pace.slowest && (
    <>
      {' '}
      {rich('sync.verdict.where', {
        shop: (
          <Link to="/pushes" search={{ shop: pace.slowest }}>
            {names.ofCode(pace.slowest)}
          </Link>
        ),
      })}
    </>
  );
  if (pace.word === 'ok') return <Verdict tone="ok">{t('sync.verdict', { p50, p95, p99 })}</Verdict>;
  return (
    <Verdict tone="wait">
      {pace.word === 'slow' ? t('sync.verdict.slow', { p95, limit: f.duration(TARGET_MS) }) : t('sync.verdict.tail', { p95, p99, limit: f.duration(TARGET_MS) })}{' '}
      {rich(`sync.part.${pace.part}`, { queues: <Link to="/queues">{t('nav.queues')}</Link> })}
      {where}
    </Verdict>
  );
}

function Histogram({ bars }: { bars: Schemas['PushLatency']['all']['histogram'] }) {
  const { t, f } = useI18n();
  if (!bars.some((bar) => bar.count > 0)) return null;
  const data = bars.map((bar) => ({ label: bar.up_to_ms ? `≤ ${f.duration(bar.up_to_ms)}` : t('sync.more'), count: bar.count }));
  return (
    <Panel title={t('sync.histogram')}>
      <BarChart
        h={170}
        data={data}
        dataKey="label"
        tickLine="none"
        gridAxis="x"
        valueFormatter={f.number}
        series={[{ name: 'count', label: t('sync.pushes'), color: 'var(--busy)' }]}
      />
    </Panel>
  );
}

function Told({ shop }: { shop?: string }) {
  const { t } = useI18n();
  return <PushTable of={{ shop }} title={t('sync.pushes')} empty={t('sync.empty')} columns={useColumns()} />;
}

function useColumns(): Column<Push>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  return useMemo(() => {
    const channels = (row: Push) => ({ params: { sku: row.sku }, search: { tab: 'channels' } }) as const;
    return [
      { id: 'when', header: t('sync.when'), width: '84px', from: 420, cell: (row) => <At at={row.at} /> },
      {
        id: 'sku',
        header: t('sync.sku'),
        width: 'minmax(100px, 1.4fr)',
        cell: (row) => (
          <Link to="/stock/$sku" {...channels(row)} className="code">
            {row.sku}
          </Link>
        ),
      },
      {
        id: 'shop',
        header: t('sync.shop'),
        width: 'minmax(90px, 1fr)',
        from: 480,
        cell: (row) => (
          <Link to="/shops/$shop" params={{ shop: row.shop }}>
            {names.ofCode(row.shop)}
          </Link>
        ),
      },
      {
        id: 'figure',
        header: t('sync.figure'),
        width: '92px',
        align: 'end',
        cell: (row) => (
          <Link to="/stock/$sku" params={{ sku: row.sku }} search={{ tab: 'ledger' }}>
            {typeof row.from === 'number' ? f.number(row.from) : '–'} → {f.number(row.to)}
          </Link>
        ),
      },
      { id: 'total', header: t('sync.total'), width: '64px', align: 'end', cell: (row) => f.duration(row.total_ms) },
      { id: 'wait', header: t('sync.wait'), width: '90px', align: 'end', from: 760, cell: (row) => f.duration(row.wait_ms) },
      { id: 'limit', header: t('sync.limit'), width: '90px', align: 'end', from: 860, cell: (row) => f.duration(row.limit_ms) },
      { id: 'network', header: t('sync.network'), width: '100px', align: 'end', from: 660, cell: (row) => f.duration(row.network_ms) },
    ];
  }, [t, f, names]);
}
