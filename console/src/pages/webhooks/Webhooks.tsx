import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { Schemas } from '~/api/client';
import { withQuery } from '~/api/curl';
import { notices, shops, webhooks } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Filters, FilterSelect, ViewSwitch } from '~/parts/Filters';
import { Ago } from '~/parts/Moment';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL, useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { tallied } from '~/parts/tally';
import { Verdict } from '~/parts/Verdict';
import { aboutOf, hasConsequence, referenceOf, unknownText, wordOfAbout } from './about';
import { WebhookDialog } from './WebhookDialog';
import classes from './Webhooks.module.css';

type Webhook = Schemas['Webhook'];

const route = getRouteApi('/webhooks');

/** What marketplaces have sent by themselves, and what became of it. */
export function Webhooks() {
  const { t } = useI18n();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery(shops());
  const names = useShopNames();
  const query = useInfiniteQuery(webhooks(filter));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const [open, setOpen] = useState<Webhook>();
  const columns = useColumns();
  return (
    <Page title={t('webhooks.title')} filled curl={withQuery('/v1/webhooks', filter)} verdict={<WebhooksVerdict />}>
      <LastOfEach />
      <Filters
        aside={
          <ViewSwitch
            label={t('webhooks.title')}
            views={[
              { value: 'all', label: t('all') },
              { value: 'unknown_shop', label: t('webhooks.view.unknown') },
            ]}
            value={filter.state}
            onChange={(state) =>
              void navigate({ search: (before) => ({ ...before, state: state === 'unknown_shop' ? state : undefined }), replace: true })
            }
          />
        }
      >
        <FilterSelect
          width={190}
          label={t('word.shop')}
          choices={(all.data?.data ?? []).map(({ shop }) => ({ value: shop, label: names.ofCode(shop) }))}
          value={filter.shop}
          onChange={(shop) => void navigate({ search: (before) => ({ ...before, shop }), replace: true })}
        />
      </Filters>
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('webhooks.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.key}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={setOpen}
          empty={t(filter.state || filter.shop ? 'webhooks.empty' : 'webhooks.verdict.none')}
          tone={(row) => (row.state === 'unknown_shop' && hasConsequence(row) ? 'wait' : undefined)}
        />
      )}
      {open && <WebhookDialog webhook={open} onClose={() => setOpen(undefined)} />}
    </Page>
  );
}

function WebhooksVerdict() {
  const { t, rich, f } = useI18n();
  const names = useShopNames();
  const unknown = useInfiniteQuery(webhooks({ state: 'unknown_shop' }));
  const newest = useInfiniteQuery(webhooks({}));
  const open = useInfiniteQuery(notices(true));
  if (!unknown.data || !newest.data) return null;
  const silent = (open.data?.pages.flatMap((page) => page.data) ?? []).filter(({ kind }) => kind === 'webhooks_silent');
  if (silent.length > 0) {
    const shown = silent.map((notice) => names.ofId(notice.shop_id)).join(', ');
    return <Verdict tone="bad">{t('webhooks.verdict.silent', { shops: shown })}</Verdict>;
  }
  // That a shop was authorised is told before it is connected, each time; it changes nothing.
  const n = unknown.data.pages.flatMap((page) => page.data).filter(hasConsequence).length;
  const count = tallied(f, { count: n, more: unknown.hasNextPage });
  if (n > 0) return <Verdict tone="wait">{t('webhooks.verdict.unknown', { n, count })}</Verdict>;
  const last = newest.data.pages[0]?.data[0];
  if (!last) return <Verdict tone="off">{t('webhooks.verdict.none')}</Verdict>;
  return <Verdict tone="ok">{rich('webhooks.verdict.ok', { when: <Ago at={last.received_at} /> })}</Verdict>;
}

/** When each shop sent its last one; each leads to its own. */
function LastOfEach() {
  const { t } = useI18n();
  const names = useShopNames();
  const all = useQuery({ ...shops(), refetchInterval: 5_000 });
  const list = all.data?.data ?? [];
  if (list.length === 0) return null;
  return (
    <ul className={classes.shops} aria-label={t('webhooks.shops')}>
      {list.map((shop) => (
        <li key={shop.shop}>
          <Link to="/webhooks" search={{ shop: shop.shop }}>
            {names.ofCode(shop.shop)}
          </Link>
          <span className="soft">{shop.webhook_at ? <Ago at={shop.webhook_at} /> : t('webhooks.never')}</span>
        </li>
      ))}
    </ul>
  );
}

function useColumns(): Column<Webhook>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  return useMemo(
    () => [
      { id: 'when', header: t('webhooks.came'), width: '104px', cell: (row) => <Ago at={row.received_at} /> },
      {
        id: 'shop',
        header: t('word.shop'),
        width: 'minmax(84px, 1fr)',
        cell: (row) =>
          row.shop ? (
            <Link to="/shops/$shop" params={{ shop: row.shop }}>
              {names.ofCode(row.shop)}
            </Link>
          ) : (
            <span title={row.account}>
              {CHANNEL[row.channel] ?? row.channel} <span className="code soft">{row.account}</span>
            </span>
          ),
      },
      { id: 'about', header: t('webhooks.about'), width: 'minmax(96px, 1.2fr)', cell: (row) => t(wordOfAbout(aboutOf(row))) },
      { id: 'kind', header: t('webhooks.word'), width: '110px', from: 760, cell: (row) => <span className="mono">{row.kind}</span> },
      { id: 'times', header: t('webhooks.times'), hint: t('webhooks.times.hint'), width: '72px', align: 'end', from: 620, cell: (row) => f.number(row.deliveries) },
      {
        id: 'state',
        header: t('webhooks.became'),
        width: 'minmax(150px, 1.2fr)',
        from: 500,
        cell: (row) => (
          <span title={unknownText(t, row)}>
            <StateBadge topic="webhook" state={row.state} />
          </span>
        ),
      },
      { id: 'follows', header: t('webhooks.follows'), width: 'minmax(130px, 1.2fr)', from: 860, cell: (row) => <Follows webhook={row} /> },
    ],
    [t, f, names],
  );
}

/** What its shop's orders or listings are after it. */
function Follows({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n();
  const { shop } = webhook;
  const about = aboutOf(webhook);
  if (!shop) return hasConsequence(webhook) ? <Link to="/shops">{t('webhooks.see.connect')}</Link> : '–';
  switch (about) {
    case 'order':
    case 'return':
      return webhook.market_orders.length > 0 ? (
        <>
          {webhook.market_orders.map((id) => (
            <Link key={id} to="/orders/market/$id" params={{ id }} className="code">
              {referenceOf(id)}{' '}
            </Link>
          ))}
        </>
      ) : (
        <Link to="/orders" search={{ view: 'market', shop }}>
          {t('webhooks.see.orders')}
        </Link>
      );
    case 'listing':
    case 'stock':
      return (
        <Link to="/mapping" search={{ view: 'mapped', shop }}>
          {t('webhooks.see.listings')}
        </Link>
      );
    default:
      return '–';
  }
}
