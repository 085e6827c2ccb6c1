import { Button, Popover } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { listingPreview, listings, pushes, shops } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Flash } from '~/parts/Figure';
import { Ago } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { pushState } from '~/parts/pushState';
import { RuleSteps } from '~/parts/RuleSteps';
import { useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { troubleOf } from '~/parts/trouble';
import { ListingDialog } from '~/pages/listings/ListingDialog';
import { Pushes } from './Pushes';
import classes from './Sku.module.css';

type Listing = Schemas['Listing'];

/** What each shop should show of a SKU, what it has confirmed, and what was last seen there. */
export function Channels({ sku }: { sku: string }) {
  const { t } = useI18n();
  const query = useInfiniteQuery(listings({ sku }));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useChannelColumns();
  const [open, setOpen] = useState<Listing>();
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <div className={classes.stack}>
      <Panel flush>
        <DataTable
          inline
          label={t('sku.tab.channels')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.id)}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={setOpen}
          empty={t('sku.channels.empty')}
        />
      </Panel>
      {open && <ListingDialog listing={open} actions={<PushNow listing={open} />} onClose={() => setOpen(undefined)} />}
      <Pushes sku={sku} />
    </div>
  );
}

function useChannelColumns(): Column<Listing>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  const all = useQuery(shops());
  const shopOf = useMemo(() => new Map(all.data?.data.map((shop) => [shop.id, shop]) ?? []), [all.data]);
  return useMemo(
    () => [
      {
        id: 'shop',
        header: t('word.shop'),
        width: 'minmax(84px, 1.4fr)',
        cell: (row) => (
          <span title={row.title} className="code">
            {names.ofId(row.shop_id)}
            {row.rule && <span className="soft"> · {t('listing.rule.mark')}</span>}
          </span>
        ),
      },
      { id: 'should', header: t('sku.channels.should'), width: '92px', align: 'end', cell: (row) => <Should listing={row} /> },
      {
        id: 'confirmed',
        header: t('sku.channels.confirmed'),
        width: '80px',
        align: 'end',
        cell: (row) => <Confirmed listing={row} />,
      },
      {
        id: 'seen',
        header: t('sku.channels.seen'),
        width: '88px',
        align: 'end',
        from: 560,
        cell: (row) => (
          <span
            className={row.edit ? 'tone-wait' : isOld(row) ? 'soft' : undefined}
            title={row.edit ? t('sku.channels.edit', row.edit) : row.seen_at ? f.dateTime(row.seen_at) : undefined}
          >
            {typeof row.seen === 'number' ? f.number(row.seen) : '–'}
          </span>
        ),
      },
      {
        id: 'state',
        header: t('word.state'),
        width: 'minmax(110px, 1fr)',
        from: 460,
        cell: (row) => (
          <span title={row.trouble ? troubleOf(t, row.trouble).words : undefined}>
            <StateBadge topic="push" state={pushState(row, shopOf.get(row.shop_id)?.state)} />
          </span>
        ),
      },
      { id: 'when', header: t('word.when'), width: '150px', from: 640, cell: (row) => <LastPush listing={row} /> },
      { id: 'do', header: t('actions'), bare: true, width: '92px', from: 560, cell: (row) => <PushNow listing={row} /> },
    ],
    [t, f, names, shopOf],
  );
}

/**
 * What it shows for certain: what was told, less what was sold there since, which the marketplace takes off by itself. That is
 * not told again, so nothing waits and the figure is what it should be.
 */
function Confirmed({ listing: { pushed, should, waiting } }: { listing: Listing }) {
  const { t, f } = useI18n();
  if (typeof pushed !== 'number') return '–';
  const sold = !waiting && typeof should === 'number' ? pushed - should : 0;
  const shown = sold > 0 ? pushed - sold : pushed;
  return (
    <span title={sold > 0 ? t('sku.channels.sold_there', { told: pushed, n: sold }) : undefined}>
      <Flash value={shown}>{f.number(shown)}</Flash>
    </span>
  );
}

/** What was seen before the last push says nothing about it. */
const isOld = ({ seen_at, pushed_at }: Listing) => Boolean(seen_at && pushed_at && seen_at < pushed_at);

/** What its rule gives now, and how. */
function Should({ listing }: { listing: Listing }) {
  const { t, f } = useI18n();
  const [open, setOpen] = useState(false);
  const preview = useQuery({ ...listingPreview(listing.id), enabled: open });
  const { should } = listing;
  if (typeof should !== 'number') return '–';
  return (
    <Popover opened={open} onChange={setOpen}>
      <Popover.Target>
        <Button variant="subtle" size="compact-sm" className="num" aria-label={`${t('sku.channels.why')} ${should}`} onClick={() => setOpen(!open)}>
          <Flash value={should}>{f.number(should)}</Flash>
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        {preview.isError ? (
          <ProblemNote error={preview.error} onRetry={() => void preview.refetch()} />
        ) : preview.data ? (
          <RuleSteps steps={preview.data.steps} />
        ) : (
          t('loading')
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

/** When it was last told, and how long that took: the pushes of the SKU stand below, newest first. */
function LastPush({ listing }: { listing: Listing }) {
  const { f } = useI18n();
  const told = useInfiniteQuery({ ...pushes({ sku: listing.sku ?? '' }), enabled: Boolean(listing.sku) });
  const last = useMemo(() => told.data?.pages.flatMap((page) => page.data).find((push) => push.listing_id === listing.id), [told.data, listing.id]);
  return (
    <span className="soft">
      <Ago at={listing.pushed_at} />
      {last && ` · ${f.duration(last.total_ms)}`}
    </span>
  );
}

function PushNow({ listing }: { listing: Listing }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const act = useAct(
    (id: number, key: string) =>
      take(api.POST('/v1/listings/{id}/push', { params: { path: { id }, header: { 'Idempotency-Key': key } } })),
    {
      tells: true,
      refresh: [['listings']],
      onDone: () => notifications.show({ message: t('sku.channels.pushed'), color: 'teal' }),
    },
  );
  if (!may || !listing.sku_id) return null;
  return (
    <Button size="compact-xs" variant="default" loading={act.isPending} onClick={() => act.mutate(listing.id)}>
      {t('sku.channels.push')}
    </Button>
  );
}
