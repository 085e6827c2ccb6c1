import '@mantine/charts/styles.css';
import { LineChart } from '@mantine/charts';
import { useI18n } from '~/i18n';
import { Panel } from '~/parts/Page';
import type { Rehearsal } from './control';
import classes from './Rehearsal.module.css';

/** Latency is drawn by its order of magnitude: an answer in 9 ms and one that waited for a dead server are both seen. */
const TICKS = [1, 10, 100, 1_000, 10_000, 60_000, 600_000];

/** What happened each half second. */
export function Course({ rehearsal }: { rehearsal: Rehearsal }) {
  const { t, f } = useI18n();
  const { latency } = rehearsal;
  const points = rehearsal.points.map((point) => ({
    at: f.duration(point.at_ms),
    claims: point.claims_per_s,
    refused: point.refused_per_s,
    // Nobody was answered: there is nothing to draw.
    ...(point.latency.count > 0 && {
      p50: Math.max(1, point.latency.p50_ms),
      p95: Math.max(1, point.latency.p95_ms),
      p99: Math.max(1, point.latency.p99_ms),
    }),
  }));
  const most = Math.max(10, ...points.map(({ p99 }) => p99 ?? 0));
  const common = {
    h: 200,
    data: points,
    dataKey: 'at',
    tickLine: 'none',
    gridAxis: 'x',
    curveType: 'linear',
    withDots: points.length < 3,
    withLegend: true,
    strokeWidth: 1.75,
    xAxisProps: { minTickGap: 50 },
  } as const;
  return (
    <div className={classes.charts}>
      <Panel title={t('rehearsal.rate')}>
        <LineChart
          {...common}
          valueFormatter={f.number}
          yAxisProps={{ width: 56 }}
          series={[
            { name: 'claims', label: t('rehearsal.rate.claims'), color: 'var(--accent)' },
            { name: 'refused', label: t('rehearsal.rate.refused'), color: 'var(--bad)' },
          ]}
        />
      </Panel>
      <Panel
        title={t('rehearsal.latency')}
        aside={
          latency.count > 0 && (
            <span className="soft num">
              {t('rehearsal.latency.all', {
                p50: f.duration(latency.p50_ms),
                p95: f.duration(latency.p95_ms),
                p99: f.duration(latency.p99_ms),
              })}
            </span>
          )
        }
      >
        <LineChart
          {...common}
          connectNulls
          valueFormatter={f.duration}
          yAxisProps={{ width: 56, scale: 'log', domain: [1, 'auto'], ticks: TICKS.filter((tick) => tick <= most * 3) }}
          series={[
            { name: 'p50', label: 'p50', color: 'var(--busy)' },
            { name: 'p95', label: 'p95', color: 'var(--wait)' },
            { name: 'p99', label: 'p99', color: 'var(--bad)' },
          ]}
        />
      </Panel>
    </div>
  );
}
