import { useQuery } from '@tanstack/react-query';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { ProblemNote } from '~/parts/ProblemNote';
import { wordOf } from '~/parts/words';
import classes from './Queues.module.css';

/** Which dead jobs: all of one cause, or some by their ids. */
export interface Choice {
  kind?: string;
  class?: string;
  code?: string;
  jobs?: string[];
}

interface Count {
  count: number;
  causes: Schemas['CauseCount'][];
}

/** Asks the server what would be done, and does nothing. */
export function useDryRun(what: 'replay' | 'discard', choice: Choice, count: () => Promise<Count>) {
  return useQuery({ queryKey: ['failures', 'count', what, choice], queryFn: count, staleTime: 0 });
}

/** What would be done, by cause: nobody decides about a number alone. */
export function Counted({ of }: { of: ReturnType<typeof useDryRun> }) {
  const { t, f } = useI18n();
  if (of.isPending) return <div className="soft">{t('failures.replay.counting')}</div>;
  if (of.isError) return <ProblemNote error={of.error} onRetry={() => void of.refetch()} />;
  return (
    <ul className={classes.counted} aria-label={t('failures.cause')}>
      {of.data.causes.map(({ kind, class: group, code, count }) => (
        <li key={`${kind}/${group}/${code}`}>
          <span className="num">{f.number(count)} ×</span> {wordOf(t, 'kind', kind)} <span className="mono soft">{code}</span>
        </li>
      ))}
    </ul>
  );
}
