import { Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';
import { wordOf } from '~/parts/words';
import { usePause } from './pause';

/** Says what waits from now on, and asks why: the reason stands beside every job that waits for it. */
export function PauseDialog({ kind, onClose }: { kind: Schemas['Kind']; onClose: () => void }) {
  const { t } = useI18n();
  const [reason, setReason] = useState('');
  const act = usePause(kind.kind, { onDone: onClose });
  return (
    <Dialog title={t('kinds.pause.title', { kind: wordOf(t, 'kind', kind.kind) })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ paused: true, reason: reason.trim() });
        }}
      >
        <Stack gap="sm">
          <div>{t('kinds.pause.text', { n: kind.ready })}</div>
          <TextInput
            data-autofocus
            required
            maxLength={200}
            label={t('word.reason')}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" disabled={!reason.trim()} loading={act.isPending}>
              {t('queues.lane.pause')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
