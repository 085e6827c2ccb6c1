import { Button } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import type { LinkProps } from '@tanstack/react-router';
import { useAct } from '~/api/act';
import { shops } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Figure } from '~/parts/Figure';
import { ProblemNote } from '~/parts/ProblemNote';
import { CHANNEL } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { wordOf } from '~/parts/words';
import { control, FAULTS, sandboxReport, sandboxState, sandboxWebhooks, type Fault, type Market } from './control';
import classes from './Sandbox.module.css';

/** One marketplace: what it has seen, and buttons that break it. */
export function MarketCard({ market }: { market: Market }) {
  const { t, f } = useI18n();
  const state = useQuery(sandboxState());
  const report = useQuery(sandboxReport());
  const webhooks = useQuery(sandboxWebhooks());
  const own = report.data?.shops.filter((shop) => shop.market === market) ?? [];
  const sum = (member: 'orders' | 'requests' | 'throttled') => own.reduce((total, shop) => total + shop[member], 0);
  const told = webhooks.data?.markets.find((each) => each.market === market);
  const authorised = state.data?.shops.some((shop) => shop.market === market && shop.authorised) ?? true;
  const connected = useQuery(shops());
  const shop = connected.data?.data.find((each) => each.channel === market)?.shop;
  const hooks: LinkProps = { to: '/webhooks', search: { shop } };
  // What has come of it here.
  const figures: [string, number, LinkProps | undefined][] = [
    [t('sandbox.market.orders'), sum('orders'), { to: '/orders', search: { view: 'market', shop } }],
    [t('sandbox.market.requests'), sum('requests'), { to: '/pushes', search: { shop } }],
    [t('sandbox.market.throttled'), sum('throttled'), shop ? { to: '/shops/$shop', params: { shop } } : undefined],
    [t('sandbox.market.webhooks'), told?.counts.delivered ?? 0, hooks],
    [t('sandbox.market.lost'), (told?.counts.dropped ?? 0) + (told?.counts.given_up ?? 0), hooks],
  ];
  const name = CHANNEL[market] ?? market;
  const act = useAct(
    ({ fault, order }: Fault) => control('faults', 'POST', { market, fault, ...order }),
    {
      refresh: [['sandbox']],
      onDone: (_, { fault }) =>
        notifications.show({ message: t('sandbox.done', { market: name, fault: wordOf(t, 'fault', fault) }), color: 'teal' }),
    },
  );
  return (
    <li className={classes.market}>
      <div className={classes.head}>
        <strong>{name}</strong>
        <span className={authorised ? 'tone-ok' : 'tone-bad'}>
          <StateShape shape={authorised ? 'disc' : 'square'} tone={authorised ? 'ok' : 'bad'} />{' '}
          {t(authorised ? 'sandbox.market.authorised' : 'sandbox.market.revoked')}
        </span>
      </div>
      <dl className={`${classes.figures} num`}>
        {figures.map(([label, value, to]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <Figure value={value} label={label} to={to} />
            </dd>
          </div>
        ))}
      </dl>
      <div className={classes.buttons} role="group" aria-label={`${t('sandbox.break')}: ${name}`}>
        {FAULTS.map((fault) => (
          <Button
            key={fault.fault}
            size="compact-sm"
            variant={fault.danger ? 'light' : 'default'}
            color={fault.danger ? 'red' : undefined}
            title={fault.order.for_seconds ? t('sandbox.fault.for', { span: f.duration(fault.order.for_seconds * 1_000) }) : undefined}
            loading={act.isPending && act.variables.fault === fault.fault}
            onClick={() => act.mutate(fault)}
          >
            {wordOf(t, 'fault', fault.fault)}
          </Button>
        ))}
      </div>
      {act.isError && <ProblemNote error={act.error} />}
    </li>
  );
}
