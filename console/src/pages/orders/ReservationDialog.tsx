import { Button, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { reservation } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { Ago, At } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { StateBadge } from '~/parts/StateBadge';

type Reservation = Schemas['Reservation'];

/** How much longer units are held by one press. */
export const EXTENSION_S = 3_600;

/** One reservation: what it holds, until when, and the way to hold it longer or to give it back. */
export function ReservationDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { t, f, rich } = useI18n();
  const may = useMay('orders:write');
  const query = useQuery(reservation(id));
  const held = query.data;
  const units = held?.lines.reduce((sum, line) => sum + line.outstanding, 0) ?? 0;
  const open = held?.state === 'held';
  return (
    <Dialog title={open && may ? t('sku.holds.release.title', { n: units }) : t('nav.reservations')} onClose={onClose}>
      <Stack gap="sm">
        {query.isPending && t('loading')}
        {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
        {held && (
          <>
            <div>
              <StateBadge topic="reservation" state={held.state} /> <strong>{held.owner}</strong> <span className="mono soft">{held.id}</span>
            </div>
            <div>
              {held.lines.map((line) => (
                <div key={line.line} className="num">
                  <Link to="/stock/$sku" params={{ sku: line.sku }} search={{ location: line.location, tab: 'holds' }}>
                    {f.number(line.outstanding > 0 ? line.outstanding : line.quantity)} × <span className="code">{line.sku}</span>
                  </Link>{' '}
                  <span className="soft">{line.location}</span>
                </div>
              ))}
            </div>
            {held.order_id && (
              <Link to="/orders/$id" params={{ id: held.order_id }}>
                {t('reservations.order')}
              </Link>
            )}
            {open && (
              <div>
                {rich('reservations.until', { when: <At at={held.expires_at} date />, left: <Ago at={held.expires_at} /> })}{' '}
                {may && t('sku.holds.release.text')}
              </div>
            )}
            <Steps held={held} may={may && open} onClose={onClose} />
          </>
        )}
      </Stack>
    </Dialog>
  );
}

function Steps({ held, may, onClose }: { held: Reservation; may: boolean; onClose: () => void }) {
  const { t } = useI18n();
  const params = (key: string) => ({ path: { id: held.id }, header: { 'Idempotency-Key': key, 'If-Match': `"v${held.version}"` } });
  const done = (message: string) => ({
    refresh: [['reservations'], ['stock']],
    onDone: () => {
      notifications.show({ message, color: 'teal' });
      onClose();
    },
  });
  const release = useAct(
    (_: null, key: string) => take(api.POST('/v1/reservations/{id}/release', { params: params(key), body: {} })),
    done(t('reservations.released')),
  );
  const extend = useAct(
    (ttl_s: number, key: string) => take(api.POST('/v1/reservations/{id}/extend', { params: params(key), body: { ttl_s } })),
    done(t('reservations.extended')),
  );
  return (
    <>
      {release.isError && <ProblemNote error={release.error} />}
      {extend.isError && <ProblemNote error={extend.error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          {t('close')}
        </Button>
        {may && (
          <>
            <Button variant="default" loading={extend.isPending} onClick={() => extend.mutate(EXTENSION_S)}>
              {t('reservations.extend')}
            </Button>
            <Button color="red" loading={release.isPending} onClick={() => release.mutate(null)}>
              {t('reservations.release')}
            </Button>
          </>
        )}
      </Group>
    </>
  );
}
