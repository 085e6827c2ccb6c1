import { Button, Group, Stack } from '@mantine/core';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { wordOf } from '~/parts/words';

interface Props {
  lane: Schemas['Lane'];
  onPause: () => void;
  onClose: () => void;
}

/** Says which kinds of jobs and how many of them wait from now on. */
export function LanePauseDialog({ lane, onPause, onClose }: Props) {
  const { t } = useI18n();
  // The one that does nothing is there for measurements.
  const kinds = lane.kinds.filter(({ kind }) => kind !== 'nothing').map(({ kind }) => wordOf(t, 'kind', kind));
  return (
    <Dialog title={t('kinds.pause.title', { kind: wordOf(t, 'lane', lane.queue) })} onClose={onClose}>
      <Stack gap="sm">
        <div>{t('queues.lane.stops', { kinds: kinds.join(', ') })}</div>
        <div>{t('kinds.pause.text', { n: lane.ready })}</div>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button data-autofocus onClick={onPause}>
            {t('queues.lane.pause')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
