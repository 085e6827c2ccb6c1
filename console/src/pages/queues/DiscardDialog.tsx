import { Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take } from '~/api/client';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';

interface Props {
  filter: { kind?: string; class?: string; code?: string; jobs?: string[] };
  known: number;
  onClose: () => void;
}

/** Says that dead jobs are not to be done any more. It needs a reason, which stands in the audit log. */
export function DiscardDialog({ filter, known, onClose }: Props) {
  const { t } = useI18n();
  const [reason, setReason] = useState('');
  const act = useAct(
    async (why: string, key: string) => {
      let count = 0;
      for (let part = 0; ; part += 1) {
        const answer = await take(
          api.POST('/v1/failures/discard', {
            params: { header: { 'Idempotency-Key': `${key}-${part}` } },
            body: { ...filter, reason: why, dry_run: false },
          }),
        );
        count += answer.count;
        if (!answer.more || answer.count === 0) return count;
      }
    },
    {
      refresh: [['failures'], ['jobs'], ['queues'], ['notices']],
      onDone: (count) => {
        notifications.show({ message: t('failures.discarded', { n: count }), color: 'teal' });
        onClose();
      },
    },
  );
  return (
    <Dialog title={t('failures.discard.title', { n: known })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(reason.trim());
        }}
      >
        <Stack gap="sm">
          <div>{t('failures.discard.text')}</div>
          <TextInput
            data-autofocus
            required
            label={t('word.reason')}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" color="red" disabled={!reason.trim()} loading={act.isPending}>
              {t('failures.discard')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
