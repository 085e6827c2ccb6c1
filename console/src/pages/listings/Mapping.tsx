import { Button, Group } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import type { Schemas } from '~/api/client';
import { withQuery } from '~/api/curl';
import { listings, shops } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { Filters, FilterSelect, ViewSwitch } from '~/parts/Filters';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { Verdict } from '~/parts/Verdict';
import { MapDialog } from './MapDialog';

type Listing = Schemas['Listing'];

const route = getRouteApi('/mapping');

/** Which listing sells which SKU. What is not mapped waits, and is never guessed. */
export function Mapping() {
  const { t } = useI18n();
  const { view, shop } = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery(shops());
  const names = useShopNames();
  const mapped = view === 'mapped';
  const query = useInfiniteQuery(listings({ shop, mapped }));
  const open = useInfiniteQuery(listings({ mapped: false }));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const [mapping, setMapping] = useState<Listing>();
  const columns = useColumns(setMapping);
  const n = open.data?.pages.flatMap((page) => page.data).length ?? 0;
  return (
    <Page
      title={t('mapping.title')}
      filled
      curl={withQuery('/v1/listings', { shop, mapped: String(mapped) })}
      verdict={open.data && <Verdict tone={n > 0 ? 'wait' : 'ok'}>{n > 0 ? t('mapping.verdict', { n }) : t('mapping.verdict.ok')}</Verdict>}
    >
      <Filters
        aside={
          <ViewSwitch
            label={t('mapping.title')}
            views={[
              { value: 'unmapped', label: t('mapping.view.unmapped') },
              { value: 'mapped', label: t('mapping.view.mapped') },
            ]}
            value={view}
            onChange={(next) => void navigate({ search: { shop, view: next === 'mapped' ? next : undefined }, replace: true })}
          />
        }
      >
        <FilterSelect
          width={190}
          label={t('mapping.shop')}
          choices={(all.data?.data ?? []).map(({ shop: code }) => ({ value: code, label: names.ofCode(code) }))}
          value={shop}
          onChange={(code) => void navigate({ search: { view, shop: code }, replace: true })}
        />
      </Filters>
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('mapping.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.id)}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={setMapping}
          empty={t(mapped ? 'mapping.empty' : 'mapping.verdict.ok')}
          tone={(row) => (row.trouble ? 'bad' : undefined)}
        />
      )}
      {mapping && <MapDialog listing={mapping} onClose={() => setMapping(undefined)} />}
    </Page>
  );
}

/** Where it stands what a listing should show, and why. */
const channelsOf = (sku: string) => ({ to: '/stock/$sku', params: { sku }, search: { tab: 'channels' } }) as const;

function useColumns(onMap: (listing: Listing) => void): Column<Listing>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  const may = useMay('stock:write');
  return useMemo(
    () => [
      { id: 'title', header: t('mapping.listing'), width: 'minmax(100px, 2fr)', cell: (row) => <span title={row.title}>{row.title || row.item}</span> },
      { id: 'shop', header: t('mapping.shop'), width: 'minmax(90px, 0.8fr)', from: 560, cell: (row) => names.ofId(row.shop_id) },
      { id: 'seller', header: t('mapping.seller_sku'), width: 'minmax(110px, 1fr)', from: 760, cell: (row) => <span className="code">{row.seller_sku}</span> },
      {
        id: 'sku',
        header: t('mapping.sku'),
        width: 'minmax(84px, 1fr)',
        cell: (row) =>
          row.sku ? (
            <Link to="/stock/$sku" params={{ sku: row.sku }} className="code">
              {row.sku}
              {row.quantity && row.quantity > 1 ? ` × ${f.number(row.quantity)}` : ''}
            </Link>
          ) : (
            '–'
          ),
      },
      { id: 'told', header: t('mapping.told'), width: '70px', align: 'end', from: 640, cell: (row) => (typeof row.pushed === 'number' && row.sku ? <Figure value={row.pushed} label={t('mapping.told')} to={channelsOf(row.sku)} /> : '–') },
      { id: 'trouble', header: t('mapping.trouble'), width: 'minmax(90px, 1fr)', from: 1000, cell: (row) => row.trouble ?? '' },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '76px',
        align: 'end',
        cell: (row) =>
          may && (
            <Group justify="flex-end">
              <Button size="compact-xs" variant="default" onClick={() => onMap(row)}>
                {t(row.sku ? 'mapping.change' : 'mapping.map')}
              </Button>
            </Group>
          ),
      },
    ],
    [t, f, names, may, onMap],
  );
}
