import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import type { LinkProps } from '@tanstack/react-router';
import type { Schemas } from '~/api/client';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { Panel } from '~/parts/Page';
import { pauseReasonOf } from '~/parts/serverNotes';
import { StateBadge } from '~/parts/StateBadge';
import { wordOf } from '~/parts/words';
import { usePause } from './pause';
import { PauseDialog } from './PauseDialog';

type Row = Schemas['Kind'] & { lane: string };

/** Every kind of job, and whether it goes. Those that were stopped come first. */
export function Kinds({ lanes }: { lanes: readonly Schemas['Lane'][] }) {
  const { t } = useI18n();
  const [pausing, setPausing] = useState<Row>();
  const rows = useMemo(() => {
    const all = lanes.flatMap(({ queue, kinds }) => kinds.map((kind) => ({ ...kind, lane: queue })));
    return [...all.filter(({ paused }) => paused), ...all.filter(({ paused }) => !paused)];
  }, [lanes]);
  const columns = useColumns(setPausing);
  return (
    <Panel title={t('kinds.title')} aside={<span className="soft">{t('kinds.note')}</span>} flush>
      <DataTable
        inline
        label={t('kinds.title')}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.kind}
        empty={t('loading')}
        tone={(row) => (row.paused ? 'wait' : undefined)}
      />
      {pausing && <PauseDialog kind={pausing} onClose={() => setPausing(undefined)} />}
    </Panel>
  );
}

function useColumns(onPause: (row: Row) => void): Column<Row>[] {
  const { t } = useI18n();
  return useMemo(() => {
    const live = (kind: string, state: string): LinkProps => ({ to: '/queues', search: { jobs: 'live', kind, state }, resetScroll: false });
    return [
      { id: 'kind', header: t('failures.kind'), width: 'minmax(104px, 1.4fr)', cell: (row) => <span title={pauseReasonOf(row)}>{wordOf(t, 'kind', row.kind)}</span> },
      { id: 'lane', header: t('job.fact.lane'), width: 'minmax(110px, 1fr)', from: 900, cell: (row) => wordOf(t, 'lane', row.lane) },
      { id: 'ready', header: t('queues.lane.ready'), width: '64px', align: 'end', cell: (row) => <Figure value={row.ready} label={t('queues.lane.ready')} to={live(row.kind, 'ready')} /> },
      { id: 'running', header: t('queues.lane.running'), width: '72px', align: 'end', from: 520, cell: (row) => <Figure value={row.running} label={t('queues.lane.running')} to={live(row.kind, 'running')} /> },
      {
        id: 'dead',
        header: t('jobs.dead'),
        width: '84px',
        align: 'end',
        from: 420,
        cell: (row) => (
          <Figure value={row.dead} tone={row.dead > 0 ? 'bad' : undefined} label={t('jobs.dead')} to={{ to: '/queues', search: { kind: row.kind }, resetScroll: false }} />
        ),
      },
      {
        id: 'state',
        header: t('word.state'),
        width: 'minmax(110px, 2fr)',
        from: 560,
        cell: (row) => (
          <span title={pauseReasonOf(row)}>
            <StateBadge topic="kind" state={row.paused ? 'paused' : 'works'} />
            {pauseReasonOf(row) && ` · ${pauseReasonOf(row)}`}
          </span>
        ),
      },
      { id: 'do', header: t('actions'), bare: true, width: '104px', align: 'end', cell: (row) => <Toggle row={row} onPause={onPause} /> },
    ];
  }, [t, onPause]);
}

function Toggle({ row, onPause }: { row: Row; onPause: (row: Row) => void }) {
  const { t } = useI18n();
  const may = useMay('queues:operate');
  const act = usePause(row.kind, { tells: true });
  if (!may) return null;
  return row.paused ? (
    <Button size="compact-xs" loading={act.isPending} onClick={() => act.mutate({ paused: false })}>
      {t('queues.lane.resume')}
    </Button>
  ) : (
    <Button size="compact-xs" variant="default" onClick={() => onPause(row)}>
      {t('queues.lane.pause')}
    </Button>
  );
}
