import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, useRef, type RefObject } from 'react';
import { notices, shortfalls } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Filters, ViewSwitch } from '~/parts/Filters';
import { Ago, useMinute } from '~/parts/Moment';
import { awake, isPutOff } from '~/parts/notices';
import { Page, Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { Verdict } from '~/parts/Verdict';
import { useKey } from '~/shell/keyboard';
import { Case, ShortfallCase } from './Case';
import { inOrder } from './cases';
import classes from './Attention.module.css';

const route = getRouteApi('/attention');

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
  const short = useQuery(shortfalls());
  const list = useRef<HTMLUListElement>(null);
  useCaseKeys(list);
  const every = useMemo(() => inOrder(query.data?.pages.flatMap((page) => page.data) ?? []), [query.data]);
  const open = awake(every, now);
  const putOff = every.filter((notice) => isPutOff(notice, now));
  const rows = { open, later: putOff, all: every }[show];
  const lacking = short.data?.data ?? [];
  // A row of stock that is short cannot be put off.
  const shown = show === 'later' ? [] : lacking;
  const n = open.length + lacking.length;
  const oldest = open.map((notice) => notice.first_at).sort()[0];
  return (
    <Page
      title={t('attention.title')}
      curl={all ? '/v1/notices' : '/v1/notices?open=true'}
      verdict={
        query.data &&
        (n === 0 ? (
          <Verdict tone="ok">{t('attention.verdict.none')}</Verdict>
        ) : (
          <Verdict tone={lacking.length > 0 ? 'bad' : 'wait'}>
            {rich('attention.verdict.some', { n, since: <Ago at={oldest ?? lacking[0]?.changed_at} /> })}
          </Verdict>
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
      {query.data && rows.length + shown.length === 0 && <Panel>{t(later && !all ? 'attention.empty.later' : 'attention.empty')}</Panel>}
      <ul ref={list} className={classes.cases} aria-label={t('attention.title')}>
        {shown.map((row) => (
          <ShortfallCase key={`${row.sku}@${row.location}`} row={row} />
        ))}
        {rows.map((notice) => (
          <Case key={notice.key} notice={notice} />
        ))}
      </ul>
    </Page>
  );
}
