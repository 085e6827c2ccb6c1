import { Button, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { listings } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n, type Plain } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Dialog } from '~/parts/Dialog';
import { Figure } from '~/parts/Figure';
import { Ago, useNow } from '~/parts/Moment';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';

type Listing = Schemas['Listing'];

/** A seller's edit decides itself after it has stood for so long. */
const WINDOW_MS = 5 * 60_000;
const POLICIES = ['adopt', 'cap', 'reject'] as const;

/** Figures on marketplaces that we did not put there, and the five minutes in which they may still go back. */
export function Drift() {
  const { t } = useI18n();
  const query = useInfiniteQuery({ ...listings({ edited: true }), refetchInterval: 5_000 });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const [deciding, setDeciding] = useState<Listing>();
  const columns = useColumns(setDeciding);
  return (
    <Page
      title={t('drift.title')}
      filled
      curl="/v1/listings?edited=true"
      verdict={
        query.data && (
          <Verdict tone={rows.length > 0 ? 'wait' : 'ok'}>{rows.length > 0 ? t('drift.verdict', { n: rows.length }) : t('drift.verdict.ok')}</Verdict>
        )
      }
    >
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('drift.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.id)}
          loading={query.isPending}
          onOpen={setDeciding}
          empty={t('drift.verdict.ok')}
          tone={(row) => (row.edit?.escalated ? 'bad' : 'wait')}
        />
      )}
      {deciding && <Decide listing={deciding} onClose={() => setDeciding(undefined)} />}
    </Page>
  );
}

function Countdown({ edit }: { edit: NonNullable<Listing['edit']> }) {
  const { t, f } = useI18n();
  const now = useNow();
  const left = Date.parse(edit.since) + WINDOW_MS - now;
  return (
    <span>
      <StateShape shape={edit.escalated ? 'square' : 'half'} tone={edit.escalated ? 'bad' : 'wait'} />{' '}
      {edit.escalated ? t('drift.yours') : left > 0 ? t('drift.in', { span: f.duration(Math.max(left, 1_000)) }) : t('drift.now')}
    </span>
  );
}

/** Where it stands what was told to a listing, and when. */
const channelsOf = (sku: string) => ({ to: '/stock/$sku', params: { sku }, search: { tab: 'channels' } }) as const;

function useColumns(onDecide: (listing: Listing) => void): Column<Listing>[] {
  const { t } = useI18n();
  const names = useShopNames();
  const may = useMay('stock:write');
  return useMemo(
    () => [
      {
        id: 'listing',
        header: t('drift.listing'),
        width: 'minmax(110px, 1.6fr)',
        cell: (row) =>
          row.sku ? (
            <Link to="/stock/$sku" params={{ sku: row.sku }} search={{ tab: 'channels' }} className="code">
              {row.sku}
            </Link>
          ) : (
            row.title
          ),
      },
      { id: 'shop', header: t('drift.shop'), width: 'minmax(100px, 1fr)', from: 480, cell: (row) => names.ofId(row.shop_id) },
      { id: 'expected', header: t('drift.expected'), width: '64px', align: 'end', cell: (row) => row.edit && <Figure value={row.edit.expected} label={t('drift.expected')} to={row.sku ? channelsOf(row.sku) : undefined} /> },
      { id: 'seen', header: t('drift.seen'), width: '84px', align: 'end', cell: (row) => row.edit && <Figure value={row.edit.seen} label={t('drift.seen')} to={row.sku ? channelsOf(row.sku) : undefined} /> },
      { id: 'since', header: t('drift.since'), width: '120px', from: 760, cell: (row) => <Ago at={row.edit?.since} /> },
      { id: 'decision', header: t('drift.decision'), width: '150px', from: 620, cell: (row) => row.edit && <Countdown edit={row.edit} /> },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '250px',
        align: 'end',
        from: 900,
        cell: (row) =>
          may && (
            <Button size="compact-xs" variant="default" onClick={() => onDecide(row)}>
              {t('drift.adopt')} / {t('drift.cap')} / {t('drift.reject')}
            </Button>
          ),
      },
    ],
    [t, names, may, onDecide],
  );
}

function Decide({ listing, onClose }: { listing: Listing; onClose: () => void }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const act = useAct(
    (policy: (typeof POLICIES)[number], key: string) =>
      take(
        api.POST('/v1/listings/{id}/resolve-edit', {
          params: { path: { id: listing.id }, header: { 'Idempotency-Key': key } },
          body: { policy },
        }),
      ),
    {
      refresh: [['listings'], ['notices'], ['stock']],
      onDone: () => {
        notifications.show({ message: t('drift.done'), color: 'teal' });
        onClose();
      },
    },
  );
  return (
    <Dialog title={listing.title || listing.seller_sku} onClose={onClose}>
      <Stack gap="sm">
        {listing.edit && (
          <div className="num">
            {t('drift.expected')}: {listing.edit.expected} · {t('drift.seen')}: {listing.edit.seen}
          </div>
        )}
        {act.isError && <ProblemNote error={act.error} />}
        {may &&
          POLICIES.map((policy) => (
            <Group key={policy} justify="space-between" wrap="nowrap">
              <span>{t(`drift.${policy}.text` as Plain)}</span>
              <Button variant={policy === 'reject' ? 'default' : 'filled'} loading={act.isPending} onClick={() => act.mutate(policy)}>
                {t(`drift.${policy}` as Plain)}
              </Button>
            </Group>
          ))}
      </Stack>
    </Dialog>
  );
}
