import { useQuery, useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { failures, notices } from '~/api/queries';
import { useI18n } from '~/i18n';
import { useMinute } from '~/parts/Moment';
import { useMoneyDue } from '~/parts/moneyDue';
import { awake } from '~/parts/notices';
import { usePlaces } from './places';
import classes from './Shell.module.css';

function useCounts() {
  const open = useInfiniteQuery({ ...notices(true), refetchInterval: 60_000 });
  const dead = useQuery({ ...failures(), refetchInterval: 60_000 });
  const money = useMoneyDue();
  const now = useMinute();
  const first = open.data?.pages[0];
  return {
    attention: first ? { n: awake(first.data, now).length + (money ? 1 : 0), more: first.has_more } : undefined,
    dead: dead.data ? { n: dead.data.data.reduce((sum, group) => sum + group.count, 0), more: false } : undefined,
  };
}

export function Nav() {
  const { t, f } = useI18n();
  const groups = usePlaces();
  const counts = useCounts();
  return groups.map(({ title, places }, index) => {
    return (
      <div key={index}>
        {title && <div className={classes.groupTitle}>{t(title)}</div>}
        <ul className={classes.group}>
          {places.map(({ to, name, icon: Icon, count }) => {
            const n = count && counts[count];
            return (
              <li key={to}>
                <Link to={to} className={classes.place} activeOptions={{ exact: to === '/', includeSearch: false }}>
                  <Icon size={18} stroke={1.6} />
                  <span>{t(name)}</span>
                  {n && n.n > 0 && (
                    <span className={`${classes.count} num`}>
                      {f.number(n.n)}
                      {n.more ? '+' : ''}
                    </span>
                  )}
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    );
  });
}
