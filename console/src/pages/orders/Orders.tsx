import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { Fragment, useMemo, useState } from 'react';
import { withQuery } from '~/api/curl';
import { marketOrders, orders, shops } from '~/api/queries';
import { useI18n } from '~/i18n';
import { DataTable } from '~/parts/DataTable';
import { Filters, FilterSelect, ViewSwitch } from '~/parts/Filters';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL, useShopNames } from '~/parts/shopNames';
import { Verdict } from '~/parts/Verdict';
import { VOCABULARY } from '~/parts/vocabulary';
import { useOrderColumns } from './columns';
import { MarketOrders } from './MarketOrders';

const route = getRouteApi('/orders');

/** Orders as we hold them, or as marketplaces tell them. */
export function Orders() {
  const { t } = useI18n();
  const { view, shop, ...filter } = route.useSearch();
  return (
    <Page
      title={t('orders.title')}
      filled
      verdict={<OrdersVerdict />}
      curl={view === 'market' ? withQuery('/v1/market-orders', { state: filter.state, shop }) : withQuery('/v1/orders', filter)}
    >
      <OrderFilters />
      {view === 'market' ? <MarketOrders state={filter.state} shop={shop} /> : <OurOrders />}
    </Page>
  );
}

/** The states in which an order of a marketplace waits for a person, and how they are said. */
const WAITING = [
  ['needs_attention', 'orders.verdict.trouble'],
  ['waits_for_mapping', 'orders.verdict.mapping'],
] as const;

function OrdersVerdict() {
  const { t, rich } = useI18n();
  const { view, shop, ...filter } = route.useSearch();
  // The states of the two lists are not the same words.
  const ours = useInfiniteQuery({ ...orders(filter), enabled: view !== 'market' });
  const theirs = useInfiniteQuery({ ...marketOrders(filter.state, shop), enabled: view === 'market' });
  const shown = view === 'market' ? theirs : ours;
  const trouble = useInfiniteQuery(marketOrders('needs_attention'));
  const mapping = useInfiniteQuery(marketOrders('waits_for_mapping'));
  // The API does not list wishes by themselves: those of the newest orders are counted.
  const newest = useInfiniteQuery(marketOrders());
  const wishes = newest.data?.pages[0]?.data.filter((order) => order.cancel_requested).length ?? 0;
  const counts = { needs_attention: countOf(trouble.data), waits_for_mapping: countOf(mapping.data) };
  const waiting = WAITING.filter(([state]) => counts[state] > 0);
  if (waiting.length + wishes === 0) return <Verdict tone="ok">{t('orders.verdict', { n: countOf(shown.data) })}</Verdict>;
  return (
    <Verdict tone="wait">
      {waiting.map(([state, sentence]) => {
        const n = counts[state];
        const link = (
          <Link to="/orders" search={{ view: 'market', state }}>
            {t('orders.verdict.trouble.link', { n })}
          </Link>
        );
        return <Fragment key={state}>{rich(sentence, { n, link })} </Fragment>;
      })}
      {wishes > 0 && (
        <Link to="/orders" search={{ view: 'market' }}>
          {t('orders.verdict.wish', { n: wishes })}
        </Link>
      )}
    </Verdict>
  );
}

/** Rows that were read so far. */
const countOf = (data: { pages: { data: unknown[] }[] } | undefined) => data?.pages.reduce((sum, page) => sum + page.data.length, 0) ?? 0;

function OurOrders() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { view: _view, shop: _shop, ...filter } = route.useSearch();
  const query = useInfiniteQuery(orders(filter));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useOrderColumns();
  if (query.isError) return <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
  return (
    <DataTable
      label={t('orders.title')}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      loading={query.isPending}
      more={query.hasNextPage}
      onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
      onOpen={({ id }) => void navigate({ to: '/orders/$id', params: { id } })}
      stale={query.isStale && !query.isFetching && (query.data?.pages.length ?? 0) > 3}
      onReload={() => void client.resetQueries({ queryKey: orders(filter).queryKey })}
      empty={t(Object.values(filter).some(Boolean) ? 'orders.empty' : 'orders.none')}
      tone={(row) => (row.lines.some((line) => line.short > 0) ? 'bad' : undefined)}
    />
  );
}

function OrderFilters() {
  const { t } = useI18n();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery(shops());
  const names = useShopNames();
  const channels = new Set((all.data?.data ?? []).map(({ channel }) => channel));
  const [reference, setReference] = useState(filter.reference ?? '');
  const change = (next: Partial<typeof filter>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const search = useDebouncedCallback((text: string) => change({ reference: text.trim() || undefined }), 250);
  const market = filter.view === 'market';
  const words = Object.entries(market ? VOCABULARY.market_order : VOCABULARY.order);
  return (
    <Filters
      aside={
        <ViewSwitch
          label={t('orders.title')}
          views={[
            { value: 'ours', label: t('orders.view.ours') },
            { value: 'market', label: t('orders.view.market') },
          ]}
          value={filter.view}
          onChange={(view) => change({ view: view === 'market' ? view : undefined, state: undefined, shop: undefined, money_due: undefined })}
        />
      }
    >
      <FilterSelect
        width={170}
        label={t('orders.filter.state')}
        choices={words.map(([value, state]) => ({ value, label: t(state.word) }))}
        value={filter.state}
        onChange={(state) => change({ state })}
      />
      {market ? (
        <FilterSelect
          width={190}
          label={t('word.shop')}
          choices={(all.data?.data ?? []).map(({ shop }) => ({ value: shop, label: names.ofCode(shop) }))}
          value={filter.shop}
          onChange={(shop) => change({ shop })}
        />
      ) : (
        <>
          <FilterSelect
            width={190}
            label={t('orders.filter.money')}
            choices={[{ value: 'due', label: t('orders.filter.money.due') }]}
            value={filter.money_due ? 'due' : undefined}
            onChange={(money) => change({ money_due: money ? true : undefined })}
          />
          <FilterSelect
            width={190}
            label={t('orders.filter.channel')}
            choices={['api', ...channels].map((value) => ({ value, label: CHANNEL[value] ?? value }))}
            value={filter.channel}
            onChange={(channel) => change({ channel })}
          />
          <TextInput
            size="xs"
            w={190}
            placeholder={t('orders.filter.reference')}
            aria-label={t('orders.filter.reference')}
            value={reference}
            onChange={(event) => {
              setReference(event.currentTarget.value);
              search(event.currentTarget.value);
            }}
          />
        </>
      )}
    </Filters>
  );
}
