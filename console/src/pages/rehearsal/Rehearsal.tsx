import { Button, Group, NumberInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { download } from '~/parts/csv';
import { Flash, Tile } from '~/parts/Figure';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import { Course } from './Course';
import { Proof } from './Proof';
import { end, goesOn, kill, rehearsal, start, toneOf, type Plan, type Rehearsal } from './control';
import classes from './Rehearsal.module.css';

/** A thousand buyers want five hundred units, the server is killed, and nothing is oversold or lost. */
export function RehearsalPage() {
  const { t } = useI18n();
  const { data, error, refetch } = useQuery(rehearsal());
  const shown = data ?? undefined;
  return (
    <Page
      title={t('rehearsal.title')}
      curl="/v1/rehearsals"
      verdict={data !== undefined && <Verdict tone={toneOf(data)}><Words rehearsal={shown} /></Verdict>}
      actions={
        shown?.report && (
          <Button
            variant="default"
            size="sm"
            onClick={() => download(`${shown.id}.json`, JSON.stringify(shown, null, 2), 'application/json')}
          >
            {t('rehearsal.download')}
          </Button>
        )
      }
    >
      <p className={classes.lead}>{t('rehearsal.text')}</p>
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {data !== undefined && (
        <div className={classes.top}>
          <Panel title={t('rehearsal.plan')}>{goesOn(shown) && shown ? <Running rehearsal={shown} /> : <Starting last={shown} />}</Panel>
          {shown && <Remaining rehearsal={shown} />}
        </div>
      )}
      {shown && (
        <>
          <Tiles rehearsal={shown} />
          <Proof rehearsal={shown} />
          <Kills rehearsal={shown} />
          {shown.points.length > 0 && <Course rehearsal={shown} />}
        </>
      )}
    </Page>
  );
}

function Words({ rehearsal }: { rehearsal: Rehearsal | undefined }) {
  const { t } = useI18n();
  if (!rehearsal) return t('rehearsal.verdict.none');
  const { counts, plan, report } = rehearsal;
  switch (rehearsal.state) {
    case 'starting':
      return t('rehearsal.verdict.starting');
    case 'selling':
      return t('rehearsal.verdict.selling', { claims: counts.claims - counts.releases, units: plan.units, orders: counts.orders });
    case 'killed':
      return t('rehearsal.verdict.killed');
    case 'checking':
      return t('rehearsal.verdict.checking');
    case 'failed':
      return t('rehearsal.verdict.failed', { problem: rehearsal.problem ?? '' });
    case 'done':
      return report?.holds
        ? t('rehearsal.verdict.holds', { n: counts.orders, units: plan.units })
        : t('rehearsal.verdict.broken', { n: report?.invariants.filter((each) => !each.holds).length ?? 0 });
  }
}

const FIELDS = [
  { name: 'units', label: 'rehearsal.units', max: 100_000 },
  { name: 'buyers', label: 'rehearsal.buyers', max: 5_000 },
  { name: 'seconds', label: 'rehearsal.seconds', max: 120 },
] as const;

function Starting({ last }: { last: Rehearsal | undefined }) {
  const { t } = useI18n();
  const may = useMay('queues:operate');
  const [plan, setPlan] = useState<Plan>(last?.plan ?? { units: 500, buyers: 1_000, seconds: 15, seed: 1 });
  const act = useAct((asked: Plan) => start({ units: asked.units, buyers: asked.buyers, seconds: asked.seconds, seed: asked.seed }), {
    refresh: [['rehearsal']],
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        act.mutate(plan);
      }}
    >
      {FIELDS.map(({ name, label, max }) => (
        <div key={name}>
          <NumberInput
            size="sm"
            w="100%"
            min={1}
            max={max}
            allowDecimal={false}
            label={t(label)}
            disabled={!may}
            value={plan[name]}
            onChange={(value) => setPlan({ ...plan, [name]: Number(value) || 1 })}
          />
        </div>
      ))}
      <Button type="submit" disabled={!may} loading={act.isPending}>
        {last ? t('rehearsal.again') : t('rehearsal.start')}
      </Button>
      {act.isError && <ProblemNote error={act.error} />}
    </form>
  );
}

/** The button that kills, with what it does beside it. */
function Running({ rehearsal }: { rehearsal: Rehearsal }) {
  const { t } = useI18n();
  const may = useMay('queues:operate');
  const refresh = { refresh: [['rehearsal']] };
  const killed = useAct(kill, refresh);
  const ended = useAct(end, refresh);
  const error = killed.error ?? ended.error;
  return (
    <div className={classes.danger}>
      <Group gap="xs" wrap="nowrap">
        <Button
          color="red"
          size="md"
          disabled={!may || rehearsal.state !== 'selling'}
          loading={killed.isPending}
          onClick={() => killed.mutate(rehearsal.id)}
        >
          {t('rehearsal.kill')}
        </Button>
        <Button variant="default" size="md" disabled={!may} loading={ended.isPending} onClick={() => ended.mutate(rehearsal.id)}>
          {t('rehearsal.end')}
        </Button>
      </Group>
      <p>{t('rehearsal.kill.text')}</p>
      {error && <ProblemNote error={error} />}
    </div>
  );
}

function Remaining({ rehearsal }: { rehearsal: Rehearsal }) {
  const { t, f } = useI18n();
  const { counts, plan } = rehearsal;
  const left = rehearsal.remaining ?? plan.units;
  const share = (units: number) => `${Math.min(100, (100 * units) / plan.units)}%`;
  return (
    <Panel>
      <div className={classes.remaining}>
        <span className={`${classes.big} num`}>
          <Flash value={left}>{f.number(left)}</Flash>
        </span>
        <span className="soft">{t('rehearsal.remaining', { units: plan.units })}</span>
      </div>
      <div className={classes.bar} aria-hidden="true">
        <span className={classes.paid} style={{ width: share(counts.orders) }} />
        <span className={classes.held} style={{ width: share(counts.held) }} />
      </div>
    </Panel>
  );
}

function Tiles({ rehearsal }: { rehearsal: Rehearsal }) {
  const { t } = useI18n();
  const { counts } = rehearsal;
  return (
    <div className={classes.tiles}>
      <Tile label={t('rehearsal.claims')} value={counts.claims} />
      <Tile label={t('rehearsal.orders')} value={counts.orders} tone="ok" />
      <Tile label={t('rehearsal.held')} value={counts.held} note={t('rehearsal.abandoned', { n: counts.abandoned })} />
      <Tile label={t('rehearsal.releases')} value={counts.releases} />
      <Tile label={t('rehearsal.refused')} value={counts.refused} note={t('rehearsal.without', { n: counts.without })} />
      <Tile
        label={t('rehearsal.unanswered')}
        value={counts.unanswered}
        note={counts.unanswered > 0 && t('rehearsal.resolved', { done: counts.found_done, not: counts.done_after })}
      />
    </div>
  );
}

function Kills({ rehearsal }: { rehearsal: Rehearsal }) {
  const { t, f } = useI18n();
  if (rehearsal.kills.length === 0) return null;
  return (
    <Panel title={t('rehearsal.kills')}>
      <ol className={classes.kills}>
        {rehearsal.kills.map(({ at_ms, claims, ready_ms }) => {
          const ready = ready_ms == null ? t('rehearsal.kills.down') : t('rehearsal.kills.ready', { span: f.duration(ready_ms) });
          return <li key={at_ms}>{t('rehearsal.kills.one', { at: f.duration(at_ms), claims, ready })}</li>;
        })}
      </ol>
    </Panel>
  );
}
