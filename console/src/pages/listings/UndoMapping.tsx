import { Button, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueries, useQuery } from '@tanstack/react-query';
import type { Schemas } from '~/api/client';
import { useEach } from '~/api/each';
import type { Problem } from '~/api/problem';
import { listing as listingQuery, skuStock } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { useActorNames } from '~/parts/actorNames';
import { Dialog } from '~/parts/Dialog';
import { At } from '~/parts/Moment';
import { ProblemNote } from '~/parts/ProblemNote';
import { problemTexts } from '~/parts/problemTexts';
import { useShopNames } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { isSame, mappedOf, type Mapped } from './changes';
import { MappedTo } from './MappedTo';
import { MAPPING_REFRESH, mapListing } from './mapListing';
import classes from './Mapping.module.css';

type Listing = Schemas['Listing'];

/** A change of a mapping, as far as it takes to put it back. */
export interface Undoable {
  listing: number;
  from: Mapped | undefined;
  to: Mapped;
  /** When and by whom, where it comes from the history. */
  at?: string;
  actor?: string;
}

interface Step {
  change: Undoable;
  /** As it was seen in the dialog: the server refuses when somebody has mapped it otherwise since. */
  listing: Listing;
  back: Mapped;
}

interface Props {
  /** At most one of each listing. */
  changes: readonly Undoable[];
  onClose: () => void;
}

/** Puts mappings back to what they were, after it was said what that means for the stock there; each by itself. */
export function UndoMapping({ changes, onClose }: Props) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const rows = useQueries({ queries: changes.map(({ listing }) => listingQuery(listing)) });
  const { busy, done, failed, doAll } = useEach<Step>({
    idOf: ({ listing }) => listing.id,
    inputOf: ({ back }) => back,
    run: ({ listing, back }, key) => mapListing(listing, back, key),
    refresh: MAPPING_REFRESH,
  });
  const steps = changes.flatMap((change, place): Step[] => {
    const listing = rows[place]?.data;
    const isOpen = listing && !done.has(change.listing) && change.from !== undefined && isSame(mappedOf(listing), change.to);
    return isOpen ? [{ change, listing, back: change.from ?? null }] : [];
  });
  const undo = async () => {
    const went = await doAll(steps);
    if (went.done.length > 0) notifications.show({ message: t('mapping.undo.done', { n: went.done.length }), color: 'teal' });
    if (went.failed === 0 && went.done.length === changes.length) onClose();
  };
  return (
    <Dialog title={t('mapping.undo.title', { n: changes.length })} onClose={onClose} size={560}>
      <Stack gap="sm">
        <ul className={classes.accept}>
          {changes.map((change, place) => (
            <Line
              key={change.listing}
              change={change}
              listing={rows[place]?.data}
              error={rows[place]?.error}
              done={done.has(change.listing)}
              failed={failed[change.listing]}
            />
          ))}
        </ul>
        <div className="soft">{t('mapping.undo.orders')}</div>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t(done.size > 0 ? 'close' : 'cancel')}
          </Button>
          {may && (
            <Button data-autofocus loading={busy} disabled={steps.length === 0} onClick={() => void undo()}>
              {t('mapping.undo.do', { n: steps.length })}
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}

interface LineProps {
  change: Undoable;
  listing: Listing | undefined;
  error: unknown;
  done: boolean;
  failed: Problem | undefined;
}

function Line({ change, listing, error, done, failed }: LineProps) {
  const { t } = useI18n();
  const names = useShopNames();
  const nameOf = useActorNames();
  if (error) return <li><ProblemNote error={error} /></li>;
  if (!listing) return <li>{t('loading')}</li>;
  const told = failed && problemTexts(t, failed);
  return (
    <li>
      <div>
        <strong>{listing.title || listing.item}</strong> <span className="soft">· {names.ofId(listing.shop_id)}</span>
      </div>
      <div>
        <MappedTo to={change.to} /> → <MappedTo to={change.from} />
      </div>
      {change.at && change.actor && (
        <div className="soft">
          <At at={change.at} date /> · {nameOf(change.actor)}
        </div>
      )}
      {done ? (
        <div role="status">
          <StateShape shape="disc" tone="ok" /> {t('mapping.undo.result')}
        </div>
      ) : told ? (
        <div role="alert" className="tone-bad">
          <StateShape shape="square" tone="bad" /> {told.title}. {told.advice}
        </div>
      ) : (
        <Effect change={change} listing={listing} />
      )}
    </li>
  );
}

/** What follows for the stock that the shop shows; or why it cannot be undone any more. */
function Effect({ change, listing }: { change: Undoable; listing: Listing }) {
  const { t, rich } = useI18n();
  const { from, to } = change;
  const sku = from?.sku ?? '';
  const stock = useQuery({ ...skuStock(sku), enabled: sku !== '' });
  if (from === undefined) return <div className="soft">{t('mapping.undo.unknown')}</div>;
  const now = mappedOf(listing);
  if (!isSame(now, to)) {
    return (
      <div role="alert">
        <StateShape shape="triangle" tone="wait" /> {rich('mapping.undo.since', { mapping: <MappedTo to={now} /> })}
      </div>
    );
  }
  const shows = listing.pushed ?? listing.seen;
  return (
    <div className="soft">
      {typeof listing.should === 'number' && <>{t('mapping.undo.told', { n: listing.should })} </>}
      {from === null ? (
        <>
          {typeof shows === 'number' ? t('mapping.undo.unmapped', { n: shows }) : t('mapping.undo.unmapped.unseen')} {t('mapping.undo.self')}
        </>
      ) : (
        <>
          {stock.data && t('mapping.map.available', { sku: from.sku, n: stock.data.available })}
          {from.units > 1 && ` ${t('mapping.undo.units', { n: from.units })}`} {t('mapping.map.effect')}
        </>
      )}
      {stock.isError && <ProblemNote error={stock.error} />}
    </div>
  );
}
