import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { failures, queues, shops } from '~/api/queries';
import { useI18n } from '~/i18n';
import { en } from '~/i18n/en';
import { byCause } from '~/parts/deadJobs';
import { Filters, FilterSelect, ViewSwitch } from '~/parts/Filters';
import { FilterChip } from '~/parts/FilterChip';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { Verdict } from '~/parts/Verdict';
import { VOCABULARY } from '~/parts/vocabulary';
import { wordOf } from '~/parts/words';
import { Failures } from './Failures';
import { Jobs } from './Jobs';
import { Kinds } from './Kinds';
import { LaneCard } from './LaneCard';
import { stoppedIn } from './pause';
import classes from './Queues.module.css';

const route = getRouteApi('/queues');

const KINDS = Object.keys(en)
  .filter((key) => key.startsWith('kind.'))
  .map((key) => key.slice('kind.'.length));

/** The lanes, what was given up and why, and the jobs themselves. */
export function Queues() {
  const { t } = useI18n();
  const lanes = useQuery({ ...queues(), refetchInterval: 3_000 });
  return (
    <Page title={t('queues.title')} curl="/v1/queues" verdict={<QueuesVerdict />}>
      {lanes.isError && <ProblemNote error={lanes.error} onRetry={() => void lanes.refetch()} />}
      <ul className={classes.lanes} aria-label={t('queues.title')}>
        {(lanes.data?.data ?? []).map((lane) => (
          <LaneCard key={lane.queue} lane={lane} readAt={lanes.dataUpdatedAt} />
        ))}
      </ul>
      <Failures />
      <Kinds lanes={lanes.data?.data ?? []} />
      <JobFilters />
      <Jobs />
    </Page>
  );
}

function QueuesVerdict() {
  const { t } = useI18n();
  const lanes = useQuery(queues());
  const dead = useQuery(failures());
  if (!lanes.data || !dead.data) return null;
  const waiting = lanes.data.data.reduce((sum, lane) => sum + lane.ready, 0);
  const n = dead.data.data.reduce((sum, group) => sum + group.count, 0);
  const stopped = stoppedIn(lanes.data.data);
  const names = [...stopped.lanes.map((lane) => wordOf(t, 'lane', lane)), ...stopped.kinds.map(({ kind }) => wordOf(t, 'kind', kind))];
  const paused = names.length > 0 ? t('queues.verdict.paused', { what: names.join(', ') }) : '';
  if (n > 0) {
    const causes = t('queues.verdict.causes', { n: byCause(dead.data.data).length });
    return (
      <Verdict tone="bad">
        {t('queues.verdict.dead', { n, causes })} {paused}
      </Verdict>
    );
  }
  if (paused) return <Verdict tone="wait">{paused}</Verdict>;
  const words = waiting > 0 ? t('queues.verdict.waiting', { n: waiting }) : t('queues.verdict.idle');
  return <Verdict tone="ok">{t('queues.verdict.ok', { waiting: words })}</Verdict>;
}

function JobFilters() {
  const { t } = useI18n();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery(shops());
  const names = useShopNames();
  const change = (next: Partial<typeof filter>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false });
  const dead = filter.jobs !== 'live';
  return (
    <Filters
      aside={
        <ViewSwitch
          label={t('queues.title')}
          views={[
            { value: 'dead', label: t('jobs.dead') },
            { value: 'live', label: t('jobs.live') },
          ]}
          value={filter.jobs}
          onChange={(jobs) => change({ jobs: jobs === 'live' ? jobs : undefined, lane: undefined, state: undefined, code: undefined })}
        />
      }
    >
      <FilterSelect
        width={190}
        label={t('jobs.filter.kind')}
        choices={KINDS.map((kind) => ({ value: kind, label: wordOf(t, 'kind', kind) }))}
        value={filter.kind}
        onChange={(kind) => change({ kind })}
      />
      <FilterSelect
        width={170}
        label={t('jobs.filter.shop')}
        choices={(all.data?.data ?? []).map(({ shop }) => ({ value: shop, label: names.ofCode(shop) }))}
        value={filter.shop}
        onChange={(shop) => change({ shop })}
      />
      {!dead && (
        <FilterSelect
          width={140}
          label={t('jobs.filter.state')}
          choices={(['ready', 'running'] as const).map((value) => ({ value, label: t(VOCABULARY.job[value].word) }))}
          value={filter.state}
          onChange={(state) => change({ state })}
        />
      )}
      {!dead && filter.lane && (
        <FilterChip label={t('job.fact.lane')} value={wordOf(t, 'lane', filter.lane)} onRemove={() => change({ lane: undefined })} />
      )}
      {dead && filter.code && <FilterChip label={t('jobs.filter.code')} value={filter.code} onRemove={() => change({ code: undefined })} />}
    </Filters>
  );
}
