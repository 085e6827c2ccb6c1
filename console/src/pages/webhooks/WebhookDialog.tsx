import { Button, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { found } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { At } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL, useShopNames } from '~/parts/shopNames';
import { StateBadge } from '~/parts/StateBadge';
import { aboutOf, hasConsequence, isOf, referenceOf, unknownText, wordOfAbout } from './about';
import classes from './Webhooks.module.css';

type Webhook = Schemas['Webhook'];

/** Orders by one number: one marketplace may have it as well as another. */
const FEW = 6;
/** Milliseconds. */
const SOON = 3_000;

/** One webhook: what came, what became of it, and where to look further. */
export function WebhookDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const { t, f } = useI18n();
  const names = useShopNames();
  const may = useMay('orders:write');
  const about = t(wordOfAbout(aboutOf(webhook)));
  const channel = CHANNEL[webhook.channel] ?? webhook.channel;
  const act = useAct(
    (id: string, key: string) =>
      take(api.POST('/v1/webhooks/{key}/retry', { params: { path: { key: id }, header: { 'Idempotency-Key': key } } })),
    {
      refresh: [['webhooks'], ['jobs'], ['queues'], ['market-orders']],
      onDone: () => {
        notifications.show({ message: t('webhooks.retried'), color: 'teal' });
        onClose();
      },
    },
  );
  const known = webhook.state !== 'unknown_shop';
  const facts: [string, ReactNode][] = [
    [t('webhooks.came'), <At at={webhook.received_at} date />],
    [
      t('word.shop'),
      <>
        {webhook.shop ? (
          <Link to="/shops/$shop" params={{ shop: webhook.shop }}>
            {names.ofCode(webhook.shop)}
          </Link>
        ) : (
          channel
        )}{' '}
        <span className="code soft">{webhook.account || '–'}</span>
      </>,
    ],
    [t('webhooks.about'), about],
    ...(webhook.market_orders.length > 0 ? [[t('word.order'), <Orders webhook={webhook} />] satisfies [string, ReactNode]] : []),
    [t('webhooks.word'), <span className="mono">{webhook.kind}</span>],
    [t('webhooks.times'), `${f.number(webhook.deliveries)} · ${t('webhooks.times.hint')}`],
    [t('webhooks.size'), `${t('webhooks.bytes', { n: webhook.size })} · ${t('webhooks.body')}`],
    [t('webhooks.key'), <span className="mono">{webhook.key}</span>],
  ];
  return (
    <Dialog title={`${channel}: ${about}`} onClose={onClose} size={560}>
      <Stack gap="sm">
        <div>
          <StateBadge topic="webhook" state={webhook.state} pill />
        </div>
        <div>
          {!hasConsequence(webhook) ? t('webhooks.nothing.text') : (unknownText(t, webhook) ?? t('webhooks.taken.text'))}
        </div>
        <Ways webhook={webhook} />
        <dl className={classes.facts}>
          {facts.map(([name, value]) => (
            <div key={name} style={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {act.isError && <ProblemNote error={act.error} />}
        {may && (
          <Group justify="flex-end">
            <Button variant={known ? 'default' : 'filled'} loading={act.isPending} onClick={() => act.mutate(webhook.key)}>
              {t('webhooks.retry')}
            </Button>
          </Group>
        )}
      </Stack>
    </Dialog>
  );
}

/** The orders it is about by the marketplace's numbers, each with the way to its page once it has come in. */
function Orders({ webhook }: { webhook: Webhook }) {
  return webhook.market_orders.map((id) => <OrderLink key={id} id={id} shop={webhook.shop ?? ''} />);
}

function OrderLink({ id, shop }: { id: string; shop: string }) {
  const reference = referenceOf(id);
  const isIn = (hits?: Schemas['Hit'][]) => !!hits?.some((hit) => (hit.kind === 'market_order' ? hit.id === id : hit.kind === 'order' && isOf(hit.title, `${shop}/${reference}`)));
  // Its fetching may still be under way.
  const hits = useQuery({ ...found(reference, FEW), refetchInterval: ({ state }) => (isIn(state.data) ? false : SOON) });
  if (!isIn(hits.data)) return <span className="code">{reference} </span>;
  return (
    <Link to="/orders/market/$id" params={{ id }} className="code">
      {reference}{' '}
    </Link>
  );
}

/** Where what follows from it can be seen. */
function Ways({ webhook }: { webhook: Webhook }) {
  const { t } = useI18n();
  const { shop } = webhook;
  if (!shop) {
    return hasConsequence(webhook) && (
      <div className={classes.ways}>
        <Link to="/shops">{t('webhooks.see.connect')}</Link>
      </div>
    );
  }
  const about = aboutOf(webhook);
  return (
    <div className={classes.ways}>
      {(about === 'order' || about === 'return') && (
        <Link to="/orders" search={{ view: 'market', shop }}>
          {t('webhooks.see.orders')}
        </Link>
      )}
      {(about === 'listing' || about === 'stock') && (
        <Link to="/mapping" search={{ view: 'mapped', shop }}>
          {t('webhooks.see.listings')}
        </Link>
      )}
      {(about === 'grant_ends' || about === 'deauthorised') && (
        <Link to="/shops/$shop" params={{ shop }}>
          {t('attention.do.shop')}
        </Link>
      )}
      <Link to="/queues" search={{ jobs: 'live', shop }}>
        {t('webhooks.see.jobs')}
      </Link>
      <Link to="/queues" search={{ shop }}>
        {t('webhooks.see.failed')}
      </Link>
    </div>
  );
}
