import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import type { Schemas } from '~/api/client';
import { failures } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Figure } from '~/parts/Figure';
import { Ago } from '~/parts/Moment';
import { Panel } from '~/parts/Page';
import { ProblemNote } from '~/parts/ProblemNote';
import { useShopNames } from '~/parts/shopNames';
import { wordOf } from '~/parts/words';
import { useKey } from '~/shell/keyboard';
import { DiscardDialog } from './DiscardDialog';
import { ReplayDialog } from './ReplayDialog';
import classes from './Queues.module.css';

type Failure = Schemas['Failure'];

const route = getRouteApi('/queues');

/** Why jobs were given up: one row for each cause, with its remedy and the replay of all of them. */
export function Failures() {
  const { t } = useI18n();
  const query = useQuery(failures());
  const [replaying, setReplaying] = useState<Failure>();
  const [discarding, setDiscarding] = useState<Failure>();
  const groups = query.data?.data ?? [];
  const may = useMay('queues:operate');
  useKey('r', () => may && setReplaying(groups[0]));
  return (
    <Panel title={t('failures.title')} flush={groups.length > 0}>
      {query.isError && <ProblemNote error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && groups.length === 0 && <span className="soft">{t('failures.none')}</span>}
      <ul className={classes.causes}>
        {groups.map((failure) => (
          <Cause key={`${failure.kind}/${failure.class}/${failure.code}`} failure={failure} onReplay={() => setReplaying(failure)} onDiscard={() => setDiscarding(failure)} />
        ))}
      </ul>
      {discarding && (
        <DiscardDialog
          filter={{ kind: discarding.kind, class: discarding.class, code: discarding.code }}
          known={discarding.count}
          onClose={() => setDiscarding(undefined)}
        />
      )}
      {replaying && (
        <ReplayDialog
          filter={{ kind: replaying.kind, class: replaying.class, code: replaying.code }}
          known={replaying.count}
          onClose={() => setReplaying(undefined)}
        />
      )}
    </Panel>
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
        <div>
          {failure.message} <span className="mono soft">{code}</span>
        </div>
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
