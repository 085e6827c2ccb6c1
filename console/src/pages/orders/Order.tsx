import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { marketOrder, order as orderQuery } from '~/api/queries';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { FactList } from '~/parts/FactList';
import { LineTable, type LineColumn } from '~/parts/LineTable';
import { Figure } from '~/parts/Figure';
import { Ago, At } from '~/parts/Moment';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL, shortReference, useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import { wordOf } from '~/parts/words';
import type { Tone } from '~/parts/vocabulary';
import { amountOf, paymentOf, shortOf, unitsOf, type Order } from './columns';
import { useMarketId } from './market';
import { CancelWish, JobNote } from './marketDialogs';
import { OrderActions } from './OrderActions';
import { Timeline } from './Timeline';
import { Trouble } from './Trouble';
import marketClasses from './MarketOrder.module.css';
import classes from './Order.module.css';

const route = getRouteApi('/orders/$id');

/** One order: its lines, its money, its goods, and everything that happened to it. */
export function OrderPage() {
  const { id } = route.useParams();
  const query = useQuery(orderQuery(id));
  if (query.data) return <Known key={id} order={query.data} />;
  return (
    <Page title={id} above={<Above />} curl={`/v1/orders/${encodeURIComponent(id)}`}>
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
    </Page>
  );
}

function Above() {
  const { t } = useI18n();
  return <Link to="/orders">{t('order.above')}</Link>;
}

function Known({ order }: { order: Order }) {
  const market = useMarketId(order);
  const there = useQuery({ ...marketOrder(market.id ?? ''), enabled: market.id !== undefined });
  const names = useShopNames();
  const [shipping, setShipping] = useState<string>();
  const shop = there.data ? names.ofId(there.data.shop_id) : (CHANNEL[order.channel] ?? order.channel);
  const asked = there.data?.cancel_requested === true;
  const behind = market.id ? { id: market.id, shop, asked, onShipped: setShipping } : undefined;
  return (
    <Page
      title={shortReference(order.reference) ?? order.id}
      above={<Above />}
      beside={<StateBadge topic="order" state={order.state} pill />}
      curl={`/v1/orders/${encodeURIComponent(order.id)}`}
      verdict={<OrderVerdict order={order} there={market.id ? shop : undefined} asked={asked} />}
      actions={market.known && <OrderActions order={order} market={behind} />}
    >
      {shipping && <JobNote id={shipping} />}
      {market.id && asked && <CancelWish id={market.id} shop={shop} />}
      <div className={classes.columns}>
        <div className={classes.stack}>
          <Lines order={order} />
          <Timeline order={order} />
        </div>
        <div className={classes.stack}>
          <Facts order={order} />
          {market.id && <There id={market.id} shop={shop} order={there.data} />}
        </div>
      </div>
    </Page>
  );
}

/** What the marketplace says of it, and who decides what. */
function There({ id, shop, order }: { id: string; shop: string; order: Schemas['MarketOrderDetail'] | undefined }) {
  const { t, rich } = useI18n();
  return (
    <Panel title={t('market.there', { shop })} aside={order && order.state !== 'applied' && <StateBadge topic="market_order" state={order.state} />}>
      <div className={marketClasses.there}>
        {order && <p>{rich('market.says', { word: <span className="mono">{order.status}</span>, when: <Ago at={order.updated_at} /> })}</p>}
        {order?.trouble && <Trouble order={order} />}
        {/* While a wish waits for its answer, that is the way to cancel it. */}
        {!order?.cancel_requested && <p className="soft">{t('market.follows', { shop })}</p>}
        <p>
          <Link to="/orders/market/$id" params={{ id }}>
            {t('market.open')}
          </Link>
        </p>
      </div>
    </Panel>
  );
}

function OrderVerdict({ order, there, asked }: { order: Order; there: string | undefined; asked: boolean }) {
  const { t, rich } = useI18n();
  const short = shortOf(order);
  const left = order.lines.reduce((sum, line) => sum + line.allocated, 0);
  if (order.payment_state === 'disputed') return <Verdict tone="bad">{t('order.verdict.disputed')}</Verdict>;
  if (order.payment_state.endsWith('refund_pending')) return <Verdict tone="wait">{t('order.verdict.refund')}</Verdict>;
  if (short > 0) {
    return <Verdict tone="bad">{there ? t('order.verdict.short.there', { n: short, shop: there }) : t('order.verdict.short', { n: short })}</Verdict>;
  }
  if (asked) return <Verdict tone="wait">{t('market.wish.title')}</Verdict>;
  const words: Record<string, [Tone, ReactNode]> = {
    pending: ['busy', rich('order.verdict.pending', { until: <Ago at={order.expires_at} /> })],
    confirmed: ['busy', t('order.verdict.confirmed', { n: left })],
    processing: ['busy', t('order.verdict.processing', { n: left })],
    shipped: ['ok', t('order.verdict.shipped')],
    delivered: ['ok', t('order.verdict.delivered')],
    cancelled: ['off', t('order.verdict.cancelled')],
    expired: ['off', t('order.verdict.expired')],
  };
  const [tone, sentence] = words[order.state] ?? ['off', order.state];
  return <Verdict tone={tone}>{sentence}</Verdict>;
}

type Line = Order['lines'][number];

const ACCOUNT = ['ordered', 'reserved', 'allocated', 'shipped', 'cancelled', 'returned', 'short'] as const;

/** The stock account of each line. Columns in which nothing happened are left out. */
function Lines({ order }: { order: Order }) {
  const { t, f } = useI18n();
  const shown = ACCOUNT.filter((term) => term === 'ordered' || order.lines.some((line) => line[term] > 0));
  const columns: [LineColumn<Line>, ...LineColumn<Line>[]] = [
    { name: t('word.sku'), of: (line) => <Sku line={line} /> },
    { name: t('word.location'), of: (line) => line.location },
    ...shown.map((term) => ({ name: t(`order.line.${term}`), end: true, of: (line: Line) => <Term line={line} term={term} /> })),
    {
      name: t('orders.amount'),
      end: true,
      of: (line) => (typeof line.unit_minor === 'number' && order.currency ? f.money(line.unit_minor * line.ordered, order.currency) : '–'),
    },
  ];
  return (
    <Panel title={t('order.lines')} flush>
      <LineTable rows={order.lines} keyOf={(line) => line.line} columns={columns} />
    </Panel>
  );
}

/** What a line sells, and what that is made of. */
function Sku({ line }: { line: Line }) {
  const { t } = useI18n();
  return (
    <>
      <Link to="/stock/$sku" params={{ sku: line.sku }} search={{ location: line.location }} className="code">
        {line.sku}
      </Link>
      {line.parts && line.parts.length > 0 && (
        <div className="soft">{t('order.line.parts', { parts: line.parts.map((part) => `${part.per_item} × ${part.sku}`).join(', ') })}</div>
      )}
    </>
  );
}

function Term({ line, term }: { line: Line; term: (typeof ACCOUNT)[number] }) {
  const { t } = useI18n();
  return (
    <Figure
      value={line[term]}
      tone={term === 'short' && line[term] > 0 ? 'bad' : undefined}
      label={t(`order.line.${term}`)}
      to={{
        to: '/stock/$sku',
        params: { sku: line.sku },
        search: { location: line.location, tab: term === 'reserved' || term === 'allocated' ? 'holds' : 'ledger' },
      }}
    />
  );
}

/** Several payments came or were tried: each with what is known of it. */
function Payments({ order }: { order: Order }) {
  return order.payments.map(({ payment_reference, state }) => (
    <div key={payment_reference}>
      <span className="mono">{payment_reference}</span> <StateBadge topic="payment" state={state} />
    </div>
  ));
}

function Facts({ order }: { order: Order }) {
  const { t, f } = useI18n();
  const amount = amountOf(order);
  const flags = [order.late && t('orders.late'), order.forced && t('orders.forced')].filter(Boolean).join(' · ');
  const facts: [string, ReactNode][] = [
    [t('order.fact.channel'), <Link to="/orders" search={{ channel: order.channel }}>{CHANNEL[order.channel] ?? order.channel}</Link>],
    [t('order.fact.reference'), order.reference ?? '–'],
    [t('word.id'), <span className="mono">{order.id}</span>],
    [t('order.fact.placed'), <At at={order.created_at} date />],
    [t('orders.units'), f.number(unitsOf(order))],
    [t('order.fact.amount'), amount !== undefined && order.currency ? f.money(amount, order.currency) : '–'],
    [t('order.fact.payment'), <StateBadge topic="payment" state={paymentOf(order)} />],
    [t('order.fact.payment_reference'), order.payments.length > 1 ? <Payments order={order} /> : (order.payment_reference ?? '–')],
    [t('order.fact.goods'), wordOf(t, 'goods', order.fulfilment_state)],
    [t('orders.flags'), flags || '–'],
  ];
  return (
    <Panel title={t('order.facts')}>
      <FactList facts={facts} />
    </Panel>
  );
}
