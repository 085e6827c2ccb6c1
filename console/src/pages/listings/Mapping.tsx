import { Button, Group, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useCallback, useMemo, useState } from 'react';
import type { Schemas } from '~/api/client';
import { withQuery } from '~/api/curl';
import { listings, marketOrders, PAGE, shops } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { useBoxColumn } from '~/parts/BoxColumn';
import { DataTable, type Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { FilterChip } from '~/parts/FilterChip';
import { Filters, FilterSelect, ViewSwitch } from '~/parts/Filters';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { serverWords } from '~/parts/ServerWords';
import { useShopNames } from '~/parts/shopNames';
import { troubleOf } from '~/parts/trouble';
import { Verdict } from '~/parts/Verdict';
import { AcceptDialog, SUGGESTED_MAX } from './AcceptDialog';
import { History, HistoryVerdict } from './History';
import { MapDialog } from './MapDialog';
import { listingName } from './readHistory';
import { UndoMapping, type Undoable } from './UndoMapping';
import classes from './Mapping.module.css';

type Listing = Schemas['Listing'];

const route = getRouteApi('/mapping');

/** Pages that are looked through for letters: the server finds listings by their whole seller SKU only. */
const SEARCHED_PAGES = 50;

/** Whether a listing has these letters in its title or one of its codes. */
export function hasLetters(listing: Pick<Listing, 'title' | 'seller_sku' | 'sku' | 'item'>, letters: string): boolean {
  const wanted = letters.toLowerCase();
  return [listing.title, listing.seller_sku, listing.sku ?? '', listing.item].some((text) => text.toLowerCase().includes(wanted));
}

/** The listings that fit: those with exactly this seller SKU first, then those with the letters, as far as they were read. */
function useListings() {
  const { view, shop, q } = route.useSearch();
  const mapped = view === 'mapped';
  const query = useInfiniteQuery(listings({ shop, mapped }));
  const exact = useInfiniteQuery({ ...listings({ shop, mapped, seller_sku: q }), enabled: q !== undefined });
  const rows = useMemo(() => {
    const all = query.data?.pages.flatMap((page) => page.data) ?? [];
    if (!q) return all;
    const same = exact.data?.pages.flatMap((page) => page.data) ?? [];
    const known = new Set(same.map(({ id }) => id));
    return [...same, ...all.filter((listing) => !known.has(listing.id) && hasLetters(listing, q))];
  }, [query.data, exact.data, q]);
  const more = query.hasNextPage && !(q && (query.data?.pages.length ?? 0) >= SEARCHED_PAGES);
  return { query, rows, more, cut: query.hasNextPage && !more };
}

/** Which listing sells which SKU. What is not mapped waits, and is never guessed. */
export function Mapping() {
  const { t } = useI18n();
  const { view, shop, q, listing } = route.useSearch();
  const [accepted, setAccepted] = useState<Undoable[]>([]);
  const history = view === 'history';
  const whose = listing === undefined ? { mapping: 'true' } : { subject: String(listing) };
  const curl = history ? withQuery('/v1/events', { type: 'listing.changed', order: 'newest', ...whose }) : withQuery('/v1/listings', { shop, mapped: String(view === 'mapped') });
  return (
    <Page title={t('mapping.title')} filled curl={curl} verdict={history ? <HistoryVerdict /> : <MappingVerdict />}>
      {accepted.length > 0 && <Accepted changes={accepted} onClose={() => setAccepted([])} />}
      <MappingFilters />
      {/* Another view or filter is another list: nothing of the one before stays chosen. */}
      {history ? <History key={`${listing} ${shop}`} /> : <Listings key={`${view} ${shop} ${q}`} onAccepted={setAccepted} />}
    </Page>
  );
}

/** What was accepted together can be undone together, for as long as the page is open; the history has it for longer. */
function Accepted({ changes, onClose }: { changes: Undoable[]; onClose: () => void }) {
  const { t } = useI18n();
  const [undoing, setUndoing] = useState(false);
  const said = t('mapping.bulk', { n: changes.length });
  return (
    <div className={classes.bar} role="region" aria-label={said}>
      <strong>{said}</strong>
      <Button size="compact-sm" variant="default" onClick={() => setUndoing(true)}>
        {t('mapping.bulk.undo')}
      </Button>
      <Button size="compact-sm" variant="subtle" color="gray" onClick={onClose}>
        {t('close')}
      </Button>
      {undoing && <UndoMapping changes={changes} onClose={() => setUndoing(false)} />}
    </div>
  );
}

function Listings({ onAccepted }: { onAccepted: (changes: Undoable[]) => void }) {
  const { t } = useI18n();
  const { view, shop, q } = route.useSearch();
  const mapped = view === 'mapped';
  const { query, rows, more, cut } = useListings();
  const may = useMay('stock:write') && !mapped;
  const [mapping, setMapping] = useState<Listing>();
  const [chosen, setChosen] = useState<ReadonlyMap<number, Listing>>(new Map());
  const [accepting, setAccepting] = useState(false);
  const toggle = useCallback(
    (listing: Listing) =>
      setChosen((before) => {
        const next = new Map(before);
        if (!next.delete(listing.id)) next.set(listing.id, listing);
        return next;
      }),
    [],
  );
  const box = useBox(chosen, toggle);
  const rest = useColumns(setMapping, mapped);
  const columns = useMemo(() => (may ? [box, ...rest] : rest), [may, box, rest]);
  const clear = () => setChosen(new Map());
  const accepted = (changes: Undoable[]) => {
    if (changes.length > 0) onAccepted(changes);
    setChosen((before) => new Map([...before].filter(([id]) => !changes.some(({ listing }) => listing === id))));
  };
  return (
    <>
      {may && rows.length > 0 && (
        <ChoiceBar
          n={chosen.size}
          onAll={() => setChosen(new Map(rows.slice(0, SUGGESTED_MAX).map((row) => [row.id, row])))}
          onNone={clear}
          onAccept={() => setAccepting(true)}
        />
      )}
      {cut && <div className="soft">{t('mapping.search.cut', { n: SEARCHED_PAGES * PAGE })}</div>}
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('mapping.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.id)}
          loading={query.isPending}
          more={more}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={setMapping}
          onKey={(key, row) => key === 'x' && may && toggle(row)}
          empty={t(mapped || shop || q ? 'mapping.empty' : 'mapping.verdict.ok')}
          tone={(row) => (row.trouble ? 'bad' : undefined)}
        />
      )}
      {mapping && <MapDialog listing={mapping} onClose={() => setMapping(undefined)} />}
      {accepting && <AcceptDialog listings={[...chosen.values()]} onClose={() => setAccepting(false)} onDone={accepted} />}
    </>
  );
}

/** How many listings nobody has mapped, and how many orders wait for that. */
function MappingVerdict() {
  const { t, rich } = useI18n();
  const open = useInfiniteQuery(listings({ mapped: false }));
  const waiting = useInfiniteQuery(marketOrders('waits_for_mapping'));
  const n = open.data?.pages.flatMap((page) => page.data).length ?? 0;
  const orders = waiting.data?.pages.flatMap((page) => page.data).length ?? 0;
  if (!open.data) return null;
  const link = (
    <Link to="/orders" search={{ view: 'market', state: 'waits_for_mapping' }}>
      {t('orders.verdict.trouble.link', { n: orders })}
    </Link>
  );
  return (
    <Verdict tone={n + orders > 0 ? 'wait' : 'ok'}>
      {n > 0 ? t('mapping.verdict', { n }) : t('mapping.verdict.ok')} {orders > 0 && rich('mapping.verdict.orders', { n: orders, link })}
    </Verdict>
  );
}

function MappingFilters() {
  const { t } = useI18n();
  const { view, shop, q, listing } = route.useSearch();
  const navigate = route.useNavigate();
  const all = useQuery(shops());
  const names = useShopNames();
  const [letters, setLetters] = useState(q ?? '');
  const change = (next: { view?: 'mapped' | 'history'; shop?: string; q?: string; listing?: number }) =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const search = useDebouncedCallback((text: string) => change({ q: text.trim() || undefined }), 250);
  return (
    <Filters
      aside={
        <ViewSwitch
          label={t('mapping.title')}
          views={[
            { value: 'unmapped', label: t('mapping.view.unmapped') },
            { value: 'mapped', label: t('mapping.view.mapped') },
            { value: 'history', label: t('mapping.view.history') },
          ]}
          value={view}
          onChange={(next) => change({ view: next === 'unmapped' ? undefined : next, listing: undefined })}
        />
      }
    >
      {view !== 'history' && (
        <TextInput
          size="xs"
          w={210}
          placeholder={t('mapping.search')}
          aria-label={t('mapping.search')}
          value={letters}
          onChange={(event) => {
            setLetters(event.currentTarget.value);
            search(event.currentTarget.value);
          }}
        />
      )}
      {listing !== undefined && <ListingChip listing={listing} onRemove={() => change({ listing: undefined })} />}
      <FilterSelect
        width={190}
        label={t('mapping.shop')}
        choices={(all.data?.data ?? []).map(({ shop: code }) => ({ value: code, label: names.ofCode(code) }))}
        value={shop}
        onChange={(code) => change({ shop: code })}
      />
    </Filters>
  );
}

function ListingChip({ listing, onRemove }: { listing: number; onRemove: () => void }) {
  const { t } = useI18n();
  const name = useQuery(listingName(listing)).data;
  return <FilterChip label={t('mapping.listing')} value={name?.title ?? `#${listing}`} onRemove={onRemove} />;
}

/** What can be done with the listings that are chosen. */
function ChoiceBar({ n, onAll, onNone, onAccept }: { n: number; onAll: () => void; onNone: () => void; onAccept: () => void }) {
  const { t } = useI18n();
  return (
    <div className={classes.bar} role="region" aria-label={t('mapping.chosen', { n })}>
      <strong>{t('mapping.chosen', { n })}</strong>
      <Button size="compact-sm" disabled={n === 0} onClick={onAccept}>
        {t('mapping.accept')}
      </Button>
      <Button size="compact-sm" variant="default" onClick={onAll}>
        {t('mapping.choose.all')}
      </Button>
      {n > 0 && (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={onNone}>
          {t('stock.choose.none')}
        </Button>
      )}
    </div>
  );
}

function useBox(chosen: ReadonlyMap<number, Listing>, toggle: (listing: Listing) => void): Column<Listing> {
  const { t } = useI18n();
  const isChosen = useCallback((row: Listing) => chosen.has(row.id), [chosen]);
  const label = useCallback((row: Listing) => t('mapping.choose.row', { title: row.title || row.item }), [t]);
  return useBoxColumn(isChosen, toggle, label, 480);
}

/** Where it stands what a listing should show, and why. */
const channelsOf = (sku: string) => ({ to: '/stock/$sku', params: { sku }, search: { tab: 'channels' } }) as const;

/** Where it is mapped already, a telephone shows which shop, and a row opens at a tap; else what is to be done is the button. */
function useColumns(onMap: (listing: Listing) => void, mapped: boolean): Column<Listing>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  const may = useMay('stock:write');
  return useMemo(
    () => [
      { id: 'title', header: t('mapping.listing'), width: 'minmax(100px, 2fr)', cell: (row) => <span title={row.title}>{row.title || row.item}</span> },
      { id: 'shop', header: t('mapping.shop'), width: 'minmax(72px, 0.8fr)', from: mapped ? undefined : 560, cell: (row) => names.ofId(row.shop_id) },
      { id: 'seller', header: t('mapping.seller_sku'), width: 'minmax(110px, 1fr)', from: 760, cell: (row) => <span className="code">{row.seller_sku}</span> },
      {
        id: 'sku',
        header: t('mapping.sku'),
        width: mapped ? 'minmax(112px, 1fr)' : 'minmax(84px, 1fr)',
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
      { id: 'trouble', header: t('mapping.trouble'), width: 'minmax(90px, 1fr)', from: 1000, cell: (row) => row.trouble && <span title={serverWords(t, troubleOf(t, row.trouble).said)}>{troubleOf(t, row.trouble).words}</span> },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '76px',
        align: 'end',
        from: mapped ? 420 : undefined,
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
    [t, f, names, may, onMap, mapped],
  );
}
