import { Button, Group } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { matchOf } from '~/api/match';
import { shop } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { AskDialog } from '~/parts/AskDialog';
import { Figure } from '~/parts/Figure';
import { Ago, useNow } from '~/parts/Moment';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { ServerWords } from '~/parts/ServerWords';
import { useShopNames } from '~/parts/shopNames';
import { toneOfShop, useShopState, type ShopWord } from '~/parts/shopState';
import { StateBadge } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import { wordOf } from '~/parts/words';
import { REFRESH, Settings } from './Settings';
import classes from './Shop.module.css';

type Row = Schemas['Shop'];

const route = getRouteApi('/shops/$shop');

/** One shop: how it is, what can be done about it, what is published. */
export function ShopPage() {
  const { t } = useI18n();
  const { shop: code } = route.useParams();
  const names = useShopNames();
  const now = useNow();
  const query = useQuery({ ...shop(code), refetchInterval: 5_000 });
  const row = query.data;
  const stateOf = useShopState(now);
  const state = row && stateOf(row);
  return (
    <Page
      title={names.ofCode(code)}
      above={<Link to="/shops">{t('shops.title')}</Link>}
      beside={state && <StateBadge topic="shop" state={state} pill />}
      curl={`/v1/shops/${code}`}
      verdict={row && state && <ShopVerdict row={row} state={state} />}
      actions={row && <Actions row={row} />}
    >
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {row && (
        <>
          <Panel>
            {row.reason && row.state === 'disconnected' && <Reason row={row} />}
            <dl className={classes.facts}>
              <dt>{t('shops.account')}</dt>
              <dd>
                {row.name} {row.account !== row.name && <span className="code soft">{row.account}</span>}
              </dd>
              <dt>{t('shops.heard')}</dt>
              <dd>
                <Ago at={row.answered_at} />
              </dd>
              <dt>{t('shops.webhook')}</dt>
              <dd>
                <Link to="/webhooks" search={{ shop: code }}>
                  <Ago at={row.webhook_at} />
                </Link>
              </dd>
              <dt>{t('shops.grant')}</dt>
              <dd>
                <Ago at={row.grant_ends} />
              </dd>
              <dt>{t('shops.waiting')}</dt>
              <dd>
                <Figure value={row.waiting} to={{ to: '/pushes', search: { view: 'untold', shop: code } }} />
              </dd>
            </dl>
            <Group gap="md" mt="sm">
              <Link to="/mapping" search={{ shop: code, view: 'mapped' }}>
                {t('shop.listings')}
              </Link>
              <Link to="/orders" search={{ view: 'market', shop: code }}>
                {t('shop.orders')}
              </Link>
              <Link to="/webhooks" search={{ shop: code }}>
                {t('nav.webhooks')}
              </Link>
              <Link to="/queues" search={{ jobs: 'live', shop: code }}>
                {t('shop.jobs')}
              </Link>
            </Group>
          </Panel>
          <Panel title={t('shop.settings')}>
            <Settings key={JSON.stringify(row.settings)} row={row} />
          </Panel>
        </>
      )}
    </Page>
  );
}

/** Why it is disconnected; what a marketplace said of it, in its own words. */
function Reason({ row }: { row: Row }) {
  const { t } = useI18n();
  return (
    <div className={classes.reason}>
      {row.reason_code && <div>{wordOf(t, 'shop.reason', row.reason_code)}</div>}
      {row.reason && row.reason_code !== 'by_person' && <ServerWords>{row.reason}</ServerWords>}
    </div>
  );
}

function ShopVerdict({ row, state }: { row: Row; state: ShopWord }) {
  const { t } = useI18n();
  const tone = toneOfShop(state);
  // What has only just changed is on its way, and nothing is wrong with that.
  if (state === 'live' && row.waiting > 0) return <Verdict tone="busy">{t('shop.verdict.waiting', { n: row.waiting })}</Verdict>;
  return (
    <Verdict tone={tone}>
      <ShopSentence row={row} state={state} /> {tone === 'wait' && row.waiting > 0 && t('shop.verdict.waiting', { n: row.waiting })}
    </Verdict>
  );
}

/** What the state of a shop means. */
function ShopSentence({ row, state }: { row: Row; state: ShopWord }) {
  const { t, rich } = useI18n();
  switch (state) {
    case 'disconnected':
      return t('shop.verdict.disconnected');
    case 'failing':
      return rich('shop.verdict.failing', { when: <Ago at={row.failing_until} /> });
    case 'has_dead': {
      const jobs = (
        <Link to="/queues" search={{ shop: row.shop }}>
          {t('shop.given_up')}
        </Link>
      );
      return rich('shop.verdict.dead', { jobs });
    }
    default:
      return t(`shop.verdict.${state}`);
  }
}

function useShopAct<Out>(run: (key: string) => Promise<Out>, said: string, onDone?: () => void) {
  return useAct((_: null, key: string) => run(key), {
    refresh: REFRESH,
    onDone: () => {
      notifications.show({ message: said, color: 'teal' });
      onDone?.();
    },
  });
}

function Actions({ row }: { row: Row }) {
  const { t } = useI18n();
  const name = useShopNames().ofCode(row.shop);
  const admin = useMay('admin');
  const writes = useMay('stock:write');
  const orders = useMay('orders:write');
  const [leaving, setLeaving] = useState(false);
  const [pausing, setPausing] = useState(false);
  const path = { shop: row.shop };
  const header = (key: string) => ({ 'Idempotency-Key': key });
  const pause = useShopAct(
    async (key) => {
      const match = await matchOf(key, row, (each) => each.state, () => take(api.GET('/v1/shops/{shop}', { params: { path } })));
      return take(api.PATCH('/v1/shops/{shop}', { params: { path, header: { ...header(key), 'If-Match': match } }, body: { paused: row.state !== 'paused' } }));
    },
    t('shops.done'),
    () => setPausing(false),
  );
  const read = useShopAct((key) => take(api.POST('/v1/shops/{shop}/import', { params: { path, header: header(key) } })), t('shops.started'));
  const poll = useShopAct((key) => take(api.POST('/v1/shops/{shop}/poll', { params: { path, header: header(key) } })), t('shops.started'));
  const push = useShopAct((key) => take(api.POST('/v1/shops/{shop}/push', { params: { path, header: header(key) }, body: {} })), t('shops.started'));
  const probe = useShopAct(() => take(api.POST('/v1/shops/{shop}/probe', { params: { path } })), t('shops.probe.ok'));
  const again = useAct((_: null) => take(api.POST('/v1/shops/connect', { body: { shop: row.shop } })), {
    onDone: (page) => window.location.assign(page.url),
  });
  const leave = useShopAct(
    (key) => take(api.POST('/v1/shops/{shop}/disconnect', { params: { path, header: header(key) } })),
    t('shops.done'),
    () => setLeaving(false),
  );
  // What a dialog asks about is told there.
  const failed = [...(pausing ? [] : [pause]), read, poll, push, probe, again].find((act) => act.isError);
  return (
    <>
      {admin && (
        <Button variant={row.state === 'disconnected' ? 'filled' : 'default'} loading={again.isPending} onClick={() => again.mutate(null)}>
          {t('shops.reauthorise')}
        </Button>
      )}
      {writes && row.state !== 'disconnected' && (
        <>
          <Button variant="default" loading={probe.isPending} onClick={() => probe.mutate(null)}>
            {t('shops.probe')}
          </Button>
          <Button variant="default" loading={push.isPending} onClick={() => push.mutate(null)}>
            {t('shops.push')}
          </Button>
          <Button variant="default" loading={read.isPending} onClick={() => read.mutate(null)}>
            {t('shops.import')}
          </Button>
        </>
      )}
      {orders && row.state !== 'disconnected' && (
        <Button variant="default" loading={poll.isPending} onClick={() => poll.mutate(null)}>
          {t('shops.poll')}
        </Button>
      )}
      {admin && row.state !== 'disconnected' && (
        <>
          <Button variant="default" loading={pause.isPending} onClick={() => (row.state === 'paused' ? pause.mutate(null) : setPausing(true))}>
            {t(row.state === 'paused' ? 'shops.resume' : 'shops.pause')}
          </Button>
          <Button variant="light" color="red" onClick={() => setLeaving(true)}>
            {t('shops.disconnect')}
          </Button>
        </>
      )}
      {failed && <ProblemNote error={failed.error} />}
      {pausing && (
        <AskDialog
          title={t('shops.pause.title', { shop: name })}
          label={t('shops.pause')}
          act={pause}
          onDo={() => pause.mutate(null)}
          onClose={() => {
            pause.reset();
            setPausing(false);
          }}
        >
          <div>{t('shops.pause.text', { shop: name })}</div>
          {row.waiting > 0 && <div>{t('shop.verdict.waiting', { n: row.waiting })}</div>}
        </AskDialog>
      )}
      {leaving && (
        <AskDialog
          title={t('shops.disconnect')}
          label={t('shops.disconnect')}
          danger
          act={leave}
          onDo={() => leave.mutate(null)}
          onClose={() => setLeaving(false)}
        >
          <div>{t('shops.disconnect.text', { shop: row.name || row.shop })}</div>
        </AskDialog>
      )}
    </>
  );
}
