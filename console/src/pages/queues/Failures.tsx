import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import type { Schemas } from '~/api/client';
import { failures } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { byCause } from '~/parts/deadJobs';
import { FailureWords } from '~/parts/FailureWords';
import { Figure } from '~/parts/Figure';
import { Ago } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { wordOf } from '~/parts/words';
import { useKey } from '~/shell/keyboard';
import type { Choice } from './Counted';
import { DiscardDialog } from './DiscardDialog';
import { ReplayDialog } from './ReplayDialog';
import classes from './Queues.module.css';

type Failure = Schemas['Failure'];

const route = getRouteApi('/queues');

/** Why jobs were given up: one row for each cause and kind of job, with its remedy and the replay of all of them. */
export function Failures() {
  const { t } = useI18n();
  const query = useQuery(failures());
  const [replaying, setReplaying] = useState<{ filter: Choice; known: number }>();
  const [discarding, setDiscarding] = useState<Failure>();
  const groups = query.data?.data ?? [];
  const may = useMay('queues:operate');
  const replay = ({ kind, class: group, code, count }: Failure) => setReplaying({ filter: { kind, class: group, code }, known: count });
  useKey('r', () => may && groups[0] && replay(groups[0]));
  return (
    <Panel title={t('failures.title')} flush={groups.length > 0}>
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && groups.length === 0 && <span className="soft">{t('failures.none')}</span>}
      <ul className={classes.causes}>
        {byCause(groups).map((alike) => (
          <Fragment key={`${alike[0]?.class}/${alike[0]?.code}`}>
            {may && alike.length > 1 && <Together alike={alike} onReplay={setReplaying} />}
            {alike.map((failure) => (
              <Cause key={failure.kind} failure={failure} onReplay={() => replay(failure)} onDiscard={() => setDiscarding(failure)} />
            ))}
          </Fragment>
        ))}
      </ul>
      {discarding && (
        <DiscardDialog
          filter={{ kind: discarding.kind, class: discarding.class, code: discarding.code }}
          known={discarding.count}
          onClose={() => setDiscarding(undefined)}
        />
      )}
      {replaying && <ReplayDialog {...replaying} onClose={() => setReplaying(undefined)} />}
    </Panel>
  );
}

/** Above the rows of one cause: it is mended once, and replayed once. */
function Together({ alike, onReplay }: { alike: Failure[]; onReplay: (what: { filter: Choice; known: number }) => void }) {
  const { t } = useI18n();
  const [first] = alike;
  if (!first) return null;
  const n = alike.reduce((sum, { count }) => sum + count, 0);
  return (
    <li className={classes.together}>
      <span>
        {wordOf(t, 'class', first.class)} <span className="mono soft">{first.code}</span>
      </span>
      <Button size="compact-sm" onClick={() => onReplay({ filter: { class: first.class, code: first.code }, known: n })}>
        {t('failures.replay.all', { n })}
      </Button>
    </li>
  );
}

function Cause({ failure, onReplay, onDiscard }: { failure: Failure; onReplay: () => void; onDiscard: () => void }) {
  const { t } = useI18n();
  const names = useShopNames();
  const may = useMay('queues:operate');
  const navigate = route.useNavigate();
  const { kind, code } = failure;
  return (
    <li className={classes.cause}>
      <strong>
        <Figure value={failure.count} label={t('failures.see')} to={{ to: '/queues', search: { kind, code }, resetScroll: false }} />
      </strong>
      <div className={classes.words}>
        <div>
          <strong>{wordOf(t, 'kind', kind)}</strong>
          {failure.shop_ids.map((id) => (
            <Fragment key={id}>
              {' · '}
              <Link to="/shops/$shop" params={{ shop: names.codeOf(id) ?? String(id) }}>
                {names.ofId(id)}
              </Link>
            </Fragment>
          ))}
        </div>
        <FailureWords failure={failure} />
        <div>{wordOf(t, 'class', failure.class)}</div>
        <div className="soft num">
          {t('failures.first')} <Ago at={failure.first_at} /> · {t('failures.last')} <Ago at={failure.last_at} />
        </div>
      </div>
      <div className={classes.actions}>
        <Button
          size="compact-sm"
          variant="default"
          onClick={() => void navigate({ search: { kind, code }, resetScroll: false })}
        >
          {t('failures.see')}
        </Button>
        {may && (
          <>
            <Button size="compact-sm" variant="default" onClick={onDiscard}>
              {t('failures.discard')}
            </Button>
            <Button size="compact-sm" onClick={onReplay}>
              {t('failures.replay')}
            </Button>
          </>
        )}
      </div>
    </li>
  );
}
