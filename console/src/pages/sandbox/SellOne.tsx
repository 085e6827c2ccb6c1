import { Button, NumberInput, Select } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { useI18n } from '~/i18n';
import { dataOf, type FeedEvent } from '~/live/events';
import { useLive } from '~/live/LiveProvider';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL, useShopNames } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { SkuField } from './SkuField';
import { control, MARKETS, type Market } from './control';
import classes from './Sandbox.module.css';

interface Sold {
  order: string;
  market: Market;
  sku: string;
  /** The last event before it. */
  after: number;
  /** When the button was pressed, by this computer's clock. */
  at: number;
}

/** The pushes of a SKU after an event, the first of each shop. */
export function firstPushes(events: readonly FeedEvent[], sku: string, after: number) {
  const first = new Map<string, NonNullable<ReturnType<typeof pushOf>>>();
  for (const event of events) {
    const push = event.number > after ? pushOf(event, sku) : undefined;
    if (push && !first.has(push.shop)) first.set(push.shop, push);
  }
  return [...first.values()];
}

function pushOf(event: FeedEvent, sku: string) {
  const push = dataOf(event, 'listing.pushed');
  return push?.sku === sku ? { ...push, number: event.number, at: Date.parse(event.at) } : undefined;
}

/** A sale on one marketplace, and how it leaves for the others: the thing that all this is for. */
export function SellOne() {
  const { t } = useI18n();
  const { events } = useLive();
  const [market, setMarket] = useState<Market>('shopee');
  const [sku, setSku] = useState('TEE-HER-BLK-M');
  const [units, setUnits] = useState(1);
  const [sold, setSold] = useState<Sold>();
  const act = useAct(
    async (line: { seller_sku: string; quantity: number }) => {
      const after = events.at(-1)?.number ?? 0;
      const at = Date.now();
      const answer = await control<{ order: string }>('orders', 'POST', { market, lines: [line], pay: true });
      return { order: answer.order, market, sku: line.seller_sku, after, at };
    },
    { refresh: [['sandbox']], onDone: setSold },
  );
  return (
    <Panel title={t('sandbox.sell')}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ seller_sku: sku.trim(), quantity: units });
        }}
      >
        <MarketField value={market} onChange={setMarket} />
        <SkuField value={sku} onChange={setSku} />
        <NumberInput size="xs" w={70} min={1} allowDecimal={false} label={t('sandbox.sell.units')} value={units} onChange={(value) => setUnits(Number(value) || 1)} />
        <Button type="submit" size="xs" loading={act.isPending}>
          {t('sandbox.sell.do')}
        </Button>
      </form>
      <p className="soft">{t('sandbox.sell.text')}</p>
      {act.isError && <ProblemNote error={act.error} />}
      {sold && <Trail sold={sold} events={events} />}
    </Panel>
  );
}

function Trail({ sold, events }: { sold: Sold; events: readonly FeedEvent[] }) {
  const { t, rich, f } = useI18n();
  const names = useShopNames();
  const pushes = useMemo(() => firstPushes(events, sold.sku, sold.after), [events, sold]);
  return (
    <ul className={classes.trail} aria-live="polite">
      <li>
        <StateShape shape="ring" tone="busy" />
        <span>
          {rich('sandbox.sell.sold', { order: sold.order, market: CHANNEL[sold.market] ?? sold.market })} ·{' '}
          <Link to="/stock/$sku" params={{ sku: sold.sku }} search={{ tab: 'channels' }}>
            {sold.sku}
          </Link>
        </span>
        <span />
      </li>
      {pushes.map((push) => (
        <li key={push.number} className="num">
          <StateShape shape="disc" tone="ok" />
          <span>
            {t('sandbox.sell.push', {
              shop: names.ofCode(push.shop),
              from: push.before ?? '–',
              to: push.quantity,
              span: f.duration(push.total_ms),
            })}
          </span>
          <span>{t('sandbox.sell.after', { span: f.duration(Math.max(0, push.at - sold.at)) })}</span>
        </li>
      ))}
      {pushes.length === 0 && <li className="soft">{t('sandbox.sell.nothing')}</li>}
    </ul>
  );
}

export function MarketField({ value, onChange }: { value: Market; onChange: (market: Market) => void }) {
  const { t } = useI18n();
  return (
    <Select
      size="xs"
      w={140}
      allowDeselect={false}
      label={t('sandbox.sell.market')}
      data={MARKETS.map((market) => ({ value: market, label: CHANNEL[market] ?? market }))}
      value={value}
      onChange={(market) => market && onChange(market as Market)}
    />
  );
}
