import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import type { Schemas } from '~/api/client';
import { toProblem } from '~/api/problem';
import { marketOrder } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Figure } from '~/parts/Figure';
import { Ago, At } from '~/parts/Moment';
import { FactList } from '~/parts/FactList';
import { LineTable, type LineColumn } from '~/parts/LineTable';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { SYSTEM, useActorNames } from '~/parts/actorNames';
import { useShopNames } from '~/parts/shopNames';
import { StateBadge, StateShape } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import { wordOf } from '~/parts/words';
import { MapDialog } from '~/pages/attention/MapDialog';
import { FetchAgain } from './FetchAgain';
import { CancelWish, JobNote, ShipThereDialog } from './marketDialogs';
import { MarketState } from './MarketState';
import { Trouble } from './Trouble';
import marketClasses from './MarketOrder.module.css';
import classes from './Order.module.css';

type Detail = Schemas['MarketOrderDetail'];
type Line = Schemas['MarketOrderLine'];

const route = getRouteApi('/orders/market/$id');

/** An order as its marketplace tells it: what became of each line, and what keeps it from being applied. */
export function MarketOrderPage() {
  const { t } = useI18n();
  const { id } = route.useParams();
  const names = useShopNames();
  const query = useQuery(marketOrder(id));
  const order = query.data;
  const [shipping, setShipping] = useState<string>();
  const shop = names.ofId(order?.shop_id);
  return (
    <Page
      title={order?.reference ?? id}
      above={
        <Link to="/orders" search={{ view: 'market' }}>
          {t('orders.view.market')}
        </Link>
      }
      beside={order && <MarketState order={order} pill />}
      curl={`/v1/market-orders/${encodeURIComponent(id)}`}
      verdict={order && <MarketVerdict order={order} shop={shop} />}
      actions={order && <Actions order={order} shop={shop} onShipped={setShipping} />}
    >
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isError && toProblem(query.error).status === 404 && <p>{t('market.not_yet')}</p>}
      {shipping && <JobNote id={shipping} />}
      {order && (
        <>
          {order.cancel_requested && <CancelWish id={order.id} shop={shop} />}
          {order.trouble && (
            <Panel title={t('orders.market.trouble')}>
              <p className={`${marketClasses.trouble} tone-bad`}>{t('orders.market.trouble.what')}</p>
              <Trouble order={order} />
            </Panel>
          )}
          <div className={classes.columns}>
            <div className={classes.stack}>
              <Lines order={order} />
              <Events events={order.timeline} />
            </div>
            <Facts order={order} shop={shop} />
          </div>
        </>
      )}
    </Page>
  );
}

/** Goods of it that are paid and still here. */
export const toShip = (order: Pick<Detail, 'lines'>) =>
  order.lines.reduce((sum, line) => sum + (line.status === 'confirmed' ? line.quantity - line.cancelled : 0), 0);

/** Lines whose listing nobody has mapped. */
export const unmappedOf = (order: Pick<Detail, 'lines'>) => order.lines.filter((line) => line.state === 'waits_for_mapping').length;

function MarketVerdict({ order, shop }: { order: Detail; shop: string }) {
  const { t } = useI18n();
  const waiting = unmappedOf(order);
  if (order.trouble) return <Verdict tone="bad">{t('market.verdict.trouble')}</Verdict>;
  if (waiting > 0) return <Verdict tone="wait">{t('market.verdict.mapping', { n: waiting })}</Verdict>;
  if (order.cancel_requested) return <Verdict tone="wait">{t('market.wish.title')}</Verdict>;
  const left = toShip(order);
  if (left > 0) return <Verdict tone="busy">{t('market.verdict.ship', { n: left })}</Verdict>;
  return <Verdict tone="ok">{t('market.verdict.ok', { shop })}</Verdict>;
}

function Actions({ order, shop, onShipped }: { order: Detail; shop: string; onShipped: (job: string | undefined) => void }) {
  const { t } = useI18n();
  const may = useMay('orders:fulfil');
  const [open, setOpen] = useState(false);
  return (
    <>
      {may && toShip(order) > 0 && !order.cancel_requested && (
        <Button size="xs" h={32} onClick={() => setOpen(true)}>
          {t('order.do.ship')}
        </Button>
      )}
      <FetchAgain id={order.id} size="xs" />
      {open && (
        <ShipThereDialog
          id={order.id}
          shop={shop}
          onClose={() => setOpen(false)}
          onDone={(job) => {
            setOpen(false);
            onShipped(job);
          }}
        />
      )}
    </>
  );
}

/** What the marketplace tells of each line, and what became of it here. */
function Lines({ order }: { order: Detail }) {
  const { t, f } = useI18n();
  const may = useMay('stock:write');
  const [mapping, setMapping] = useState<number>();
  const columns: [LineColumn<Line>, ...LineColumn<Line>[]] = [
    { name: t('mapping.listing'), of: (line) => <Listing line={line} /> },
    { name: t('orders.units'), end: true, of: (line) => <Units line={line} /> },
    { name: t('word.sku'), of: (line) => <Sold line={line} onMap={may ? setMapping : undefined} /> },
    { name: t('market.became'), of: (line) => <Became line={line} /> },
    {
      name: t('orders.amount'),
      end: true,
      of: (line) => (typeof line.unit_minor === 'number' && order.currency ? f.money(line.unit_minor * line.quantity, order.currency) : '–'),
    },
  ];
  return (
    <Panel title={t('order.lines')} flush>
      <LineTable rows={order.lines} keyOf={(line) => `${line.item}/${line.variant}/${line.ids.join()}`} columns={columns} />
      {mapping !== undefined && <MapDialog listing={mapping} onClose={() => setMapping(undefined)} />}
    </Panel>
  );
}

/** What the marketplace calls it, and the code it has there when that is not ours. */
function Listing({ line }: { line: Line }) {
  return (
    <>
      {line.title || line.item}
      {line.seller_sku !== line.sku && <div className="code soft">{line.seller_sku}</div>}
    </>
  );
}

function Units({ line }: { line: Line }) {
  const { t } = useI18n();
  return (
    <>
      <Figure value={line.quantity} label={t('orders.units')} to={line.sku ? { to: '/stock/$sku', params: { sku: line.sku }, search: { tab: 'ledger' } } : undefined} />
      {line.cancelled > 0 && <div className="soft">{t('market.line.cancelled', { n: line.cancelled })}</div>}
    </>
  );
}

/** The SKU that a line sells, or the way to say which. */
function Sold({ line, onMap }: { line: Line; onMap: ((listing: number) => void) | undefined }) {
  const { t, f } = useI18n();
  if (line.sku) {
    return (
      <Link to="/stock/$sku" params={{ sku: line.sku }} search={{ tab: 'channels' }} className="code">
        {line.sku}
        {line.sku_quantity && line.sku_quantity > 1 ? ` × ${f.number(line.sku_quantity)}` : ''}
      </Link>
    );
  }
  const { listing_id: listing } = line;
  if (typeof listing !== 'number') return <span className="soft">{t('market.line.unread')}</span>;
  if (!onMap) return <Link to="/mapping">{t('nav.mapping')}</Link>;
  return (
    <Button size="compact-xs" onClick={() => onMap(listing)}>
      {t('attention.do.map')}
    </Button>
  );
}

/** The orders of ours that a line became, and how far they have come. */
function Became({ line }: { line: Line }) {
  const { t } = useI18n();
  if (line.state === 'waits_for_mapping') return <StateBadge topic="market_order" state="waits_for_mapping" />;
  if (line.applied.length === 0) return '–';
  return line.applied.map((part) => (
    <div key={`${part.order_id}/${part.line}`} className={classes.push}>
      <Link to="/orders/$id" params={{ id: part.order_id }} className="num">
        …{part.order_id.slice(-8)}
      </Link>{' '}
      <span className="soft">
        {t('market.line.part', { of: part.quantity, shipped: part.shipped })}
        {part.cancelled > 0 && `, ${t('market.line.cancelled', { n: part.cancelled })}`}
      </span>
    </div>
  ));
}

function Facts({ order, shop }: { order: Detail; shop: string }) {
  const { t, f } = useI18n();
  const facts: [string, ReactNode][] = [
    [
      t('word.shop'),
      <Link to="/shops/$shop" params={{ shop: order.shop }}>
        {shop}
      </Link>,
    ],
    [t('orders.market.status'), <span className="mono">{order.status}</span>],
    [t('word.id'), <span className="mono">{order.id}</span>],
    [t('order.fact.placed'), <At at={order.placed_at} date />],
    [t('market.heard'), <At at={order.received_at} date />],
    [t('word.changed'), <Ago at={order.updated_at} />],
    [t('orders.units'), <Figure value={order.units} label={t('orders.units')} />],
    [t('order.fact.amount'), typeof order.total_minor === 'number' && order.currency ? f.money(order.total_minor, order.currency) : '–'],
    [
      t('market.job.last'),
      order.job_id ? (
        <Link to="/jobs/$id" params={{ id: order.job_id }} className="mono">
          {order.job_id}
        </Link>
      ) : (
        '–'
      ),
    ],
  ];
  if (order.stale_news > 0) facts.push([t('market.stale'), f.number(order.stale_news)]);
  return (
    <Panel title={t('order.facts')}>
      <FactList facts={facts} />
      {/* While a wish waits for its answer, that is the way to cancel it. */}
      {!order.cancel_requested && <p className="soft">{t('market.follows', { shop })}</p>}
    </Panel>
  );
}

/** What happened to it and to the orders that it became. */
function Events({ events }: { events: Detail['timeline'] }) {
  const { t } = useI18n();
  const nameOf = useActorNames();
  const told = (event: Detail['timeline'][number]) => {
    const data = event.data as { step?: string; status?: string };
    if (event.type === 'market_order.changed') return t('market.event', { word: data.status ?? '–' });
    return wordOf(t, 'step', event.type === 'order.placed' ? 'placed' : (data.step ?? event.type));
  };
  return (
    <Panel title={t('order.timeline')}>
      <ol className={classes.timeline}>
        {events.map((event) => (
          <li key={event.number} className={classes.entry}>
            <StateShape shape={event.type === 'market_order.changed' ? 'diamond' : 'disc'} tone={event.type === 'market_order.changed' ? 'off' : 'ok'} size={11} />
            <div>
              <strong>{told(event)}</strong>
              {event.actor !== SYSTEM && <div className="soft">{t('order.timeline.by', { who: nameOf(event.actor) })}</div>}
            </div>
            <div className={classes.aside}>
              <At at={event.at} />
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}
