import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useRef, useState, type RefObject } from 'react';
import { notices, shortfallPages } from '~/api/queries';
import { useI18n } from '~/i18n';
import { useAttention } from '~/parts/attention';
import { inOrder, together } from '~/parts/cases';
import { Filters, ViewSwitch } from '~/parts/Filters';
import { useFirstPages } from '~/parts/firstPages';
import { Ago } from '~/parts/Moment';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { tallied } from '~/parts/tally';
import { Verdict } from '~/parts/Verdict';
import { useKey } from '~/shell/keyboard';
import { Case, ShortfallCase } from './Case';
import { CaseDialogs } from './caseDialog';
import { MoneyCase } from './MoneyCase';
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
  const { t, f } = useI18n();
  const { all, later } = route.useSearch();
  const show = all ? 'all' : later ? 'later' : 'open';
  const navigate = route.useNavigate();
  const query = useInfiniteQuery(notices(all ? undefined : true));
  const short = useInfiniteQuery(shortfallPages());
  useFirstPages(query);
  useFirstPages(short);
  const waits = useAttention();
  const money = show === 'later' ? undefined : waits?.money;
  const list = useRef<HTMLUListElement>(null);
  useCaseKeys(list);
  const every = useMemo(() => {
    const told = query.data?.pages.flatMap((page) => page.data) ?? [];
    const lacking = short.data?.pages.flatMap((page) => page.data) ?? [];
    return together(inOrder(told), lacking);
  }, [query.data, short.data]);
  const cases = { open: waits?.open ?? [], later: waits?.putOff ?? [], all: every }[show];
  const [room, setRoom] = useState(ROOM);
  const more = query.hasNextPage || short.hasNextPage;
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
      verdict={waits && <AttentionVerdict {...waits} />}
    >
      <Filters>
        <ViewSwitch
          label={t('attention.title')}
          views={[
            { value: 'open', label: t('attention.show.open') },
            { value: 'later', label: t('attention.show.later', { count: f.number(waits?.putOff.length ?? 0) }) },
            { value: 'all', label: t('attention.show.all') },
          ]}
          value={show}
          onChange={(next) => void navigate({ search: { all: next === 'all' || undefined, later: next === 'later' || undefined } })}
        />
      </Filters>
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Panel>{t('loading')}</Panel>}
      {query.data && cases.length === 0 && !money && <Panel>{t(later && !all ? 'attention.empty.later' : 'attention.empty')}</Panel>}
      <CaseDialogs>
        <ul ref={list} className={classes.cases} aria-label={t('attention.title')}>
          {money && <MoneyCase due={money} />}
          {cases.slice(0, room).map(({ key, notice, row }) =>
            row ? <ShortfallCase key={key} row={row} notice={notice} /> : notice && <Case key={key} notice={notice} />,
          )}
        </ul>
      </CaseDialogs>
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

function AttentionVerdict({ tally, tone, oldest }: Pick<NonNullable<ReturnType<typeof useAttention>>, 'tally' | 'tone' | 'oldest'>) {
  const { t, rich, f } = useI18n();
  if (tally.count === 0) return <Verdict tone={tone}>{t('attention.verdict.none')}</Verdict>;
  if (!oldest) return <Verdict tone={tone}>{t('attention.verdict.money')}</Verdict>;
  return <Verdict tone={tone}>{rich('attention.verdict.some', { n: tally.count, count: tallied(f, tally), since: <Ago at={oldest} /> })}</Verdict>;
}
