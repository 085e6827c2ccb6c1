import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { listing as listingQuery, shops } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { rowOf } from '~/parts/cases';
import { useShopNames } from '~/parts/shopNames';
import { causeOf } from '~/pages/listings/causes';
import { marketIdOfSubject } from '~/pages/orders/market';
import { useCaseDialog } from './caseDialog';
import { MapDialog } from './MapDialog';

type Notice = Schemas['Notice'];
type Policy = Schemas['Policy'];

/** What helps against it, as buttons. */
export function Remedies({ notice }: { notice: Notice }): ReactNode {
  switch (notice.kind) {
    case 'shop_disconnected':
    case 'grant_ends':
      return <Reconnect notice={notice} />;
    case 'shop_failing':
    case 'shop_stale':
    case 'shop_throttled':
    case 'clock_skew':
      return <Poll notice={notice} />;
    case 'webhooks_silent':
      return (
        <>
          <Poll notice={notice} />
          <SeeWebhooks notice={notice} />
        </>
      );
    case 'retries_exhausted':
      return <SeeFailures notice={notice} />;
    case 'low_stock':
    case 'shortfall':
      return <OpenStock notice={notice} />;
    case 'drift':
    case 'edit_escalated':
      return <Differs notice={notice} />;
    case 'listing_trouble':
      return <Push listing={Number(notice.subject)} />;
    case 'unmapped':
      return <Map listing={Number(notice.subject)} />;
    case 'order_trouble':
    case 'unknown_status':
    case 'return_received':
    case 'cancel_requested':
      return <OpenOrder subject={notice.subject} />;
    default:
      return null;
  }
}

function useDone() {
  const { t } = useI18n();
  return () => notifications.show({ message: t('attention.done'), color: 'teal' });
}

/** A button that does one thing. What goes wrong is told beside the page, because the case may be gone by then. */
function Act({ label, act, onClick, main }: { label: string; act: { isPending: boolean }; onClick: () => void; main?: boolean }) {
  return (
    <Button size="compact-sm" variant={main ? 'filled' : 'default'} loading={act.isPending} onClick={onClick}>
      {label}
    </Button>
  );
}

/** Sends the person to the marketplace's consent page, from which he comes back connected. */
function Reconnect({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const may = useMay('admin');
  const all = useQuery(shops());
  const channel = all.data?.data.find((shop) => shop.id === notice.shop_id)?.channel;
  const act = useAct(
    (name: string) => take(api.POST('/v1/shops/connect', { body: { channel: name } })),
    { tells: true, onDone: ({ url }) => window.location.assign(url) },
  );
  if (!may || !channel) return null;
  return <Act main label={t('attention.do.connect')} act={act} onClick={() => act.mutate(channel)} />;
}

function Poll({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const may = useMay('orders:write');
  const done = useDone();
  const all = useQuery(shops());
  const shop = all.data?.data.find((each) => each.id === notice.shop_id)?.shop;
  const act = useAct(
    (code: string, key: string) =>
      take(api.POST('/v1/shops/{shop}/poll', { params: { path: { shop: code }, header: { 'Idempotency-Key': key } } })),
    { tells: true, refresh: [['shops'], ['notices']], onDone: done },
  );
  if (!may || !shop) return null;
  return <Act main label={t('attention.do.poll')} act={act} onClick={() => act.mutate(shop)} />;
}

function SeeWebhooks({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const names = useShopNames();
  const navigate = useNavigate();
  const shop = notice.shop_id ? names.codeOf(notice.shop_id) : undefined;
  return (
    <Button size="compact-sm" variant="default" onClick={() => void navigate({ to: '/webhooks', search: { shop } })}>
      {t('webhooks.title')}
    </Button>
  );
}

function SeeFailures({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [kind, , ...code] = notice.subject.split(':');
  return (
    <Button size="compact-sm" onClick={() => void navigate({ to: '/queues', search: { kind, code: code.join(':') } })}>
      {t('attention.do.failures')}
    </Button>
  );
}

function OpenStock({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const row = rowOf(notice.subject);
  if (!row) return null;
  return (
    <Button
      size="compact-sm"
      onClick={() => void navigate({ to: '/stock/$sku', params: { sku: row.sku }, search: { location: row.location } })}
    >
      {t('attention.do.stock')}
    </Button>
  );
}

/** The order that it is about. */
function OpenOrder({ subject }: { subject: string }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const id = marketIdOfSubject(subject);
  if (!id) return null;
  return (
    <Button size="compact-sm" onClick={() => void navigate({ to: '/orders/market/$id', params: { id } })}>
      {t('attention.do.order')}
    </Button>
  );
}

/** Somebody decides while the seller's edit is open. What has another cause is put right by Onhand, or is the campaign's. */
function Differs({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const navigate = useNavigate();
  const id = Number(notice.subject);
  const { data: listing } = useQuery(listingQuery(id));
  if (!listing) return null;
  if (listing.edit) return <Decide listing={id} />;
  const { sku } = listing;
  return (
    <>
      {causeOf(notice) !== 'campaign' && <Push listing={id} />}
      {sku && (
        <Button size="compact-sm" variant="default" onClick={() => void navigate({ to: '/stock/$sku', params: { sku }, search: { tab: 'channels' } })}>
          {t('attention.do.stock')}
        </Button>
      )}
    </>
  );
}

/** What becomes of a figure that the seller set there. */
function Decide({ listing }: { listing: number }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const done = useDone();
  const act = useAct(
    (policy: Policy, key: string) =>
      take(
        api.POST('/v1/listings/{id}/resolve-edit', {
          params: { path: { id: listing }, header: { 'Idempotency-Key': key } },
          body: { policy },
        }),
      ),
    { tells: true, refresh: [['notices'], ['listings'], ['stock']], onDone: done },
  );
  if (!may) return null;
  return (
    <>
      {(['adopt', 'cap', 'reject'] as const).map((policy) => (
        <Button key={policy} size="compact-sm" variant="default" loading={act.isPending && act.variables === policy} onClick={() => act.mutate(policy)}>
          {t(`attention.edit.${policy}`)}
        </Button>
      ))}
    </>
  );
}

function Push({ listing }: { listing: number }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const done = useDone();
  const act = useAct(
    (id: number, key: string) =>
      take(api.POST('/v1/listings/{id}/push', { params: { path: { id }, header: { 'Idempotency-Key': key } } })),
    { tells: true, refresh: [['notices'], ['listings']], onDone: done },
  );
  if (!may) return null;
  return <Act main label={t('attention.do.push')} act={act} onClick={() => act.mutate(listing)} />;
}

function Map({ listing }: { listing: number }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const open = useCaseDialog();
  if (!may) return null;
  return (
    <Button size="compact-sm" onClick={() => open((close) => <MapDialog listing={listing} onClose={close} />)}>
      {t('attention.do.map')}
    </Button>
  );
}
