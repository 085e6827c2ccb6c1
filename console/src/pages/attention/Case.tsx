import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { toneOf } from '~/parts/cases';
import { Ago, At, useMinute } from '~/parts/Moment';
import { isPutOff } from '~/parts/notices';
import { useShopNames } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { wordOf } from '~/parts/words';
import { AdjustDialog } from '~/pages/stock/AdjustDialog';
import { Care } from './Care';
import { useCaseDialog } from './caseDialog';
import { Remedies } from './Remedies';
import { ToldText } from './ToldText';
import classes from './Attention.module.css';

type Notice = Schemas['Notice'];

/** One thing that a person should know or do: what happened, since when, and what helps. */
export function Case({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const names = useShopNames();
  const tone = toneOf(notice);
  return (
    <li tabIndex={-1} className={classes.case} data-tone={tone} data-seen={notice.seen_at || !notice.open ? '' : undefined}>
      <StateShape shape={!notice.open ? 'disc' : tone === 'bad' ? 'square' : 'triangle'} tone={tone} size={11} />
      <div className={classes.body}>
        <div className={classes.title}>
          {wordOf(t, 'notice', notice.kind)}
          {notice.shop_id ? <span className="soft"> · {names.ofId(notice.shop_id)}</span> : null}
        </div>
        <div className={classes.text}>
          <ToldText notice={notice} />
        </div>
        {notice.note && <div className={classes.note}>{notice.note}</div>}
        <Foot notice={notice} />
      </div>
      <div className={classes.remedies}>
        {notice.open && <Remedies notice={notice} />}
        {notice.open && !notice.seen_at && <Seen notice={notice} />}
        {notice.open && <Care notice={notice} />}
      </div>
    </li>
  );
}

/** Since when, how often, and who looks after it. */
function Foot({ notice }: { notice: Notice }) {
  const { t, rich } = useI18n();
  const now = useMinute();
  return (
    <div className={`${classes.foot} num`}>
      {notice.open ? rich('attention.since', { when: <Ago at={notice.first_at} /> }) : t('attention.closed')}
      {' · '}
      {t('attention.times', { n: notice.count })}
      {notice.count > 1 && <> · {rich('attention.last', { when: <Ago at={notice.last_at} /> })}</>}
      {notice.seen_at && <> · {rich('attention.seen.done', { when: <Ago at={notice.seen_at} /> })}</>}
      {notice.open && notice.assignee && <> · {rich('attention.taken', { who: <strong>{notice.assignee}</strong> })}</>}
      {notice.snoozed_until && isPutOff(notice, now) && <> · {rich('attention.put_off', { when: <At at={notice.snoozed_until} date /> })}</>}
    </div>
  );
}

function Seen({ notice }: { notice: Notice }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const act = useAct(
    (key_: string, key: string) =>
      take(api.POST('/v1/notices/{key}/seen', { params: { path: { key: key_ }, header: { 'Idempotency-Key': key } } })),
    { tells: true, refresh: [['notices']] },
  );
  if (!may) return null;
  return (
    <Button size="compact-sm" variant="subtle" color="gray" loading={act.isPending} onClick={() => act.mutate(notice.key)}>
      {t('attention.seen')}
    </Button>
  );
}

/** A row of stock of which more was promised than there is, with what people have done about it if somebody was told. */
export function ShortfallCase({ row, notice }: { row: Schemas['Stock']; notice?: Notice }) {
  const { t, rich } = useI18n();
  const may = useMay('stock:write');
  const open = useCaseDialog();
  const link: ReactNode = (
    <Link to="/stock/$sku" params={{ sku: row.sku }} search={{ location: row.location, tab: 'holds' }}>
      {row.sku}
    </Link>
  );
  return (
    <li tabIndex={-1} className={classes.case} data-tone="bad" data-seen={notice?.seen_at ? '' : undefined}>
      <StateShape shape="square" tone="bad" size={11} />
      <div className={classes.body}>
        <div className={classes.title}>{t('notice.shortfall')}</div>
        <div className={classes.text}>
          {rich('attention.shortfall', { sku: link, location: row.location, n: -(row.available + row.backorder_limit) })}
        </div>
        {notice?.note && <div className={classes.note}>{notice.note}</div>}
        {notice ? (
          <Foot notice={notice} />
        ) : (
          <div className={classes.foot}>{row.changed_at && rich('attention.since', { when: <Ago at={row.changed_at} /> })}</div>
        )}
      </div>
      <div className={classes.remedies}>
        {may && (
          <Button size="compact-sm" onClick={() => open((close) => <AdjustDialog sku={row.sku} location={row.location} onClose={close} />)}>
            {t('stock.adjust')}
          </Button>
        )}
        {notice && !notice.seen_at && <Seen notice={notice} />}
        {notice && <Care notice={notice} />}
      </div>
    </li>
  );
}
