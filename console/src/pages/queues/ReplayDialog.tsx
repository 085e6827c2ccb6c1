import { Button, Group, NumberInput, Stack } from '@mantine/core';
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

/** Counts first, and replays what was counted. */
export function ReplayDialog({ filter, known, onClose }: Props) {
  const { t } = useI18n();
  const [pace, setPace] = useState(0);
  const counted = useDryRun('replay', filter, () =>
    take(api.POST('/v1/failures/replay', { params: { header: { 'Idempotency-Key': newKey() } }, body: { ...filter, dry_run: true } })),
  );
  const n = counted.data?.count ?? known;
  const act = useAct(
    async (every_ms: number, key: string) => {
      // A large cause is replayed in parts; each part has its own key.
      let count = 0;
      for (let part = 0; ; part += 1) {
        const answer = await take(
          api.POST('/v1/failures/replay', {
            params: { header: { 'Idempotency-Key': `${key}-${part}` } },
            body: { ...filter, dry_run: false, every_ms },
          }),
        );
        count += answer.count;
        if (!answer.more || answer.count === 0) return count;
      }
    },
    {
      refresh: [['failures'], ['jobs'], ['queues'], ['notices']],
      onDone: (count) => {
        notifications.show({ message: t('failures.replayed', { n: count }), color: 'teal' });
        onClose();
      },
    },
  );
  return (
    <Dialog title={t('failures.replay.title', { n })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(pace);
        }}
      >
        <Stack gap="sm">
          <div>{t('failures.replay.text')}</div>
          <Counted of={counted} />
          <NumberInput
            data-autofocus
            label={t('failures.replay.pace')}
            min={0}
            max={60_000}
            step={50}
            allowDecimal={false}
            value={pace}
            onChange={(value) => setPace(Number(value) || 0)}
          />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" disabled={!counted.data || n === 0} loading={act.isPending}>
              {t('failures.replay.do', { n })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
