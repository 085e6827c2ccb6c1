import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Schemas } from '~/api/client';
import { queues } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Ago } from '~/parts/Moment';
import { pauseReasonOf } from '~/parts/serverNotes';
import { wordOf } from '~/parts/words';
import { stoppedIn } from './pause';

type Job = Schemas['JobDetail'];

/** Reasons that are told by a word alone. */
const PLAIN = ['shop_disconnected', 'shop_paused', 'shop_failing', 'lane_paused', 'lane_closed'] as const;

/** What a job waits for, one sentence each. A reason that this console does not know yet is told in the server's words. */
export function Waits({ job }: { job: Job }) {
  return job.waits.map((wait) => (
    <span key={wait.reason}>
      <Wait job={job} wait={wait} />{' '}
    </span>
  ));
}

function Wait({ job, wait: { reason, text, until } }: { job: Job; wait: Job['waits'][number] }): ReactNode {
  const { t, rich } = useI18n();
  const when = <Ago at={until ?? job.run_at} />;
  if (reason === 'kind_paused') return <KindPaused kind={job.kind} />;
  if (reason === 'later') return rich('wait.later', { when });
  if (reason === 'back_off' && job.failure) {
    const what = `${wordOf(t, 'failure', job.failure.class)}, ${job.failure.code}`;
    // Too many requests are no failed tries, and never an end.
    if (job.failure.class === 'rate_limited') return rich('wait.back_off.throttled', { what, when });
    const n = job.tries.made + 1;
    return typeof job.tries.of === 'number' ? rich('wait.back_off.of', { what, when, n, of: job.tries.of }) : rich('wait.back_off', { what, when, n });
  }
  const plain = PLAIN.find((each) => each === reason);
  return plain ? t(`wait.${plain}`) : text;
}

/** Why somebody has stopped the kind stands with the kinds, in that person's words. */
function KindPaused({ kind }: { kind: string }) {
  const { t } = useI18n();
  const { data } = useQuery(queues());
  const found = stoppedIn(data?.data ?? []).kinds.find((each) => each.kind === kind);
  const why = found && pauseReasonOf(found);
  return why ? (
    <>
      {t('wait.kind_paused')} <q>{why}</q>
    </>
  ) : (
    t('wait.kind_paused')
  );
}
