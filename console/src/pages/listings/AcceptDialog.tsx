import { Button, Checkbox, Group, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { api, take, type Schemas } from '~/api/client';
import { Intents } from '~/api/keys';
import { matchOf } from '~/api/match';
import { ProblemError } from '~/api/problem';
import { suggestions } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { useShopNames } from '~/parts/shopNames';
import { wordOf } from '~/parts/words';
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

/** Maps listings to what is suggested for them; each is told by itself how it went. */
export function AcceptDialog({ listings, onClose, onDone }: { listings: Listing[]; onClose: () => void; onDone: () => void }) {
  const { t } = useI18n();
  const client = useQueryClient();
  const asked = listings.slice(0, SUGGESTED_MAX);
  const answers = useQueries({ queries: asked.map(({ id }) => suggestions(id)) });
  const [ticked, setTicked] = useState<Record<number, boolean>>({});
  const [failed, setFailed] = useState<Record<number, string>>({});
  const [done, setDone] = useState<ReadonlySet<number>>(new Set());
  const [busy, setBusy] = useState(false);
  const intents = useRef(new Map<number, Intents>());
  const lines = asked.map((listing, place) => {
    const best = bestOf(answers[place]?.data?.data ?? []);
    return { listing, best, pending: answers[place]?.isPending ?? false, on: best !== undefined && (ticked[listing.id] ?? best.score >= SURE) };
  });
  const todo = lines.filter(({ listing, on }) => on && !done.has(listing.id));
  const accept = async () => {
    setBusy(true);
    let mapped = 0;
    const wrong: Record<number, string> = {};
    for (const { listing, best } of todo) {
      if (!best) continue;
      const intent = intents.current.get(listing.id) ?? new Intents();
      intents.current.set(listing.id, intent);
      try {
        await map(listing, best.sku, intent.keyFor(best.sku));
        mapped += 1;
        setDone((before) => new Set(before).add(listing.id));
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        // Whether it happened is not known without an answer: then it is asked for again, and not done twice.
        if (error.problem.status !== 0 && error.problem.status !== 503) intent.settled();
        wrong[listing.id] = error.problem.detail ?? error.problem.title;
      }
    }
    setBusy(false);
    setFailed(wrong);
    for (const kind of ['listings', 'market-orders', 'notices', 'orders']) void client.invalidateQueries({ queryKey: [kind] });
    if (mapped > 0) notifications.show({ message: t('mapping.accept.done', { n: mapped }), color: 'teal' });
    if (Object.keys(wrong).length > 0) return;
    onDone();
    onClose();
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

async function map(listing: Listing, sku: string, key: string) {
  const path = { id: listing.id };
  const mapped = (each: Listing) => [each.sku ?? null, each.quantity ?? null];
  const match = await matchOf(key, listing, mapped, () => take(api.GET('/v1/listings/{id}', { params: { path } })));
  const header = { 'Idempotency-Key': key, 'If-Match': match };
  return take(api.POST('/v1/listings/{id}/map', { params: { path, header }, body: { sku, quantity: 1 } }));
}

interface LineProps {
  listing: Listing;
  best: Suggestion | undefined;
  pending: boolean;
  on: boolean;
  done: boolean;
  failed: string | undefined;
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
        error={failed}
      />
    </li>
  );
}
