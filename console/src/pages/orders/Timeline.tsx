import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Fragment, useMemo } from 'react';
import { orderEvents, pushesSince } from '~/api/queries';
import { useI18n } from '~/i18n';
import { useLive } from '~/live/LiveProvider';
import { SYSTEM, useActorNames } from '~/parts/actorNames';
import { wordOf } from '~/parts/words';
import { At } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { noteOf } from '~/parts/serverNotes';
import { useShopNames } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import type { Shape, Tone } from '~/parts/vocabulary';
import type { Order } from './columns';
import { timeline, type Entry } from './timeline';
import classes from './Order.module.css';

const LOOK: Record<string, [Shape, Tone]> = {
  placed: ['ring', 'busy'],
  confirmed: ['half', 'busy'],
  part_shipped: ['half', 'ok'],
  shipped: ['disc', 'ok'],
  delivered: ['disc', 'ok'],
  part_cancelled: ['cross', 'off'],
  cancelled: ['cross', 'off'],
  expired: ['cross', 'off'],
  paid: ['disc', 'ok'],
  refund_due: ['triangle', 'wait'],
  second_payment: ['triangle', 'wait'],
  payment_failed: ['cross', 'wait'],
  payment_canceled: ['cross', 'off'],
  disputed: ['triangle', 'bad'],
};

/** Codes of what was ordered, and of what bundles are made of: their listings are told, too. */
function skusOf(order: Order): string[] {
  const codes = order.lines.flatMap((line) => [line.sku, ...(line.parts ?? []).map((part) => part.sku)]);
  return [...new Set(codes)].sort();
}

/** Everything that happened to an order and because of it, in one line of time. */
export function Timeline({ order }: { order: Order }) {
  const { t } = useI18n();
  const own = useQuery(orderEvents(order.id));
  const { events } = useLive();
  const skus = useMemo(() => skusOf(order), [order]);
  const kept = useQuery(pushesSince(skus, order.created_at));
  const entries = useMemo(() => timeline(own.data?.data ?? [], events, kept.data?.pushes, skus), [own.data, events, kept.data, skus]);
  return (
    <Panel title={t('order.timeline')} aside={kept.data && !kept.data.whole && <span className="soft">{t('order.timeline.newest')}</span>}>
      {kept.isError && <ProblemNote error={kept.error} onRetry={() => void kept.refetch()} />}
      {own.isError && <ProblemNote error={own.error} onRetry={() => void own.refetch()} />}
      <ol className={classes.timeline}>
        {entries.map((entry) => (
          <Item key={entry.key} entry={entry} />
        ))}
      </ol>
    </Panel>
  );
}

function Item({ entry }: { entry: Entry }) {
  const { t, rich, f } = useI18n();
  const names = useShopNames();
  const nameOf = useActorNames();
  const [shape, tone] = entry.kind === 'push' ? (['disc', 'ok'] as const) : (LOOK[entry.step ?? ''] ?? (['diamond', 'off'] as const));
  // What happens by itself is nobody's: a buyer's order is not "by Onhand".
  const person = entry.actor && entry.actor !== SYSTEM ? entry.actor : undefined;
  const trace = entry.trace && (
    <span className="mono" title={t('order.timeline.trace')}>
      {entry.trace.split('-')[1]?.slice(0, 12)}
    </span>
  );
  const beside = [entry.note && noteOf(t, entry.note), person && t('order.timeline.by', { who: nameOf(person) }), trace].filter(Boolean);
  return (
    <li className={classes.entry}>
      <StateShape shape={shape} tone={tone} size={11} />
      {entry.push ? (
        <div className={classes.push}>
          {rich('order.timeline.push', {
            sku: <Link to="/stock/$sku" params={{ sku: entry.push.sku }} search={{ tab: 'channels' }}>{entry.push.sku}</Link>,
            from: entry.push.before ?? '–',
            to: entry.push.quantity,
            shop: names.ofCode(entry.push.shop),
          })}{' '}
          <span className="soft num">{f.duration(entry.push.total_ms)}</span>
        </div>
      ) : (
        <div>
          <strong>{wordOf(t, 'step', entry.step ?? '')}</strong>{' '}
          {entry.lines?.map((line) => t('tick.units', { n: line.quantity, sku: line.sku })).join(', ')}
          <div className="soft">
            {beside.map((part, place) => (
              <Fragment key={place}>
                {place > 0 && ' · '}
                {part}
              </Fragment>
            ))}
          </div>
        </div>
      )}
      <div className={classes.aside}>
        <At at={entry.at} />
        {entry.after > 0 && <div className="num">{t('order.timeline.after', { span: f.duration(entry.after) })}</div>}
      </div>
    </li>
  );
}
