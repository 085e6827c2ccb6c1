import { Button, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { listing, listings, notices } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n, type Plain } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Dialog } from '~/parts/Dialog';
import { Figure } from '~/parts/Figure';
import { useFirstPages } from '~/parts/firstPages';
import { Ago, useNow } from '~/parts/Moment';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { Verdict } from '~/parts/Verdict';
import { plainly, toldOf } from '~/pages/attention/told';
import { ToldText } from '~/pages/attention/ToldText';
import { causeOf, causesOf, otherDrift } from './causes';
import classes from './Drift.module.css';

type Listing = Schemas['Listing'];
type Notice = Schemas['Notice'];

/** A seller's edit decides itself after it has stood for so long. */
const WINDOW_MS = 5 * 60_000;
const POLICIES = ['adopt', 'cap', 'reject'] as const;

/** Figures on marketplaces that we did not put there: the five minutes in which an edit may still go back, and other causes. */
export function Drift() {
  const { t } = useI18n();
  const query = useInfiniteQuery({ ...listings({ edited: true }), refetchInterval: 5_000 });
  const told = useInfiniteQuery(notices(true));
  useFirstPages(told);
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const others = useMemo(() => {
    const edited = new Set(rows.map(({ id }) => String(id)));
    return otherDrift(told.data?.pages.flatMap((page) => page.data) ?? [], edited);
  }, [told.data, rows]);
  const [deciding, setDeciding] = useState<Listing>();
  const columns = useColumns(setDeciding);
  return (
    <Page
      title={t('drift.title')}
      filled={others.length === 0}
      curl="/v1/listings?edited=true"
      verdict={query.data && told.data && <DriftVerdict edits={rows.length} others={others} />}
    >
      {query.isError ? (
        <ProblemNote error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <DataTable
          label={t('drift.title')}
          columns={columns}
          rows={rows}
          rowKey={(row) => String(row.id)}
          loading={query.isPending}
          more={query.hasNextPage}
          onMore={() => !query.isFetchingNextPage && void query.fetchNextPage()}
          onOpen={setDeciding}
          empty={t('drift.empty')}
          tone={(row) => (row.edit?.escalated ? 'bad' : 'wait')}
        />
      )}
      {told.isError && <ProblemNote error={told.error} onRetry={() => void told.refetch()} />}
      {others.length > 0 && <Others notices={others} />}
      {told.hasNextPage && (
        <Button size="xs" variant="default" loading={told.isFetchingNextPage} onClick={() => void told.fetchNextPage()}>
          {t('more')}
        </Button>
      )}
      {deciding && <Decide listing={deciding} onClose={() => setDeciding(undefined)} />}
    </Page>
  );
}

function DriftVerdict({ edits, others }: { edits: number; others: readonly Notice[] }) {
  const { t } = useI18n();
  const what = useOthers(others);
  if (edits + others.length === 0) return <Verdict tone="ok">{t('drift.verdict.ok')}</Verdict>;
  return (
    <Verdict tone="wait">
      {edits > 0 && t('drift.verdict', { n: edits })} {what}
    </Verdict>
  );
}

/** One difference with its figures and its cause; of several, how many have which cause. */
function useOthers(others: readonly Notice[]): string {
  const { t, f } = useI18n();
  const names = useShopNames();
  const [only] = others;
  if (!only) return '';
  if (others.length === 1) {
    const what = plainly(toldOf(only, names.ofId(only.shop_id), Date.parse(only.last_at), { t, f }), t);
    return t('drift.verdict.other', { what, why: t(`drift.by.${causeOf(only)}`) });
  }
  const causes = causesOf(others).map(([cause, n]) => t('drift.verdict.cause', { why: t(`drift.by.${cause}`), n }));
  return t('drift.verdict.others', { n: others.length, causes: causes.join(' · ') });
}

/** Differences of which nothing is to be decided: what happened, and what Onhand does about it. */
function Others({ notices: list }: { notices: Notice[] }) {
  const { t } = useI18n();
  const names = useShopNames();
  return (
    <Panel title={t('drift.others')}>
      <ul className={classes.others}>
        {list.map((notice) => (
          <li key={notice.key}>
            <div>
              <strong>{names.ofId(notice.shop_id)}</strong> <Sold listing={Number(notice.subject)} />{' '}
              <span className="soft">
                <Ago at={notice.first_at} />
              </span>
            </div>
            <ToldText notice={notice} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** What a listing sells, and where it stands what it was told. */
function Sold({ listing: id }: { listing: number }) {
  const { data } = useQuery(listing(id));
  if (!data?.sku) return <>{data?.title ?? `#${id}`}</>;
  return (
    <Link to="/stock/$sku" params={{ sku: data.sku }} search={{ tab: 'channels' }} className="code">
      {data.sku}
    </Link>
  );
}

function Countdown({ edit }: { edit: NonNullable<Listing['edit']> }) {
  const { t, f } = useI18n();
  const now = useNow();
  const left = Date.parse(edit.since) + WINDOW_MS - now;
  return (
    <span>
      <StateShape shape={edit.escalated ? 'square' : 'half'} tone={edit.escalated ? 'bad' : 'wait'} />{' '}
      {edit.escalated ? t('drift.yours') : left > 0 ? t('drift.in', { span: f.duration(Math.max(left, 1_000)) }) : t('drift.now')}
    </span>
  );
}

/** Where it stands what was told to a listing, and when. */
const channelsOf = (sku: string) => ({ to: '/stock/$sku', params: { sku }, search: { tab: 'channels' } }) as const;

function useColumns(onDecide: (listing: Listing) => void): Column<Listing>[] {
  const { t } = useI18n();
  const names = useShopNames();
  const may = useMay('stock:write');
  return useMemo(
    () => [
      {
        id: 'listing',
        header: t('drift.listing'),
        width: 'minmax(110px, 1.6fr)',
        cell: (row) =>
          row.sku ? (
            <Link to="/stock/$sku" params={{ sku: row.sku }} search={{ tab: 'channels' }} className="code">
              {row.sku}
            </Link>
          ) : (
            row.title
          ),
      },
      { id: 'shop', header: t('drift.shop'), width: 'minmax(100px, 1fr)', from: 480, cell: (row) => names.ofId(row.shop_id) },
      { id: 'expected', header: t('drift.expected'), width: '64px', align: 'end', cell: (row) => row.edit && <Figure value={row.edit.expected} label={t('drift.expected')} to={row.sku ? channelsOf(row.sku) : undefined} /> },
      { id: 'seen', header: t('drift.seen'), width: '84px', align: 'end', cell: (row) => row.edit && <Figure value={row.edit.seen} label={t('drift.seen')} to={row.sku ? channelsOf(row.sku) : undefined} /> },
      { id: 'since', header: t('drift.since'), width: '120px', from: 760, cell: (row) => <Ago at={row.edit?.since} /> },
      { id: 'decision', header: t('drift.decision'), width: '150px', from: 620, cell: (row) => row.edit && <Countdown edit={row.edit} /> },
      {
        id: 'actions',
        header: t('actions'),
        bare: true,
        width: '250px',
        align: 'end',
        from: 900,
        cell: (row) =>
          may && (
            <Button size="compact-xs" variant="default" onClick={() => onDecide(row)}>
              {t('drift.adopt')} / {t('drift.cap')} / {t('drift.reject')}
            </Button>
          ),
      },
    ],
    [t, names, may, onDecide],
  );
}

function Decide({ listing, onClose }: { listing: Listing; onClose: () => void }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const act = useAct(
    (policy: (typeof POLICIES)[number], key: string) =>
      take(
        api.POST('/v1/listings/{id}/resolve-edit', {
          params: { path: { id: listing.id }, header: { 'Idempotency-Key': key } },
          body: { policy },
        }),
      ),
    {
      refresh: [['listings'], ['notices'], ['stock']],
      onDone: () => {
        notifications.show({ message: t('drift.done'), color: 'teal' });
        onClose();
      },
    },
  );
  return (
    <Dialog title={listing.title || listing.seller_sku} onClose={onClose}>
      <Stack gap="sm">
        {listing.edit && (
          <div className="num">
            {t('drift.expected')}: {listing.edit.expected} · {t('drift.seen')}: {listing.edit.seen}
          </div>
        )}
        {act.isError && <ProblemNote error={act.error} />}
        {may &&
          POLICIES.map((policy) => (
            <Group key={policy} justify="space-between" wrap="nowrap">
              <span>{t(`drift.${policy}.text` as Plain)}</span>
              <Button variant={policy === 'reject' ? 'default' : 'filled'} loading={act.isPending} onClick={() => act.mutate(policy)}>
                {t(`drift.${policy}` as Plain)}
              </Button>
            </Group>
          ))}
      </Stack>
    </Dialog>
  );
}
