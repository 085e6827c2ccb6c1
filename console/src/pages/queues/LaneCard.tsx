import { Button, NumberInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { Link, type LinkProps } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Figure } from '~/parts/Figure';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { Sparkline } from '~/parts/Sparkline';
import { wordOf } from '~/parts/words';
import { LanePauseDialog } from './LanePauseDialog';
import classes from './Queues.module.css';

type Lane = Schemas['Lane'];

const live = { jobs: 'live' } as const;
/** Readings that are kept for the small line. */
const READINGS = 60;
/** A job that has waited so long is worth a look. */
const SLOW_MS = 30_000;

/** One lane: what is in it, how fast it may go, and whether it goes at all. */
export function LaneCard({ lane, readAt }: { lane: Lane; readAt: number }) {
  const { t, f } = useI18n();
  const names = useShopNames();
  const [history, setHistory] = useState<number[]>([]);
  const ready = lane.ready;
  const jobsOf = (state: string): LinkProps => ({ to: '/queues', search: { ...live, lane: lane.queue, state }, resetScroll: false });
  useEffect(() => setHistory((before) => [...before, ready].slice(-READINGS)), [ready, readAt]);
  return (
    <li className={classes.lane}>
      <div className={classes.head}>
        <strong>{wordOf(t, 'lane', lane.queue)}</strong>
        <span className="soft mono">{lane.queue}</span>
      </div>
      <div className={classes.figures}>
        <div>
          <span className={classes.figure}>
            <strong>
              <Figure value={ready} label={t('queues.lane.ready')} to={jobsOf('ready')} />
            </strong>
            <span className="soft">{t('queues.lane.ready')}</span>
          </span>
          <span className={classes.figure}>
            <strong>
              <Figure value={lane.running} label={t('queues.lane.running')} to={jobsOf('running')} />
            </strong>
            <span className="soft">{t('queues.lane.running')}</span>
          </span>
        </div>
        <span title={t('queues.lane.depth')}>
          <Sparkline values={history} />
        </span>
      </div>
      <div className={lane.oldest_wait_ms > SLOW_MS ? 'tone-wait' : 'soft'}>
        {ready === 0
          ? t('queues.lane.idle')
          : lane.oldest_wait_ms === 0
            ? t('queues.lane.later')
            : t('queues.lane.oldest', { span: f.duration(lane.oldest_wait_ms) })}
        {' · '}
        {t('queues.lane.done', { n: lane.ended_last_minute })}
        {lane.failed_last_minute > 0 && (
          <>
            {' · '}
            <Link to="/queues" search={{ ...live, lane: lane.queue }} resetScroll={false} className={`${classes.failed} tone-wait`}>
              {t('queues.lane.failed', { n: lane.failed_last_minute })}
            </Link>
          </>
        )}
      </div>
      <ul className={classes.kinds}>
        {lane.jobs.map((group) => (
          <li key={`${group.kind}/${group.shop_id}/${group.state}`}>
            <span className="clip">
              {wordOf(t, 'kind', group.kind)} · {names.ofId(group.shop_id)}
            </span>
            <Link
              className="num"
              to="/queues"
              search={{ ...live, kind: group.kind, state: group.state, shop: group.shop_id ? names.codeOf(group.shop_id) : undefined }}
              resetScroll={false}
            >
              {f.number(group.count)} {t(group.state === 'running' ? 'queues.lane.running' : 'queues.lane.ready')}
            </Link>
          </li>
        ))}
      </ul>
      <LaneControls lane={lane} />
    </li>
  );
}

function LaneControls({ lane }: { lane: Lane }) {
  const { t } = useI18n();
  const may = useMay('queues:operate');
  const [slots, setSlots] = useState(lane.concurrency);
  const [pausing, setPausing] = useState(false);
  useEffect(() => setSlots(lane.concurrency), [lane.concurrency]);
  const act = useAct(
    (body: Schemas['LaneChange'], key: string) =>
      take(
        api.PATCH('/v1/queues/{queue}', {
          params: { path: { queue: lane.queue }, header: { 'Idempotency-Key': key } },
          body,
        }),
      ),
    { refresh: [['queues']] },
  );
  const change = useDebouncedCallback((concurrency: number) => act.mutate({ concurrency, paused: lane.paused }), 500);
  return (
    <>
      <div className={classes.slots}>
        <label htmlFor={`slots-${lane.queue}`}>{t('queues.lane.slots')}</label>
        <NumberInput
          id={`slots-${lane.queue}`}
          size="xs"
          w={72}
          min={1}
          max={100}
          allowDecimal={false}
          disabled={!may}
          value={slots}
          onChange={(value) => {
            const next = Number(value);
            if (!Number.isInteger(next) || next < 1) return;
            setSlots(next);
            if (next !== lane.concurrency) change(next);
          }}
        />
        <Button
          size="compact-sm"
          variant={lane.paused ? 'filled' : 'default'}
          disabled={!may}
          loading={act.isPending}
          onClick={() => (lane.paused ? act.mutate({ concurrency: lane.concurrency, paused: false }) : setPausing(true))}
        >
          {t(lane.paused ? 'queues.lane.resume' : 'queues.lane.pause')}
        </Button>
      </div>
      {act.isError && <ProblemNote error={act.error} />}
      {pausing && (
        <LanePauseDialog
          lane={lane}
          onClose={() => setPausing(false)}
          onPause={() => {
            setPausing(false);
            act.mutate({ concurrency: lane.concurrency, paused: true });
          }}
        />
      )}
    </>
  );
}
