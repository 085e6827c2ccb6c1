import { notifications } from '@mantine/notifications';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { wordOf } from '~/parts/words';

interface Options {
  onDone?: () => void;
  /** For a button in a row, which has no place to say what goes wrong. */
  tells?: boolean;
}

/** Stops a kind of job in the whole fleet, or lets it go on. */
export function usePause(kind: string, { onDone, tells }: Options = {}) {
  const { t } = useI18n();
  return useAct(
    (body: Schemas['KindChange'], key: string) =>
      take(api.PATCH('/v1/job-kinds/{kind}', { params: { path: { kind }, header: { 'Idempotency-Key': key } }, body })),
    {
      tells,
      refresh: [['queues'], ['jobs']],
      onDone: (_done, { paused }) => {
        notifications.show({ message: t(paused ? 'kinds.paused' : 'kinds.resumed', { kind: wordOf(t, 'kind', kind) }), color: 'teal' });
        onDone?.();
      },
    },
  );
}

/** What a person has stopped: lanes and kinds. */
export function stoppedIn(lanes: readonly Schemas['Lane'][]): { lanes: string[]; kinds: Schemas['Kind'][] } {
  return {
    lanes: lanes.filter(({ paused }) => paused).map(({ queue }) => queue),
    kinds: lanes.flatMap(({ kinds }) => kinds).filter(({ paused }) => paused),
  };
}
