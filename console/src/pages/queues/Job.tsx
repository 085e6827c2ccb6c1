import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { job as jobQuery } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { useActorNames } from '~/parts/actorNames';
import { AskDialog } from '~/parts/AskDialog';
import { Ago, At } from '~/parts/Moment';
import { FactList } from '~/parts/FactList';
import { FailureWords } from '~/parts/FailureWords';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import { wordOf } from '~/parts/words';
import { useKey } from '~/shell/keyboard';
import { ReplayDialog } from './ReplayDialog';
import { Waits } from './Waits';
import { aboutOf } from './job';
import classes from './Queues.module.css';

type Job = Schemas['JobDetail'];

const route = getRouteApi('/jobs/$id');
/** Where the page says how the last try ended. */
const FAILURE = 'failure';

/** One job: where it stands, how its last try ended, and what it knows. */
export function JobPage() {
  const { t } = useI18n();
  const { id } = route.useParams();
  const query = useQuery({ ...jobQuery(id), refetchInterval: 3_000 });
  const job = query.data;
  return (
    <Page
      title={job ? t('job.title', { kind: wordOf(t, 'kind', job.kind) }) : id}
      above={<Link to="/queues">{t('job.above')}</Link>}
      beside={job && <StateBadge topic="job" state={job.state} pill />}
      curl={`/v1/jobs/${encodeURIComponent(id)}`}
      verdict={job && <JobVerdict job={job} />}
      actions={job && <JobActions job={job} />}
    >
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {job && (
        <div className={classes.columns}>
          <Facts job={job} />
          <Panel title={t('job.body')}>
            <pre className={classes.json}>{JSON.stringify(job.body, null, 2)}</pre>
          </Panel>
          {job.failure && <LastFailure failure={job.failure} />}
          {job.timeline.length > 0 && <JobTimeline events={job.timeline} />}
        </div>
      )}
    </Page>
  );
}

function JobVerdict({ job }: { job: Job }) {
  const { t, rich } = useI18n();
  const when = <Ago at={job.run_at} />;
  switch (job.state) {
    case 'ready':
      return job.waits.length > 0 ? (
        <Verdict tone="wait">
          <Waits job={job} />
        </Verdict>
      ) : job.failure ? (
        <Verdict tone="wait">{rich('job.verdict.retry', { code: job.failure.code, when })}</Verdict>
      ) : (
        <Verdict tone="busy">{rich('job.verdict.ready', { when })}</Verdict>
      );
    case 'running':
      return <Verdict tone="busy">{t('job.verdict.running')}</Verdict>;
    case 'dead':
      return <Verdict tone="bad">{t('job.verdict.dead', { remedy: job.failure ? wordOf(t, 'class', job.failure.class) : '' })}</Verdict>;
    default:
      return <Verdict tone="off">{t('job.verdict.ended', { state: wordOf(t, 'state', job.state) })}</Verdict>;
  }
}

function JobActions({ job }: { job: Job }) {
  const { t } = useI18n();
  const may = useMay('queues:operate');
  const [replaying, setReplaying] = useState(false);
  const [leaving, setLeaving] = useState(false);
  useKey('r', () => setReplaying(may && job.state === 'dead'));
  const cancel = useAct(
    (id: string, key: string) =>
      take(api.POST('/v1/jobs/{id}/cancel', { params: { path: { id }, header: { 'Idempotency-Key': key } } })),
    {
      refresh: [['jobs'], ['queues']],
      onDone: () => {
        notifications.show({ message: t('job.cancelled'), color: 'teal' });
        setLeaving(false);
      },
    },
  );
  if (!may) return null;
  return (
    <>
      {job.state === 'dead' && (
        <Button size="xs" h={32} onClick={() => setReplaying(true)}>
          {t('failures.replay')}
        </Button>
      )}
      {(job.state === 'ready' || job.state === 'running') && (
        <Button size="xs" h={32} variant="default" onClick={() => setLeaving(true)}>
          {t('job.cancel')}
        </Button>
      )}
      {leaving && (
        <AskDialog title={t('job.cancel.title')} label={t('job.cancel')} danger act={cancel} onDo={() => cancel.mutate(job.id)} onClose={() => setLeaving(false)}>
          <div>
            <strong>{wordOf(t, 'kind', job.kind)}</strong> <span className="mono">{aboutOf(job)}</span>
          </div>
          <div>{t('job.cancel.text')}</div>
          {job.state === 'running' && <div>{t('job.cancel.running')}</div>}
        </AskDialog>
      )}
      {replaying && <ReplayDialog filter={{ jobs: [job.id] }} known={1} onClose={() => setReplaying(false)} />}
    </>
  );
}

function Facts({ job }: { job: Job }) {
  const { t, f } = useI18n();
  const names = useShopNames();
  const cause = (figure: string) => (job.failure ? <a href={`#${FAILURE}`}>{figure}</a> : figure);
  const facts: [string, ReactNode][] = [
    [t('word.id'), <span className="mono">{job.id}</span>],
    [
      t('word.shop'),
      job.shop_id ? (
        <Link to="/shops/$shop" params={{ shop: names.codeOf(job.shop_id) ?? String(job.shop_id) }}>
          {names.ofId(job.shop_id)}
        </Link>
      ) : (
        '–'
      ),
    ],
    [t('jobs.about'), <span className="mono">{aboutOf(job)}</span>],
    [t('job.fact.lane'), wordOf(t, 'lane', job.lane)],
    [t('job.fact.class'), t('job.fact.class.value', { n: job.class })],
    [t('order.fact.placed'), <At at={job.created_at} date />],
    [t('jobs.next'), <At at={job.run_at} date />],
    [t('job.fact.attempts'), cause(typeof job.tries.of === 'number' ? t('job.fact.attempts.of', { n: job.tries.made, of: job.tries.of }) : f.number(job.tries.made))],
    [t('job.fact.claims'), t('job.fact.claims.value', { n: job.claims })],
    [t('job.fact.crashes'), cause(f.number(job.crashes))],
    [
      t('job.fact.replay_of'),
      job.replay_of ? (
        <Link to="/jobs/$id" params={{ id: job.replay_of }} className="mono">
          {job.replay_of}
        </Link>
      ) : (
        '–'
      ),
    ],
    [t('order.timeline.trace'), <span className="mono">{job.traceparent ?? '–'}</span>],
  ];
  return (
    <Panel title={t('job.facts')}>
      <FactList facts={facts} className={classes.facts} />
    </Panel>
  );
}

/** What the feed says of it. */
function JobTimeline({ events }: { events: Job['timeline'] }) {
  const { t } = useI18n();
  const nameOf = useActorNames();
  return (
    <Panel title={t('order.timeline')}>
      <dl className={classes.facts}>
        {events.map((event) => (
          <div key={event.number}>
            <dt>
              <At at={event.at} date />
            </dt>
            <dd>
              {wordOf(t, 'event', event.type)} <span className="soft">{t('order.timeline.by', { who: nameOf(event.actor) })}</span>
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function LastFailure({ failure }: { failure: NonNullable<Job['failure']> }) {
  const { t } = useI18n();
  return (
    <Panel id={FAILURE} title={t('job.failure')} aside={<Ago at={failure.at} />}>
      <FailureWords failure={failure} />
      <p>{wordOf(t, 'class', failure.class)}</p>
    </Panel>
  );
}
