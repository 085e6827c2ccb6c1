import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useAct } from '~/api/act';
import { api, take } from '~/api/client';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';

/** Reads an order there once more, and applies what it says now. */
export function FetchAgain({ id, size }: { id: string; size: 'compact-xs' | 'xs' }) {
  const { t } = useI18n();
  const may = useMay('orders:write');
  const act = useAct(
    (_: null, key: string) => take(api.POST('/v1/market-orders/{id}/fetch', { params: { path: { id }, header: { 'Idempotency-Key': key } } })),
    { tells: true, refresh: [['market-orders']], onDone: () => notifications.show({ message: t('shops.started'), color: 'teal' }) },
  );
  if (!may) return null;
  return (
    <Button size={size} h={size === 'xs' ? 32 : undefined} variant="default" loading={act.isPending} onClick={() => act.mutate(null)}>
      {t('orders.market.fetch')}
    </Button>
  );
}
