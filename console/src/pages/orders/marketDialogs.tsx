import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { job as jobQuery } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { FailureWords } from '~/parts/FailureWords';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateBadge } from '~/parts/StateBadge';
import classes from './MarketOrder.module.css';

interface Asked {
  /** The marketplace's order. */
  id: string;
  shop: string;
  onClose: () => void;
  /** The job that tells the marketplace. */
  onDone: (job: string | undefined) => void;
}

/** Tells the marketplace that the goods leave. Our own stock follows when it says so. */
export function ShipThereDialog({ id, shop, onClose, onDone }: Asked) {
  const { t } = useI18n();
  const [carrier, setCarrier] = useState('');
  const [tracking, setTracking] = useState('');
  const act = useAct(
    (body: Schemas['NewShipment'], key: string) =>
      take(api.POST('/v1/market-orders/{id}/ship', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body })),
    { refresh: [['market-orders'], ['jobs']], onDone: ({ jobs }) => onDone(jobs[0]) },
  );
  return (
    <Dialog title={t('order.ship.title')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ carrier: carrier.trim() || undefined, tracking_number: tracking.trim() || undefined });
        }}
      >
        <Stack gap="sm">
          <div>{t('market.ship.text', { shop })}</div>
          <TextInput data-autofocus label={t('order.ship.carrier')} value={carrier} onChange={(e) => setCarrier(e.currentTarget.value)} />
          <TextInput label={t('order.ship.tracking')} value={tracking} onChange={(e) => setTracking(e.currentTarget.value)} />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('close')}
            </Button>
            <Button type="submit" loading={act.isPending}>
              {t('market.ship.do', { shop })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

function AnswerDialog({ id, shop, accept, onClose, onDone }: Asked & { accept: boolean }) {
  const { t } = useI18n();
  const act = useAct(
    (body: Schemas['CancelAnswer'], key: string) =>
      take(api.POST('/v1/market-orders/{id}/answer-cancel', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body })),
    { refresh: [['market-orders'], ['jobs']], onDone: ({ jobs }) => onDone(jobs[0]) },
  );
  const word = accept ? 'accept' : 'refuse';
  return (
    <Dialog title={t(`market.wish.${word}.title`)} onClose={onClose}>
      <Stack gap="sm">
        <div>{t(`market.wish.${word}.text`, { shop })}</div>
        {act.isError && <ProblemNote error={act.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('close')}
          </Button>
          <Button color={accept ? 'red' : undefined} loading={act.isPending} onClick={() => act.mutate({ accept })}>
            {t(`market.wish.${word}`)}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** The buyer asked to cancel, and nobody has answered. */
export function CancelWish({ id, shop }: { id: string; shop: string }) {
  const { t } = useI18n();
  const may = useMay('orders:write');
  const [answer, setAnswer] = useState<'accept' | 'refuse'>();
  const [job, setJob] = useState<string>();
  return (
    <Panel title={t('market.wish.title')}>
      <div className={classes.wish}>
        <span>{t(may ? 'market.wish.text' : 'market.wish.none')}</span>
        {may && (
          <Group gap="xs">
            <Button size="xs" color="red" variant="light" onClick={() => setAnswer('accept')}>
              {t('market.wish.accept')}
            </Button>
            <Button size="xs" variant="default" onClick={() => setAnswer('refuse')}>
              {t('market.wish.refuse')}
            </Button>
          </Group>
        )}
      </div>
      {job && <JobNote id={job} />}
      {answer && (
        <AnswerDialog
          id={id}
          shop={shop}
          accept={answer === 'accept'}
          onClose={() => setAnswer(undefined)}
          onDone={(next) => {
            setAnswer(undefined);
            setJob(next);
          }}
        />
      )}
    </Panel>
  );
}

/** How far a job has come that was put into the queue here. */
export function JobNote({ id }: { id: string }) {
  const { t } = useI18n();
  const query = useQuery({ ...jobQuery(id), refetchInterval: ({ state }) => (state.data?.ended_at ? false : 2_000) });
  return (
    <div className={classes.job} role="status">
      <Link to="/jobs/$id" params={{ id }}>
        {t('market.job')}
      </Link>
      {query.data && <StateBadge topic="job" state={query.data.state} />}
      {query.data?.failure && query.data.state !== 'done' && <FailureWords failure={query.data.failure} />}
    </div>
  );
}
