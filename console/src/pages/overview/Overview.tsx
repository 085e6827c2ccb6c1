import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { failures, overview, readiness, shops, stock } from '~/api/queries';
import { useI18n } from '~/i18n';
import { useBegun, useCovered, useLiveNow, useMeter } from '~/live/LiveProvider';
import { latencies, percentile } from '~/live/meter';
import { useAttention } from '~/parts/attention';
import { byCause } from '~/parts/deadJobs';
import { Tile } from '~/parts/Figure';
import { TARGET_MS } from '~/parts/pace';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopState, worstOf } from '~/parts/shopState';
import { pageTally, tallied } from '~/parts/tally';
import { Verdict } from '~/parts/Verdict';
import type { Tone } from '~/parts/vocabulary';
import { Integrity } from './Integrity';
import { ShopStrip } from './ShopStrip';
import { Ticker } from './Ticker';
import { useRisk } from './risk';
import classes from './Overview.module.css';

const Charts = lazy(async () => ({ default: (await import('./Charts')).Charts }));

/** Below so many units a row of stock is thin: one order of a few more and it is gone. */
const THIN_BELOW = 5;
/** The longest span of the figures that come from the feed. */
const SPAN_MS = 15 * 60_000;

export function Overview() {
  const { t } = useI18n();
  const all = useQuery({ ...shops(), refetchInterval: 15_000 });
  return (
    <Page title={t('overview.title')} curl="/v1/shops" verdict={<OverviewVerdict />}>
      {all.isError && <ProblemNote error={all.error} onRetry={() => void all.refetch()} />}
      <Tiles />
      <ShopStrip shops={all.data?.data ?? []} loading={all.isPending} span={SPAN_MS} />
      <div className={classes.columns}>
        <div className={classes.charts}>
          <Suspense fallback={<Panel>{t('loading')}</Panel>}>
            <Charts span={SPAN_MS} />
          </Suspense>
        </div>
        <Ticker />
      </div>
      <Integrity />
    </Page>
  );
}

function OverviewVerdict() {
  const { t, rich, f } = useI18n();
  const now = useLiveNow();
  const meter = useMeter();
  const ready = useQuery(readiness());
  const all = useQuery(shops());
  const waits = useAttention();
  const risk = useRisk();
  const begun = useBegun();
  const covered = useCovered(SPAN_MS);
  const stateOf = useShopState(now);
  if (!all.data || !waits) return null;

  if (ready.data?.writable === false) {
    return <Verdict tone="bad">{t('overview.verdict.database')}</Verdict>;
  }
  const list = all.data.data;
  if (list.length === 0) return <Verdict tone="off">{t('overview.verdict.no_shops')}</Verdict>;

  const states = list.map(stateOf).filter((state) => state !== undefined);
  if (states.length < list.length) return null;
  // A figure that has just changed is on its way; one that waits for long makes its shop slow.
  const told = states.filter((state) => state === 'live').length;
  const p95 = percentile(latencies(meter.since(now - SPAN_MS, now)), 0.95);
  const worst = worstOf(states);
  const tone: Tone = worst === 'bad' || waits.tone === 'bad' ? 'bad' : waits.tone === 'wait' || (p95 ?? 0) >= TARGET_MS ? 'wait' : worst;
  return (
    <Verdict tone={tone}>
      {rich('overview.verdict.ok', {
        shops: <Link to="/shops">{t('overview.verdict.shops', { n: list.length, confirmed: told })}</Link>,
        push: <Link to="/pushes">{!begun ? '…' : p95 === undefined ? t('overview.verdict.never', { span: f.duration(covered) }) : t('overview.verdict.push', { time: f.duration(p95) })}</Link>,
        rest: (
          <>
            {risk.units > 0 && (
              <>
                {rich('overview.verdict.behind', {
                  n: risk.units,
                  units: tallied(f, { count: risk.units, more: risk.more }),
                  link: (
                    <Link to="/pushes" search={{ view: 'untold' }}>
                      {t('overview.verdict.listings', { n: risk.listings, count: tallied(f, { count: risk.listings, more: risk.more }) })}
                    </Link>
                  ),
                })}{' '}
              </>
            )}
            {waits.tally.count > 0
              ? rich('overview.verdict.waits', { n: waits.tally.count, link: <Link to="/attention">{t('overview.verdict.things', { n: waits.tally.count, count: tallied(f, waits.tally) })}</Link> })
              : t('overview.verdict.calm')}
          </>
        ),
      })}
    </Verdict>
  );
}

function Tiles() {
  const { t, f } = useI18n();
  const now = useLiveNow();
  const meter = useMeter();
  const counts = useQuery({ ...overview(), refetchInterval: 15_000 }).data;
  const waits = useAttention();
  const all = useQuery(shops());
  const dead = useQuery(failures());
  const thin = useInfiniteQuery({ ...stock({ available_below: THIN_BELOW }), refetchInterval: 20_000 });
  const risk = useRisk();

  const thinFirst = thin.data?.pages[0];
  const groups = dead.data?.data ?? [];
  const jobs = groups.reduce((sum, group) => sum + group.count, 0);
  const begun = useBegun();
  const orders = begun ? meter.since(now - SPAN_MS, now).reduce((sum, step) => sum + step.orders, 0) : undefined;
  const covered = useCovered(SPAN_MS);
  // Each shop's own count is exact, however many there are.
  const untold = (all.data?.data ?? []).reduce((sum, shop) => sum + shop.waiting, 0);
  return (
    <div className={classes.tiles}>
      <Tile
        label={t('overview.risk')}
        value={risk.known ? tallied(f, { count: risk.units, more: risk.more }) : undefined}
        tone={risk.units > 0 ? 'bad' : undefined}
        note={t('overview.risk.note', { n: untold })}
        to={{ to: '/pushes', search: { view: 'untold' } }}
      />
      <Tile
        label={t('overview.attention')}
        value={waits && tallied(f, waits.tally)}
        to={{ to: '/attention' }}
        tone={waits && waits.tone !== 'ok' ? waits.tone : undefined}
        note={t('overview.attention.note', { n: waits?.tally.count ?? 0 })}
      />
      <Tile
        label={t('overview.dead')}
        value={dead.data && jobs}
        to={{ to: '/queues' }}
        tone={jobs > 0 ? 'bad' : undefined}
        note={t('overview.dead.note', { n: byCause(groups).length })}
      />
      <Tile
        label={t('overview.shortfalls')}
        value={counts && tallied(f, counts.shortfalls)}
        tone={counts && counts.shortfalls.count > 0 ? 'bad' : undefined}
        note={t('overview.shortfalls.note')}
        to={{ to: '/stock', search: { below: 0 } }}
      />
      <Tile
        label={t('overview.thin')}
        value={thinFirst && tallied(f, pageTally(thinFirst))}
        note={t('overview.thin.note', { below: THIN_BELOW })}
        to={{ to: '/stock', search: { below: THIN_BELOW } }}
      />
      <Tile
        label={t('overview.orders')}
        value={orders}
        note={t('overview.orders.note', { span: f.duration(covered) })}
        to={{ to: '/orders' }}
      />
    </div>
  );
}
