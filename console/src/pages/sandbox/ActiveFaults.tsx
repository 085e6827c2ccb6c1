import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useAct } from '~/api/act';
import { useI18n } from '~/i18n';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL } from '~/parts/shopNames';
import { wordOf } from '~/parts/words';
import { control, sandboxFaults, type ActiveFault } from './control';
import classes from './Sandbox.module.css';

/** What is broken now, with the way to end each or all of it. */
export function ActiveFaults() {
  const { t } = useI18n();
  const query = useQuery(sandboxFaults());
  const act = useAct((path: string) => control(path, 'DELETE'), { refresh: [['sandbox']] });
  const faults = query.data?.faults ?? [];
  const name = ({ fault, market }: ActiveFault) =>
    [market && (CHANNEL[market] ?? market), wordOf(t, 'fault', fault)].filter(Boolean).join(': ');
  return (
    <Panel
      title={t('sandbox.faults')}
      aside={
        faults.length > 0 && (
          <Button size="compact-sm" onClick={() => act.mutate('faults')}>
            {t('sandbox.faults.heal')}
          </Button>
        )
      }
    >
      {faults.length === 0 && <span className="soft">{t('sandbox.faults.none')}</span>}
      <ul className={classes.faults}>
        {faults.map((fault) => (
          <li key={fault.id}>
            <Button
              size="compact-sm"
              variant="light"
              color="red"
              aria-label={t('sandbox.faults.end', { fault: name(fault) })}
              onClick={() => act.mutate(`faults/${fault.id}`)}
            >
              {name(fault)} ×
            </Button>
          </li>
        ))}
      </ul>
      {act.isError && <ProblemNote error={act.error} />}
    </Panel>
  );
}
