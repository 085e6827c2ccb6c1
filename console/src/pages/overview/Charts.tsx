import '@mantine/charts/styles.css';
import { BarChart, LineChart } from '@mantine/charts';
import { useI18n } from '~/i18n';
import { useLiveNow, useMeter } from '~/live/LiveProvider';
import { Panel } from '~/parts/Page';
import { series } from './series';

/** Latency is drawn by its order of magnitude: a push in 9 ms and one that waited 8 s are both to be seen. */
const TICKS = [1, 10, 100, 1_000, 10_000, 60_000, 600_000];

/** How long a push takes, and how much there is to do. */
export function Charts({ span }: { span: number }) {
  const { t, f } = useI18n();
  const meter = useMeter();
  const now = useLiveNow();
  const { points, stepMs, spanMs } = series(meter, now, span);
  const data = points.map((point) => ({ ...point, label: f.time(point.at) }));
  const most = Math.max(10, ...points.map(({ p95 }) => p95 ?? 0));
  const drawn = data.length > 1;
  const common = { h: 190, data, dataKey: 'label', tickLine: 'none', gridAxis: 'x' } as const;
  const axis = { minTickGap: 60 };
  const since = <span className="soft">{t('overview.since', { span: f.duration(spanMs) })}</span>;
  return (
    <>
      <Panel title={t('overview.latency')} aside={since}>
        {drawn ? (
          <LineChart
            {...common}
            xAxisProps={axis}
            valueFormatter={f.duration}
            curveType="linear"
            // Where nothing was pushed there is no line, so a push with none beside it is only a dot.
            connectNulls={false}
            dotProps={{ r: 2 }}
            withLegend
            strokeWidth={1.75}
            yAxisProps={{ width: 62, scale: 'log', domain: [1, 'auto'], ticks: TICKS.filter((tick) => tick <= most * 3) }}
            series={[
              { name: 'p50', label: t('overview.chart.p50'), color: 'var(--busy)' },
              { name: 'p95', label: t('overview.chart.p95'), color: 'var(--wait)' },
            ]}
          />
        ) : (
          <p className="soft">{t('overview.chart.none')}</p>
        )}
      </Panel>
      <Panel title={t('overview.flow')} aside={<span className="soft">{t('overview.flow.note', { step: f.duration(stepMs) })}</span>}>
        {drawn ? (
          <BarChart
            {...common}
            xAxisProps={axis}
            valueFormatter={f.number}
            withLegend
            yAxisProps={{ width: 62 }}
            series={[
              { name: 'orders', label: t('overview.chart.orders'), color: 'var(--accent)' },
              { name: 'pushes', label: t('overview.chart.pushes'), color: 'var(--busy)' },
            ]}
          />
        ) : (
          <p className="soft">{t('overview.chart.none')}</p>
        )}
      </Panel>
    </>
  );
}
