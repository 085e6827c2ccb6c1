import { Link } from '@tanstack/react-router';
import { Fragment, useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import type { Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { Ago } from '~/parts/Moment';
import { CHANNEL, shortReference } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';

export type Order = Schemas['Order'];

/** The sum of the lines, in minor units; undefined when a price is missing. */
export function amountOf(order: Pick<Order, 'lines'>): number | undefined {
  let sum = 0;
  for (const line of order.lines) {
    if (typeof line.unit_minor !== 'number') return undefined;
    sum += line.unit_minor * line.ordered;
  }
  return order.lines.length > 0 ? sum : undefined;
}

/** The word for its payment: what a buyer pays to a marketplace is not ours to know. */
export function paymentOf(order: Pick<Order, 'channel' | 'payment_state'>): string {
  return order.payment_state === 'none' && order.channel in CHANNEL ? 'market' : order.payment_state;
}

export const unitsOf = (order: Pick<Order, 'lines'>) => order.lines.reduce((sum, line) => sum + line.ordered, 0);
export const shortOf = (order: Pick<Order, 'lines'>) => order.lines.reduce((sum, line) => sum + line.short, 0);

export function useOrderColumns(): Column<Order>[] {
  const { t, f } = useI18n();
  return useMemo(
    () => [
      {
        id: 'order',
        header: t('word.order'),
        width: 'minmax(158px, 1.3fr)',
        cell: (row) => (
          <Link to="/orders/$id" params={{ id: row.id }} className="code">
            {shortReference(row.reference) ?? `…${row.id.slice(-10)}`}
          </Link>
        ),
      },
      { id: 'state', header: t('word.state'), width: 'minmax(96px, 124px)', cell: (row) => <StateBadge topic="order" state={row.state} /> },
      { id: 'channel', header: t('word.source'), width: 'minmax(100px, 1fr)', from: 620, cell: (row) => CHANNEL[row.channel] ?? row.channel },
      {
        id: 'what',
        header: t('orders.what'),
        width: 'minmax(140px, 2fr)',
        from: 760,
        cell: (row) =>
          row.lines.map((line, place) => (
            <Fragment key={place}>
              {place > 0 && ', '}
              {f.number(line.ordered)} ×{' '}
              <Link to="/stock/$sku" params={{ sku: line.sku }} search={{ location: line.location, tab: 'ledger' }}>
                {line.sku}
              </Link>
            </Fragment>
          )),
      },
      { id: 'units', header: t('orders.units'), width: '60px', align: 'end', from: 420, cell: (row) => <Figure value={unitsOf(row)} label={t('orders.units')} to={{ to: '/orders/$id', params: { id: row.id } }} /> },
      {
        id: 'amount',
        header: t('orders.amount'),
        width: '110px',
        align: 'end',
        from: 900,
        cell: (row) => {
          const amount = amountOf(row);
          return amount !== undefined && row.currency ? f.money(amount, row.currency) : '–';
        },
      },
      {
        id: 'payment',
        header: t('orders.payment'),
        width: '180px',
        from: 1090,
        cell: (row) => <StateBadge topic="payment" state={paymentOf(row)} />,
      },
      {
        id: 'flags',
        header: t('orders.flags'),
        width: '140px',
        from: 1240,
        cell: (row) => (
          <span className="soft">
            {[shortOf(row) > 0 && `${f.number(shortOf(row))} ${t('orders.short')}`, row.late && t('orders.late')]
              .filter(Boolean)
              .join(' · ')}
          </span>
        ),
      },
      { id: 'placed', header: t('orders.placed'), width: '92px', align: 'end', from: 380, cell: (row) => <Ago at={row.created_at} /> },
    ],
    [t, f],
  );
}
