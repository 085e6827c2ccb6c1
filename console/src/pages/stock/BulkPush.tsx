import { Button, Group, Progress, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take } from '~/api/client';
import { newKey } from '~/api/keys';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';

/** Asks for a push of every listing of the chosen SKUs, one after the other, and shows how far it is. */
export function BulkPush({ rows, onClose, onDone }: { rows: { sku: string }[]; onClose: () => void; onDone?: () => void }) {
  const { t } = useI18n();
  const skus = [...new Set(rows.map((row) => row.sku))];
  const [done, setDone] = useState(0);
  const act = useAct(
    async (_: null) => {
      let pushed = 0;
      for (const [place, sku] of skus.entries()) {
        const { data } = await take(api.GET('/v1/listings', { params: { query: { sku, limit: 200 } } }));
        for (const listing of data) {
          // A push is absolute: asking for it twice tells the same figure twice, so each has its own key.
          await take(
            api.POST('/v1/listings/{id}/push', {
              params: { path: { id: listing.id }, header: { 'Idempotency-Key': newKey() } },
            }),
          );
          pushed += 1;
        }
        setDone(place + 1);
      }
      return pushed;
    },
    {
      refresh: [['listings']],
      onDone: (pushed) => {
        notifications.show({ message: t('stock.push.done', { n: pushed }), color: 'teal' });
        onDone?.();
        onClose();
      },
    },
  );
  return (
    <Dialog title={t('stock.push.title', { n: skus.length })} onClose={onClose}>
      <Stack gap="sm">
        <div>{t('stock.push.text')}</div>
        {act.isPending && <Progress value={(done / skus.length) * 100} aria-label={t('stock.push.title', { n: skus.length })} />}
        {act.isError && <ProblemNote error={act.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button loading={act.isPending} onClick={() => act.mutate(null)}>
            {t('sku.channels.push')}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
