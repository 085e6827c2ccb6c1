import { Link } from '@tanstack/react-router';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { useLiveNow, useMeter } from '~/live/LiveProvider';
import { latencies, percentile } from '~/live/meter';
import { Ago } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { Sparkline } from '~/parts/Sparkline';
import { StateBadge } from '~/parts/StateBadge';
import { CHANNEL } from '~/parts/shopNames';
import { useShopState } from '~/parts/shopState';
import classes from './Overview.module.css';

type Shop = Schemas['Shop'];

interface Props {
  shops: Shop[];
  loading: boolean;
  span: number;
}

/** How each shop is: state, latency, what is not told yet. */
export function ShopStrip({ shops, loading, span }: Props) {
  const { t } = useI18n();
  if (shops.length === 0) return <Panel>{loading ? t('loading') : t('overview.shops.none')}</Panel>;
  return (
    <ul className={classes.shops} aria-label={t('overview.shops')}>
      {shops.map((shop) => (
        <ShopCard key={shop.shop} shop={shop} span={span} />
      ))}
    </ul>
  );
}

function ShopCard({ shop, span }: { shop: Shop; span: number }) {
  const { t, rich, f } = useI18n();
  const now = useLiveNow();
  const state = useShopState(now)(shop);
  const meter = useMeter();
  const steps = meter.since(now - span, now);
  const samples = latencies(steps, shop.shop);
  const [p50, p95] = [percentile(samples, 0.5), percentile(samples, 0.95)];
  const confirmed = meter.confirmedAt.get(shop.shop);
  const last = steps.slice(-30).map((step) => percentile(step.latency.get(shop.shop) ?? [], 0.5));
  const shown = (ms: number | undefined) => (ms === undefined ? '–' : f.duration(ms));
  return (
    <li className={classes.shop}>
      <div className={classes.shopHead}>
        <span className="clip">
          <Link to="/shops/$shop" params={{ shop: shop.shop }} className={classes.shopName}>
            {CHANNEL[shop.channel] ?? shop.channel}
          </Link>{' '}
          <span className="soft">{shop.name || shop.account}</span>
        </span>
        {state && <StateBadge topic="shop" state={state} pill />}
      </div>
      <div className={classes.shopFigures}>
        <div>
          <span className="soft">{t('overview.shop.p50')}</span> <strong className="num">{shown(p50)}</strong>
          <span className="soft"> · {t('overview.shop.p95')}</span> <strong className="num">{shown(p95)}</strong>
          <div>
            <Link to="/pushes" search={{ shop: shop.shop }}>
              {t('overview.shop.pushes', { n: samples.length })}
            </Link>
          </div>
        </div>
        <Sparkline values={last} />
      </div>
      <div className={classes.shopFoot}>
        {shop.waiting > 0 ? (
          <Link to="/pushes" search={{ view: 'untold', shop: shop.shop }} className="tone-wait">
            {t('overview.shop.waiting', { n: shop.waiting })}
          </Link>
        ) : (
          <span className="soft">{t('overview.shop.told')}</span>
        )}
        <span className="soft">
          {confirmed !== undefined
            ? rich('overview.shop.confirmed', { when: <Ago at={new Date(confirmed).toISOString()} /> })
            : rich('overview.shop.heard', { when: <Ago at={shop.answered_at} /> })}
        </span>
      </div>
    </li>
  );
}
