// A notice in the language of the person: what happened, and what to do next.

import type { Schemas } from '~/api/client';
import type { Key, Plain, useI18n } from '~/i18n';
import { en } from '~/i18n/en';
import { causeOf } from '~/pages/listings/causes';
import { wordOf } from '~/parts/words';
import { rowOf } from './cases';
import { sentenceOf, unquoted, type Form } from './sentences';

type I18n = ReturnType<typeof useI18n>;
export type ToldNotice = Pick<Schemas['Notice'], 'kind' | 'subject' | 'text' | 'last_at'>;

export interface Told {
  /** The text of what happened and what stands in it; nothing when only the server has words for it. */
  key?: Key;
  values: Record<string, string | number>;
  /** What to do next. */
  next?: Plain;
  /** The server's or marketplace's own words, where they say more than ours. */
  said?: string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What helps is the same against several. */
const NEXT: Partial<Record<Form, string>> = {
  shop_left: 'next.shop_disconnected',
  edit_large: 'next.edit_escalated',
  edit_twins: 'next.edit_escalated',
  edit_free: 'next.edit_escalated',
  return_coming: 'next.return_received',
  return_opened: 'next.return_received',
  return_cancelled: 'next.return_received',
};

/** The key if there is a text of that name. */
const known = (key: string | undefined): Plain | undefined => (key !== undefined && key in en ? (key as Plain) : undefined);

function nextOf(notice: ToldNotice, form: Form | undefined): Plain | undefined {
  if (notice.kind === 'retries_exhausted') return known(`class.${notice.subject.split(':')[1]}`);
  if (form === 'drift') return known(`drift.cause.${causeOf(notice)}`);
  return known((form && NEXT[form]) ?? `next.${form ?? notice.kind}`);
}

/** What is to be said of a notice of that shop. */
export function toldOf(notice: ToldNotice, shop: string, now: number, { t, f }: Pick<I18n, 't' | 'f'>): Told {
  const sentence = sentenceOf(notice);
  const next = nextOf(notice, sentence?.form);
  if (!sentence) return { values: {}, next, said: notice.text };
  const { form, facts } = sentence;
  const values: Record<string, string | number> = { shop };
  for (const [name, fact] of Object.entries(facts)) values[name] = /^-?\d+$/.test(fact) && name !== 'order' && name !== 'code' ? Number(fact) : fact;
  const { title, code, word, minutes, seconds, days, job, available, row } = facts;
  if (title !== undefined) values.title = `“${title}”`;
  if (word !== undefined) values.word = unquoted(word);
  if (code !== undefined) values.code = unquoted(code) || '–';
  if (job !== undefined) values.what = wordOf(t, 'kind', job);
  if (minutes !== undefined) values.span = f.duration(Number(minutes) * MINUTE_MS);
  if (seconds !== undefined) values.span = f.duration(Math.abs(Number(seconds)) * 1_000);
  // It was said once, with the days that were left then; the day that had begun counts.
  if (days !== undefined) values.n = Math.max(1, Number(days) + 1 - Math.floor((now - Date.parse(notice.last_at)) / DAY_MS));
  if (row !== undefined) Object.assign(values, rowOf(row));
  if (form === 'shortfall') values.n = -Number(available);
  if (form === 'listing_promotion') values.n = Number(facts.aside);
  return { key: `told.${form}`, values, next, said: facts.said };
}

/** What happened as one text; the server's where there is none of ours. A unit test sees to it that no value lacks. */
export function plainly({ key, values, said }: Told, t: I18n['t']): string {
  const say = t as (key: Key, values: Told['values']) => string;
  return key ? say(key, values) : (said ?? '');
}
