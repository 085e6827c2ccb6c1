import { Link } from '@tanstack/react-router';
import { useMemo, useRef, type ReactNode } from 'react';
import { useI18n } from '~/i18n';
import { rowKey } from '~/live/apply';
import { dataOf, type FeedEvent } from '~/live/events';
import { useLive } from '~/live/LiveProvider';
import { At } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { serverWords } from '~/parts/ServerWords';
import { CHANNEL, shortReference, useShopNames } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { stateOf, type Shape, type Tone } from '~/parts/vocabulary';
import { wordOf } from '~/parts/words';
import { plainly, toldOf } from '~/pages/attention/told';
import { isCause } from '~/pages/listings/causes';
import classes from './Overview.module.css';

const SHOWN = 60;
// Says nothing that another line does not say better; and what people did is in the audit log, here is what the goods do.
const LEFT_OUT = new Set([
  'market_order.changed',
  'listing.changed',
  'sku.changed',
  'location.changed',
  'queue.changed',
  'audit.recorded',
  'user.changed',
  'api_key.changed',
]);

/** Without what says nothing new: a confirmation changes held and committed, and what is available stays. */
function tellable(events: readonly FeedEvent[]): FeedEvent[] {
  const available = new Map<string, number>();
  return events.filter((event) => {
    const stock = dataOf(event, 'stock.changed');
    if (!stock) return !LEFT_OUT.has(event.type);
    const same = available.get(rowKey(stock)) === stock.available;
    available.set(rowKey(stock), stock.available);
    return !same;
  });
}

/** What happens, as it happens, newest first. */
export function Ticker() {
  const { t } = useI18n();
  const { events } = useLive();
  const pointer = useRef(false);
  const kept = useRef<FeedEvent[]>([]);
  const newest = useMemo(
    () => tellable(events).slice(-SHOWN).reverse(),
    [events],
  );
  // Only the first event of an order tells the number that people know it by.
  const references = useMemo(
    () => new Map(events.flatMap((event) => {
      const placed = dataOf(event, 'order.placed');
      return placed?.reference ? [[placed.order_id, shortReference(placed.reference) ?? placed.reference] as const] : [];
    })),
    [events],
  );
  // Lines do not move while somebody points at one of them.
  if (!pointer.current) kept.current = newest;
  return (
    <Panel title={t('overview.ticker')} flush>
      <ul
        className={classes.ticks}
        aria-label={t('overview.ticker')}
        tabIndex={0}
        onPointerEnter={() => (pointer.current = true)}
        onPointerLeave={() => (pointer.current = false)}
      >
        {kept.current.map((event) => (
          <Tick key={event.number} event={event} references={references} />
        ))}
        {newest.length === 0 && <li className={classes.tick}>{t('overview.ticker.none')}</li>}
      </ul>
    </Panel>
  );
}

function Tick({ event, references }: { event: FeedEvent; references: Map<string, string> }) {
  const { shape, tone, text, aside } = useTick(event, references);
  return (
    <li className={classes.tick}>
      <At at={event.at} />
      <StateShape shape={shape} tone={tone} size={9} />
      <span className="clip">{text}</span>
      <span className="num soft">{aside}</span>
    </li>
  );
}

const skuLink = (sku: string) => (
  <Link to="/stock/$sku" params={{ sku }}>
    {sku}
  </Link>
);
const orderLink = (id: string, name?: string) => (
  <Link to="/orders/$id" params={{ id }}>
    {name ?? `…${id.slice(-6)}`}
  </Link>
);

interface Line {
  shape: Shape;
  tone: Tone;
  text: ReactNode;
  aside?: ReactNode;
}

/** An event as one line. */
function useTick(event: FeedEvent, references: Map<string, string>): Line {
  const { t, rich, f } = useI18n();
  const names = useShopNames();
  const units = (lines: { sku: string; quantity: number }[] | undefined) =>
    (lines ?? []).map((line, place) => (
      <span key={place}>
        {place > 0 && ', '}
        {rich('tick.units', { n: line.quantity, sku: skuLink(line.sku) })}
      </span>
    ));

  const pushed = dataOf(event, 'listing.pushed');
  if (pushed) {
    const given = { sku: skuLink(pushed.sku), shop: names.ofCode(pushed.shop), to: pushed.quantity };
    return {
      shape: 'disc',
      tone: 'ok',
      text: pushed.before === null || pushed.before === undefined
        ? rich('tick.pushed', given)
        : rich('tick.pushed.from', { ...given, from: pushed.before }),
      aside: f.duration(pushed.total_ms),
    };
  }
  const stock = dataOf(event, 'stock.changed');
  if (stock) {
    const text = rich('tick.stock', { sku: skuLink(stock.sku), location: stock.location, available: stock.available });
    return { shape: 'half', tone: 'busy', text };
  }
  const placed = dataOf(event, 'order.placed');
  if (placed) {
    const text = rich('tick.placed', { order: orderLink(placed.order_id, shortReference(placed.reference)), what: <>{units(placed.lines)}</> });
    return { shape: 'ring', tone: 'busy', text, aside: CHANNEL[placed.channel] ?? placed.channel };
  }
  const order = dataOf(event, 'order.changed');
  if (order) {
    const text = rich('tick.order', { order: orderLink(order.order_id, references.get(order.order_id)), step: wordOf(t, 'step', order.step) });
    return { shape: 'diamond', tone: 'off', text };
  }
  return rareTick(event, { t, f, rich, units, names });
}

/** A shop's state in the one vocabulary. */
function shopWord(t: ReturnType<typeof useI18n>['t'], state: string): string {
  const known = stateOf('shop', state === 'connected' ? 'live' : state);
  return known ? t(known.word) : state;
}

type Tools = Pick<ReturnType<typeof useI18n>, 't' | 'f' | 'rich'> & {
  units: (lines: { sku: string; quantity: number }[] | undefined) => ReactNode;
  names: ReturnType<typeof useShopNames>;
};

function rareTick(event: FeedEvent, { t, f, rich, units, names }: Tools): Line {
  const name = names.ofCode;
  const short = dataOf(event, 'stock.shortfall');
  if (short) {
    const text = rich('tick.shortfall', { sku: skuLink(short.sku), units: -short.available, location: short.location });
    return { shape: 'square', tone: 'bad', text };
  }
  const cleared = dataOf(event, 'stock.shortfall_cleared');
  if (cleared) {
    return { shape: 'disc', tone: 'ok', text: rich('tick.cleared', { sku: skuLink(cleared.sku), location: cleared.location }) };
  }
  const held = dataOf(event, 'reservation.held');
  if (held) {
    const text = rich('tick.held', { what: units(held.lines), owner: held.owner ?? t('tick.somebody') });
    return { shape: 'half', tone: 'busy', text };
  }
  const reservation = dataOf(event, 'reservation.changed');
  if (reservation) return { shape: 'diamond', tone: 'off', text: t('tick.reservation', { step: wordOf(t, 'state', reservation.step) }) };
  const shop = dataOf(event, 'shop.changed');
  if (shop) return { shape: 'bars', tone: 'wait', text: rich('tick.shop', { shop: <Link to="/shops/$shop" params={{ shop: shop.shop }}>{name(shop.shop)}</Link>, state: shopWord(t, shop.state) }) };
  const edit = dataOf(event, 'listing.edit');
  if (edit) {
    const { seen, expected } = edit;
    const step = isCause(edit.step) ? wordOf(t, 'drift.by', edit.step) : wordOf(t, 'edit', edit.step);
    return { shape: 'triangle', tone: 'wait', text: t('tick.edit', { shop: name(edit.shop), seen, expected, step }) };
  }
  const job = dataOf(event, 'job.died');
  if (job) {
    const message = (
      <Link to="/jobs/$id" params={{ id: job.job }} title={job.message ? serverWords(t, job.message) : undefined}>
        {wordOf(t, 'failure', job.class)} ({job.code})
      </Link>
    );
    return { shape: 'square', tone: 'bad', text: rich('tick.job', { message }) };
  }
  const notice = dataOf(event, 'notice.changed');
  if (notice) {
    const what = plainly(toldOf({ ...notice, last_at: event.at }, names.ofId(notice.shop), Date.parse(event.at), { t, f }), t);
    const text = notice.open ? what : t('told.over', { what });
    return { shape: notice.open ? 'triangle' : 'disc', tone: notice.open ? 'wait' : 'ok', text: <Link to="/attention" title={text}>{text}</Link> };
  }
  return { shape: 'ring', tone: 'off', text: t('tick.other', { type: event.type }) };
}
