import { Tabs } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { listings, sku as skuQuery, skuStock } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { At } from '~/parts/Moment';
import { Verdict } from '~/parts/Verdict';
import type { Schemas } from '~/api/client';
import { Bundle } from './Bundle';
import { Channels } from './Channels';
import { Equation } from './Equation';
import { Holds } from './Holds';
import { Ledger } from './Ledger';
import { LocationPicker } from './LocationPicker';
import { Past } from './Past';

const route = getRouteApi('/stock/$sku');
const TABS = ['ledger', 'holds', 'channels', 'bundle'] as const;

/** One SKU: its equation, and what stands behind each of its terms. */
export function Sku() {
  const { t } = useI18n();
  const { sku: code } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const sku = useQuery(skuQuery(code));
  const stock = useQuery(skuStock(code));
  const rows = stock.data?.locations ?? [];
  const location = search.location ?? rows[0]?.location;
  const bundle = sku.data?.kind === 'bundle';
  const tab = search.tab ?? (bundle ? 'bundle' : 'ledger');
  const error = sku.error ?? stock.error;

  return (
    <Page
      title={code}
      above={<Link to="/stock">{t('sku.above')}</Link>}
      beside={
        <span className="soft">
          {sku.data?.name}
          {sku.data?.archived && ` · ${t('sku.archived')}`}
        </span>
      }
      curl={location ? `/v1/stock/${encodeURIComponent(code)}/${encodeURIComponent(location)}/explain` : `/v1/stock/${encodeURIComponent(code)}`}
      verdict={stock.data && <SkuVerdict sku={code} stock={stock.data} asOf={search.as_of} />}
      actions={!bundle && location && <LocationPicker rows={rows} location={location} sku={code} />}
    >
      {error && <ProblemNote error={error} onRetry={() => void stock.refetch()} />}
      {!bundle && location && !search.as_of && <Equation sku={code} location={location} />}
      {!bundle && location && search.as_of && <Past sku={code} location={location} asOf={search.as_of} />}
      {stock.data && (
        <Tabs
          value={tab}
          keepMounted={false}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, tab: TABS.find((each) => each === next) }) })}
        >
          <Tabs.List mb="sm">
            {TABS.filter((each) => (bundle ? each === 'bundle' || each === 'channels' : each !== 'bundle')).map((each) => (
              <Tabs.Tab key={each} value={each}>
                {t(`sku.tab.${each}`)}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="ledger">{location && <Ledger sku={code} location={location} />}</Tabs.Panel>
          <Tabs.Panel value="holds">{location && <Holds sku={code} location={location} />}</Tabs.Panel>
          <Tabs.Panel value="channels">
            <Channels sku={code} />
          </Tabs.Panel>
          <Tabs.Panel value="bundle">
            <Bundle stock={stock.data} />
          </Tabs.Panel>
        </Tabs>
      )}
    </Page>
  );
}

function SkuVerdict({ sku, stock, asOf }: { sku: string; stock: Schemas['SkuStock']; asOf?: string }) {
  const { t, rich, f } = useI18n();
  const listed = useInfiniteQuery(listings({ sku }));
  const all = listed.data?.pages.flatMap((page) => page.data) ?? [];
  const waiting = all.filter((listing) => listing.waiting).length;
  if (asOf) {
    return (
      <Verdict tone="busy">
        {rich('sku.verdict.past', { at: <At at={asOf} date /> })}{' '}
        <Link to="/stock/$sku" params={{ sku }} search={(before) => ({ ...before, as_of: undefined })}>
          {t('sku.verdict.back')}
        </Link>
      </Verdict>
    );
  }
  const told =
    all.length === 0
      ? t(stock.kind === 'bundle' ? 'sku.told.bundle' : 'sku.told.none')
      : waiting > 0
        ? t('sku.told.waiting', { n: waiting, all: all.length })
        : t('sku.told.all', { n: all.length });
  if (stock.available < 0) return <Verdict tone="bad">{t('sku.verdict.short', { n: -stock.available })}</Verdict>;
  if (stock.available === 0) return <Verdict tone="wait">{t('sku.verdict.out', { told })}</Verdict>;
  return (
    <Verdict tone={waiting > 0 ? 'busy' : 'ok'}>
      {t('sku.verdict.ok', { available: f.number(stock.available), told })}
    </Verdict>
  );
}
