import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { readiness } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { brokenTexts, byCode, reportOf, saidOf } from '~/parts/broken';
import { copyText } from '~/parts/clipboard';
import { Ago } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateShape } from '~/parts/StateBadge';
import classes from './Overview.module.css';

interface Result {
  at: string;
  found: Schemas['Verification'];
}

/** Whether the ledger adds up, and when that was last looked at from here. */
export function Integrity() {
  const { t, rich, f } = useI18n();
  const may = useMay('admin');
  const ready = useQuery(readiness());
  const [result, setResult] = useState<Result>();
  const act = useAct((_: null) => take(api.POST('/v1/verify')), {
    onDone: (found) => setResult({ at: new Date().toISOString(), found }),
  });
  if (!ready.data) return null;
  const checked = ({ at, found }: Result) => ({
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
      {result && !clean && <Broken {...result} />}
    </section>
  );
}

/** What was found, each code once with what to do next, and the server's words for each place. */
function Broken({ at, found: { violations, violations_total } }: Result) {
  const { t, f } = useI18n();
  const { data: about } = useQuery(readiness());
  const [copied, setCopied] = useState(false);
  const lines = () => reportOf(`Onhand ${about?.version ?? ''}, ${about?.database ?? ''}, ${at}: ${violations_total}`, violations);
  const copy = async () => {
    setCopied(await copyText(lines()));
    setTimeout(() => setCopied(false), 1_500);
  };
  return (
    <div className={classes.violations}>
      <p>{t('overview.integrity.remedy')}</p>
      <Button size="compact-sm" variant="default" onClick={() => void copy()}>
        {t(copied ? 'copied' : 'broken.copy')}
      </Button>
      {byCode(violations).map(([code, each]) => {
        const texts = brokenTexts(code);
        return (
          <section key={code} aria-label={code}>
            <h3>
              <span className="code">{code}</span> {texts && t(texts.what)} <span className="soft num">× {f.number(each.length)}</span>
            </h3>
            {texts && <p>{t(texts.next)}</p>}
            <p className="soft">{t('said.server')}</p>
            <ul className="soft">
              {each.map((one) => (
                <li key={saidOf(one)}>
                  <q>{saidOf(one)}</q>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </div>
  );
}
