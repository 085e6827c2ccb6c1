import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { readiness } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Ago } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateShape } from '~/parts/StateBadge';
import classes from './Overview.module.css';

/** Whether the ledger adds up, and when that was last looked at from here. */
export function Integrity() {
  const { t, rich, f } = useI18n();
  const may = useMay('admin');
  const ready = useQuery(readiness());
  const [result, setResult] = useState<{ at: string; found: Schemas['Verification'] }>();
  const act = useAct((_: null) => take(api.POST('/v1/verify')), {
    onDone: (found) => setResult({ at: new Date().toISOString(), found }),
  });
  if (!ready.data) return null;
  const checked = ({ at, found }: NonNullable<typeof result>) => ({
    when: <Ago at={at} />,
    span: f.duration(found.seconds * 1_000),
  });
  const clean = result?.found.clean;
  return (
    <section className={classes.integrity} aria-label={t('overview.integrity.title')}>
      <StateShape
        shape={clean === undefined ? 'ring' : clean ? 'disc' : 'square'}
        tone={clean === undefined ? 'off' : clean ? 'ok' : 'bad'}
      />
      <span>
        {result
          ? clean
            ? rich('overview.integrity.clean', checked(result))
            : rich('overview.integrity.broken', { n: result.found.violations_total, ...checked(result) })
          : t('overview.integrity.unknown')}
        <span className="soft">
          {' '}
          {ready.data.database}, {ready.data.durability} · {t('overview.integrity.version', { version: ready.data.version ?? '' })}
        </span>
      </span>
      {may && (
        <Button size="compact-sm" variant="default" loading={act.isPending} onClick={() => act.mutate(null)}>
          {t('overview.integrity.verify')}
        </Button>
      )}
      {act.isError && <ProblemNote error={act.error} />}
      {result && !clean && (
        <div className={classes.violations}>
          <p>{t('overview.integrity.remedy')}</p>
          <ul>
            {result.found.violations.map(({ invariant, subject, detail }) => (
              <li key={invariant + subject + detail}>
                <strong>{invariant}</strong> <span className="code">{subject}</span> {detail}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
