import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useRef, useState, type RefObject } from 'react';
import { notices, shortfallPages } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Filters, ViewSwitch } from '~/parts/Filters';
import { useFirstPages } from '~/parts/firstPages';
import { Ago, useMinute } from '~/parts/Moment';
import { useMoneyDue } from '~/parts/moneyDue';
import { awake, isPutOff } from '~/parts/notices';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import { useKey } from '~/shell/keyboard';
import { Case, ShortfallCase } from './Case';
import { MoneyCase } from './MoneyCase';
import { inOrder, together } from './cases';
import classes from './Attention.module.css';

const route = getRouteApi('/attention');
/** Cases that are drawn at once. */
const ROOM = 200;

/** `j` and `k` move from case to case; Tab goes on to its remedies. */
function useCaseKeys(list: RefObject<HTMLUListElement | null>) {
  const move = (step: number) => {
    const cases = [...(list.current?.children ?? [])].filter((each) => each instanceof HTMLElement);
    const at = cases.findIndex((each) => each.contains(document.activeElement));
    cases[Math.max(0, Math.min(cases.length - 1, at + step))]?.focus();
  };
  useKey('j', () => move(1));
  useKey('k', () => move(-1));
}

/** One list of everything that needs a person, each with its remedy. */
export function Attention() {
  const { t, rich, f } = useI18n();
  const { all, later } = route.useSearch();
  const show = all ? 'all' : later ? 'later' : 'open';
  const now = useMinute();
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(notices(all ? undefined : true));
  const short = useInfiniteQuery(shortfallPages());
  useFirstPages(query);
  useFirstPages(short);
  const due = useMoneyDue();
  const money = show === 'later' ? undefined : due;
  const list = useRef<HTMLUListElement>(null);
  useCaseKeys(list);
  const every = useMemo(() => {
    const told = query.data?.pages.flatMap((page) => page.data) ?? [];
    const lacking = short.data?.pages.flatMap((page) => page.data) ?? [];
    return together(inOrder(told), lacking);
  }, [query.data, short.data]);
  // A row that is short of which nobody was told yet cannot be put off.
  const open = every.filter(({ notice }) => !notice || awake([notice], now).length > 0);
  const putOff = every.filter(({ notice }) => notice && isPutOff(notice, now));
  const cases = { open, later: putOff, all: every }[show];
  const [room, setRoom] = useState(ROOM);
  const more = query.hasNextPage || short.hasNextPage;
  const n = open.length + (due ? 1 : 0);
  const oldest = open.map(({ notice, row }) => notice?.first_at ?? row?.changed_at ?? '').filter(Boolean).sort()[0];
  const showMore = () => {
    setRoom(room + ROOM);
    if (cases.length > room + ROOM) return;
    if (query.hasNextPage && !query.isFetchingNextPage) void query.fetchNextPage();
    if (short.hasNextPage && !short.isFetchingNextPage) void short.fetchNextPage();
  };
  return (
    <Page
      title={t('attention.title')}
      curl={all ? '/v1/notices' : '/v1/notices?open=true'}
      verdict={
        query.data &&
        (n === 0 ? (
          <Verdict tone="ok">{t('attention.verdict.none')}</Verdict>
        ) : (
          <Verdict tone={open.some(({ row }) => row) ? 'bad' : 'wait'}>{oldest ? rich('attention.verdict.some', { n, since: <Ago at={oldest} /> }) : t('attention.verdict.money')}</Verdict>
        ))
      }
    >
      <Filters>
        <ViewSwitch
          label={t('attention.title')}
          views={[
            { value: 'open', label: t('attention.show.open') },
            { value: 'later', label: t('attention.show.later', { count: f.number(putOff.length) }) },
            { value: 'all', label: t('attention.show.all') },
          ]}
          value={show}
          onChange={(next) => void navigate({ search: { all: next === 'all' || undefined, later: next === 'later' || undefined } })}
        />
      </Filters>
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Panel>{t('loading')}</Panel>}
      {query.data && cases.length === 0 && !money && <Panel>{t(later && !all ? 'attention.empty.later' : 'attention.empty')}</Panel>}
      <ul ref={list} className={classes.cases} aria-label={t('attention.title')}>
        {money && <MoneyCase due={money} />}
        {cases.slice(0, room).map(({ key, notice, row }) =>
          row ? <ShortfallCase key={key} row={row} notice={notice} /> : notice && <Case key={key} notice={notice} />,
        )}
      </ul>
      {(more || cases.length > room) && (
        <div className={classes.more}>
          <span className="soft">{t('attention.shown', { n: Math.min(room, cases.length) })}</span>
          <Button size="xs" variant="default" loading={query.isFetchingNextPage || short.isFetchingNextPage} onClick={showMore}>
            {t('more')}
          </Button>
        </div>
      )}
    </Page>
  );
}
