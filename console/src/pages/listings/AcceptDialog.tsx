import { Button, Checkbox, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schemas } from '~/api/client';
import { useEach } from '~/api/each';
import type { Problem } from '~/api/problem';
import { suggestions } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { problemTexts } from '~/parts/problemTexts';
import { useShopNames } from '~/parts/shopNames';
import { wordOf } from '~/parts/words';
import { mappedOf } from './changes';
import { MAPPING_REFRESH, mapListing } from './mapListing';
import type { Undoable } from './UndoMapping';
import classes from './Mapping.module.css';

type Listing = Schemas['Listing'];
type Suggestion = Schemas['Suggestion'];

/** Listings whose suggestions are read at once. */
export const SUGGESTED_MAX = 50;
/** From this score on, the codes are the same but for case, spaces and punctuation: such a row is ticked. */
const SURE = 90;

/** The best suggestion, if no other is as good: two that are alike are for a person to tell apart. */
export function bestOf(found: readonly Suggestion[]): Suggestion | undefined {
  const [best, next] = [...found].sort((a, b) => b.score - a.score);
  return best && best.score !== next?.score ? best : undefined;
}

interface AcceptProps {
  listings: Listing[];
  onClose: () => void;
  /** What was done, to be undone together; also when some were refused. */
  onDone: (done: Undoable[]) => void;
}

/** Maps listings to what is suggested for them; each is told by itself how it went. */
export function AcceptDialog({ listings, onClose, onDone }: AcceptProps) {
  const { t } = useI18n();
  const asked = listings.slice(0, SUGGESTED_MAX);
  const answers = useQueries({ queries: asked.map(({ id }) => suggestions(id)) });
  const [ticked, setTicked] = useState<Record<number, boolean>>({});
  const { busy, done, failed, doAll } = useEach<{ listing: Listing; sku: string }>({
    idOf: ({ listing }) => listing.id,
    inputOf: ({ sku }) => sku,
    run: ({ listing, sku }, key) => mapListing(listing, { sku, units: 1 }, key),
    refresh: MAPPING_REFRESH,
  });
  const lines = asked.map((listing, place) => {
    const best = bestOf(answers[place]?.data?.data ?? []);
    return { listing, best, pending: answers[place]?.isPending ?? false, on: best !== undefined && (ticked[listing.id] ?? best.score >= SURE) };
  });
  const todo = lines.flatMap(({ listing, best, on }) => (on && best && !done.has(listing.id) ? [{ listing, sku: best.sku }] : []));
  const accept = async () => {
    const went = await doAll(todo);
    if (went.done.length > 0) notifications.show({ message: t('mapping.accept.done', { n: went.done.length }), color: 'teal' });
    onDone(went.done.map(({ listing, sku }) => ({ listing: listing.id, from: mappedOf(listing), to: { sku, units: 1 } })));
    if (went.failed === 0) onClose();
  };
  return (
    <Dialog title={t('mapping.accept')} onClose={onClose} size={620}>
      <Stack gap="sm">
        <div>{t('mapping.accept.text')}</div>
        {listings.length > asked.length && <div className="soft">{t('mapping.accept.first', { n: asked.length })}</div>}
        <ul className={classes.accept}>
          {lines.map((line) => (
            <Line
              key={line.listing.id}
              {...line}
              done={done.has(line.listing.id)}
              failed={failed[line.listing.id]}
              onTick={(on) => setTicked((before) => ({ ...before, [line.listing.id]: on }))}
            />
          ))}
        </ul>
        <div className="soft">{t('mapping.map.effect')}</div>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button loading={busy} disabled={todo.length === 0} onClick={() => void accept()}>
            {t('mapping.accept.do', { n: todo.length })}
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

interface LineProps {
  listing: Listing;
  best: Suggestion | undefined;
  pending: boolean;
  on: boolean;
  done: boolean;
  failed: Problem | undefined;
  onTick: (on: boolean) => void;
}

function Line({ listing, best, pending, on, done, failed, onTick }: LineProps) {
  const { t } = useI18n();
  const names = useShopNames();
  const score = best && t('mapping.map.score', { n: best.score, reason: wordOf(t, 'mapping.reason', best.reason) });
  return (
    <li>
      <Checkbox
        size="sm"
        // A line without a suggestion is still to be read.
        styles={{ label: { color: 'var(--text)' } }}
        disabled={!best || done}
        checked={done || on}
        onChange={(event) => onTick(event.currentTarget.checked)}
        label={
          <>
            {listing.title || listing.item} <span className="code soft">{listing.seller_sku}</span> <span className="soft">· {names.ofId(listing.shop_id)}</span>
          </>
        }
        description={
          best ? (
            <>
              → <span className="code">{best.sku}</span> {best.name} · {score}
            </>
          ) : pending ? (
            t('loading')
          ) : (
            t('mapping.accept.none')
          )
        }
        error={failed && problemTexts(t, failed).title}
      />
    </li>
  );
}
