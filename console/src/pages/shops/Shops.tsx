import { Button, Group, Select, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { shops } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Dialog } from '~/parts/Dialog';
import { Figure } from '~/parts/Figure';
import { Ago, useNow } from '~/parts/Moment';
import { Page } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { QuickLink } from '~/parts/QuickLink';
import { CHANNEL, useShopNames } from '~/parts/shopNames';
import { toneOfShop, useShopState, worstOf, type ShopWord } from '~/parts/shopState';
import { StateBadge } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';

type Shop = Schemas['Shop'];

/** Connected accounts, and how each of them is. */
export function Shops() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const now = useNow();
  const may = useMay('admin');
  const query = useQuery({ ...shops(), refetchInterval: 5_000 });
  const [connecting, setConnecting] = useState(false);
  const rows = query.data?.data ?? [];
  const stateOf = useShopState(now);
  const columns = useColumns(stateOf);
  return (
    <Page
      title={t('shops.title')}
      filled
      curl="/v1/shops"
      verdict={query.data && <ShopsVerdict states={rows.map(stateOf)} />}
      actions={may && <Button onClick={() => setConnecting(true)}>{t('shops.connect')}</Button>}
    >
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('shops.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => row.shop}
          loading={query.isPending}
          onOpen={({ shop }) => void navigate({ to: '/shops/$shop', params: { shop } })}
          empty={t('shops.empty')}
          tone={(row) => edgeOf(stateOf(row))}
        />
      )}
      {connecting && <Connect onClose={() => setConnecting(false)} />}
    </Page>
  );
}

/** The edge of a row that does not do as it should. */
function edgeOf(state: ShopWord | undefined): 'bad' | 'wait' | undefined {
  const tone = state && toneOfShop(state);
  return tone === 'bad' || tone === 'wait' ? tone : undefined;
}

/** Which states need somebody; what is slow passes by itself, and what is paused was paused by somebody. */
const NEEDS: readonly ShopWord[] = ['disconnected', 'failing', 'stale'];

function ShopsVerdict({ states }: { states: (ShopWord | undefined)[] }) {
  const { t, rich } = useI18n();
  const known = states.filter((state) => state !== undefined);
  if (known.length < states.length) return null;
  const count = (...words: readonly ShopWord[]) => known.filter((state) => words.includes(state)).length;
  const [bad, dead, slow, paused] = [count(...NEEDS), count('has_dead'), count('slow'), count('paused')];
  const tone = known.length > 0 ? worstOf(known) : 'off';
  if (bad + dead + slow + paused === 0) return <Verdict tone={tone}>{t('shops.verdict', { n: known.length })}</Verdict>;
  return (
    <Verdict tone={tone}>
      {bad > 0 && t('shops.verdict.bad', { n: bad })} {dead > 0 && rich('shops.verdict.dead', { n: dead, jobs: <Link to="/queues">{t('shop.given_up')}</Link> })}{' '}
      {slow > 0 && t('shops.verdict.slow', { n: slow })} {paused > 0 && t('shops.verdict.paused', { n: paused })}
    </Verdict>
  );
}

function useColumns(stateOf: (shop: Shop) => ShopWord | undefined): Column<Shop>[] {
  const { t } = useI18n();
  const names = useShopNames();
  return useMemo(
    () => [
      {
        id: 'name',
        header: t('shops.name'),
        width: 'minmax(110px, 1.4fr)',
        cell: (row) => (
          <Link to="/shops/$shop" params={{ shop: row.shop }}>
            {names.ofCode(row.shop)}
          </Link>
        ),
      },
      { id: 'account', header: t('shops.account'), width: 'minmax(120px, 1fr)', from: 760, cell: (row) => row.name || row.account },
      { id: 'state', header: t('shops.state'), width: '170px', cell: (row) => <Badge state={stateOf(row)} /> },
      { id: 'waiting', header: t('shops.waiting'), width: '100px', align: 'end', from: 480, cell: (row) => <Figure value={row.waiting} label={t('shops.waiting')} to={{ to: '/pushes', search: { view: 'untold', shop: row.shop } }} /> },
      { id: 'heard', header: t('shops.heard'), width: '130px', from: 620, cell: (row) => <Ago at={row.answered_at} /> },
      { id: 'webhook', header: t('shops.webhook'), width: '130px', from: 900, cell: (row) => <QuickLink to={{ to: '/webhooks', search: { shop: row.shop } }}><Ago at={row.webhook_at} /></QuickLink> },
      { id: 'grant', header: t('shops.grant'), width: '150px', from: 1040, cell: (row) => <Ago at={row.grant_ends} /> },
    ],
    [t, names, stateOf],
  );
}

const Badge = ({ state }: { state: ShopWord | undefined }) => state && <StateBadge topic="shop" state={state} />;

function Connect({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const [channel, setChannel] = useState('shopee');
  const act = useAct((name: string) => take(api.POST('/v1/shops/connect', { body: { channel: name } })), {
    onDone: (page) => window.location.assign(page.url),
  });
  const name = CHANNEL[channel] ?? channel;
  return (
    <Dialog title={t('shops.connect')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate(channel);
        }}
      >
        <Stack gap="sm">
          <div>{t('shops.connect.text')}</div>
          <Select
            label={t('shops.connect.channel')}
            data={Object.entries(CHANNEL).map(([value, label]) => ({ value, label }))}
            value={channel}
            allowDeselect={false}
            onChange={(value) => value && setChannel(value)}
          />
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" loading={act.isPending}>
              {t('shops.connect.go', { channel: name })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
