import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { order as orderQuery } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Figure } from '~/parts/Figure';
import { Ago, At } from '~/parts/Moment';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL, shortReference } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import type { Tone } from '~/parts/vocabulary';
import { amountOf, paymentOf, shortOf, unitsOf, type Order } from './columns';
import { OrderActions } from './OrderActions';
import { Timeline } from './Timeline';
import classes from './Order.module.css';

const route = getRouteApi('/orders/$id');

/** One order: its lines, its money, its goods, and everything that happened to it. */
export function OrderPage() {
  const { t } = useI18n();
  const { id } = route.useParams();
  const query = useQuery(orderQuery(id));
  const order = query.data;
  return (
    <Page
      title={shortReference(order?.reference) ?? id}
      above={<Link to="/orders">{t('order.above')}</Link>}
      beside={order && <StateBadge topic="order" state={order.state} pill />}
      curl={`/v1/orders/${encodeURIComponent(id)}`}
      verdict={order && <OrderVerdict order={order} />}
      actions={order && <OrderActions order={order} />}
    >
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {order && (
        <div className={classes.columns}>
          <div className={classes.stack}>
            <Lines order={order} />
            <Timeline order={order} />
          </div>
          <Facts order={order} />
        </div>
      )}
    </Page>
  );
}

function OrderVerdict({ order }: { order: Order }) {
  const { t, rich } = useI18n();
  const short = shortOf(order);
  const left = order.lines.reduce((sum, line) => sum + line.allocated, 0);
  if (order.payment_state.includes('refund')) return <Verdict tone="wait">{t('order.verdict.refund')}</Verdict>;
  if (short > 0) return <Verdict tone="bad">{t('order.verdict.short', { n: short })}</Verdict>;
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

const ACCOUNT = ['ordered', 'reserved', 'allocated', 'shipped', 'cancelled', 'returned', 'short'] as const;

/** The stock account of each line. Columns in which nothing happened are left out. */
function Lines({ order }: { order: Order }) {
  const { t, f } = useI18n();
  const shown = ACCOUNT.filter((term) => term === 'ordered' || order.lines.some((line) => line[term] > 0));
  return (
    <Panel title={t('order.lines')} flush>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label={t('order.lines')}>
        <table className={classes.lines}>
          <thead>
            <tr>
              <th scope="col">{t('word.sku')}</th>
              <th scope="col">{t('word.location')}</th>
              {shown.map((term) => (
                <th key={term} scope="col" data-align="end">
                  {t(`order.line.${term}`)}
                </th>
              ))}
              <th scope="col" data-align="end">
                {t('orders.amount')}
              </th>
            </tr>
          </thead>
          <tbody>
            {order.lines.map((line) => (
              <tr key={line.line}>
                <th scope="row">
                  <Link to="/stock/$sku" params={{ sku: line.sku }} search={{ location: line.location }} className="code">
                    {line.sku}
                  </Link>
                  {line.parts && line.parts.length > 0 && (
                    <div className="soft">
                      {t('order.line.parts', { parts: line.parts.map((part) => `${part.per_item} × ${part.sku}`).join(', ') })}
                    </div>
                  )}
                </th>
                <td>{line.location}</td>
                {shown.map((term) => (
                  <td key={term} data-align="end">
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
                  </td>
                ))}
                <td data-align="end">
                  {typeof line.unit_minor === 'number' && order.currency
                    ? f.money(line.unit_minor * line.ordered, order.currency)
                    : '–'}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
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
    [t('order.fact.payment_reference'), order.payment_reference ?? '–'],
    [t('order.fact.goods'), order.fulfilment_state.replaceAll('_', ' ')],
    [t('orders.flags'), flags || '–'],
  ];
  return (
    <Panel title={t('order.facts')}>
      <dl className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}
