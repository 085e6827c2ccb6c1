import '@mantine/charts/styles.css';
import { LineChart } from '@mantine/charts';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';

/** What was available after each of the movements that are shown. */
export function History({ movements }: { movements: Schemas['Movement'][] }) {
  const { t, f } = useI18n();
  const data = useMemo(
    () =>
      [...movements].reverse().map(({ at, after }) => ({
        label: f.dateTime(at),
        available: after.available,
        on_hand: after.on_hand,
      })),
    [movements, f],
  );
  return (
    <LineChart
      h={150}
      data={data}
      dataKey="label"
      withDots={false}
      curveType="stepAfter"
      tickLine="none"
      gridAxis="x"
      strokeWidth={1.75}
      valueFormatter={f.number}
      xAxisProps={{ minTickGap: 80 }}
      yAxisProps={{ width: 48 }}
      withLegend
      series={[
        { name: 'on_hand', label: t('figure.on_hand'), color: 'var(--off)' },
        { name: 'available', label: t('figure.available'), color: 'var(--accent)' },
      ]}
    />
  );
}
