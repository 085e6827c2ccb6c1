import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Schemas } from '~/api/client';
import { failures } from '~/api/queries';
import { useI18n } from '~/i18n';
import { useAttention } from '~/parts/attention';
import { tallied } from '~/parts/tally';
import type { Place } from './nav';
import { usePlaces } from './places';
import classes from './Shell.module.css';

function useCounts(): Record<NonNullable<Place['count']>, Schemas['Tally'] | undefined> {
  const dead = useQuery({ ...failures(), refetchInterval: 60_000 });
  return {
    attention: useAttention()?.tally,
    dead: dead.data && { count: dead.data.data.reduce((sum, group) => sum + group.count, 0), more: false },
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
                  {n && n.count > 0 && <span className={`${classes.count} num`}>{tallied(f, n)}</span>}
                </Link>
              </li>
            );
          })}
        </ul>
      </div>
    );
  });
}
