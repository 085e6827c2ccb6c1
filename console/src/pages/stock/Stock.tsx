import { TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState, type ReactNode } from 'react';
import { withQuery } from '~/api/curl';
import { locations, overview } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { FilterChip } from '~/parts/FilterChip';
import { Filters, FilterSelect } from '~/parts/Filters';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { DataTable } from '~/parts/DataTable';
import { tallied } from '~/parts/tally';
import { Verdict } from '~/parts/Verdict';
import { AdjustDialog } from './AdjustDialog';
import { BulkPush } from './BulkPush';
import { useStockColumns, type StockRow } from './columns';
import { SelectionBar, keyOf, useChoiceColumn, useSelection } from './Selection';
import { WholeList } from './WholeList';
import { useStockRows } from './rows';

const route = getRouteApi('/stock');

/** The named choices of "available below". */
const BELOW = { short: 0, out: 1, thin: 5, low: 20 } as const;
type Below = keyof typeof BELOW;

/** Every SKU at every location. */
export function Stock() {
  const { t } = useI18n();
  const filter = route.useSearch();
  const navigate = useNavigate();
  const { rows, query, byName, filter: found, loading } = useStockRows(filter);
  const may = useMay('stock:write');
  const [adjusting, setAdjusting] = useState<StockRow>();
  const [pushing, setPushing] = useState<StockRow[]>();
  const { chosen, toggle, add, clear } = useSelection();
  const box = useChoiceColumn(chosen, toggle);
  const rest = useStockColumns(setAdjusting);
  const columns = useMemo(() => [box, ...rest], [box, rest]);
  return (
    <Page
      title={t('stock.title')}
      filled
      verdict={<StockVerdict shown={rows.length} />}
      curl={withQuery('/v1/stock', { prefix: filter.q, location: filter.location, available_below: filter.below })}
    >
      <StockFilters aside={<WholeList rows={rows} filter={found} onChoose={add} />} />
      {byName && <div className="soft">{t('stock.by_name', { n: rows.length })}</div>}
      <SelectionBar rows={[...chosen.values()]} clear={clear} />
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('stock.title')}
          columns={columns}
          rows={rows}
          rowKey={keyOf}
          loading={loading}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={({ sku, location }) => void navigate({ to: '/stock/$sku', params: { sku }, search: { location } })}
          onKey={(key, row) => {
            if (key === 'a' && may) setAdjusting(row);
            if (key === 'x') toggle(row);
            if (key === 'p' && may) setPushing(chosen.size > 0 ? [...chosen.values()] : [row]);
          }}
          empty={t(Object.values(filter).some(Boolean) ? 'stock.empty' : 'stock.none')}
          tone={(row) => (row.available < -row.backorder_limit ? 'bad' : undefined)}
        />
      )}
      {adjusting && (
        <AdjustDialog
          key={`${adjusting.sku}\n${adjusting.location}`}
          sku={adjusting.sku}
          location={adjusting.location}
          onClose={() => setAdjusting(undefined)}
        />
      )}
      {pushing && <BulkPush rows={pushing} onClose={() => setPushing(undefined)} onDone={clear} />}
    </Page>
  );
}

function StockVerdict({ shown }: { shown: number }) {
  const { t, rich, f } = useI18n();
  const short = useQuery(overview()).data?.shortfalls;
  if (!short) return null;
  const n = short.count;
  if (n === 0) return <Verdict tone="ok">{t('stock.verdict.ok', { n: shown })}</Verdict>;
  const link = (
    <Link to="/stock" search={{ below: BELOW.short }}>
      {t('stock.verdict.short.link', { n, count: tallied(f, short) })}
    </Link>
  );
  return <Verdict tone="bad">{rich('stock.verdict.short', { n, link })}</Verdict>;
}

function StockFilters({ aside }: { aside: ReactNode }) {
  const { t } = useI18n();
  const filter = route.useSearch();
  const navigate = route.useNavigate();
  const places = useQuery(locations());
  const [text, setText] = useState(filter.q ?? '');
  const change = (next: Partial<typeof filter>) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const search = useDebouncedCallback((q: string) => change({ q: q.trim() || undefined }), 200);
  const named = (Object.keys(BELOW) as Below[]).find((word) => BELOW[word] === filter.below);
  return (
    <Filters aside={aside}>
      <TextInput
        size="xs"
        w={220}
        leftSection={<IconSearch size={15} />}
        placeholder={t('stock.search')}
        aria-label={t('stock.search')}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          search(event.currentTarget.value);
        }}
      />
      <FilterSelect
        width={150}
        label={t('stock.location')}
        choices={(places.data?.data ?? []).map(({ location }) => location)}
        value={filter.location}
        onChange={(location) => change({ location })}
      />
      <FilterSelect
        width={150}
        label={t('stock.filter.below')}
        choices={(Object.keys(BELOW) as Below[]).map((value) => ({ value, label: t(`stock.filter.${value}`) }))}
        value={named}
        onChange={(word) => change({ below: word === undefined ? undefined : BELOW[word as Below] })}
      />
      {filter.below !== undefined && !named && (
        <FilterChip label={t('stock.filter.below')} value={`< ${filter.below}`} onRemove={() => change({ below: undefined })} />
      )}
    </Filters>
  );
}
