import { Button, Group, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take } from '~/api/client';
import { newKey } from '~/api/keys';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';
import { Counted, useDryRun, type Choice } from './Counted';

interface Props {
  filter: Choice;
  /** How many the page showed. */
  known: number;
  onClose: () => void;
}

/** Counts first, and says of what was counted that it is not to be done any more. It needs a reason, which stands in the audit log. */
export function DiscardDialog({ filter, known, onClose }: Props) {
  const { t } = useI18n();
  const [reason, setReason] = useState('');
  const counted = useDryRun('discard', filter, () =>
    take(
      api.POST('/v1/failures/discard', {
        params: { header: { 'Idempotency-Key': newKey() } },
        body: { ...filter, reason: 'dry run', dry_run: true },
      }),
    ),
  );
  const n = counted.data?.count ?? known;
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
    <Dialog title={t('failures.discard.title', { n })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(reason.trim());
        }}
      >
        <Stack gap="sm">
          <div>{t('failures.discard.text')}</div>
          <Counted of={counted} />
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
            <Button type="submit" color="red" disabled={!reason.trim() || !counted.data || n === 0} loading={act.isPending}>
              {t('failures.discard.do', { n })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
