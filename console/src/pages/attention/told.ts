// A notice in the language of the person: what happened, and what to do next. The server tells facts (`told`, docs/notices.md);
// its English sentence is shown only where there are none, or none that are known here.

import type { Schemas } from '~/api/client';
import type { Key, Plain, useI18n } from '~/i18n';
import { en } from '~/i18n/en';
import { causeOf } from '~/pages/listings/causes';
import { nameOf } from '~/parts/problemTexts';
import { wordOf } from '~/parts/words';

type I18n = ReturnType<typeof useI18n>;
type Value = string | number;
export type ToldNotice = Pick<Schemas['Notice'], 'kind' | 'subject' | 'text' | 'last_at'> & { told?: Schemas['Notice']['told'] };

export interface Told {
  /** The text of what happened and what stands in it; nothing when only the server has words for it. */
  key?: Key;
  values: Record<string, Value>;
  /** Why, where that is a refusal of ours. */
  why?: Plain;
  /** What to do next. */
  next?: Plain;
  /** The server's or marketplace's own words, where they say more than ours. */
  said?: string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** What helps is the same against several. */
const NEXT: Record<string, string> = {
  shop_left: 'next.shop_disconnected',
  edit_large: 'next.edit_escalated',
  edit_twins: 'next.edit_escalated',
  edit_free: 'next.edit_escalated',
  return_coming: 'next.return_received',
  return_opened: 'next.return_received',
  return_cancelled: 'next.return_received',
};

/** Which fact a text counts by. */
const COUNTED: Record<string, string> = {
  shop_failing: 'failures',
  edit_free: 'units',
  listing_promotion: 'aside',
  return_opened: 'units',
};

/** Forms whose `code` is that of a problem. */
const REFUSED: ReadonlySet<string> = new Set(['order_trouble', 'edit_escalated']);

/** The form that a notice has here; nothing when it has none, or one of a newer server. */
function formOf({ told }: ToldNotice): string | undefined {
  if (!told) return undefined;
  const form = told.form === 'drift' && told.cause === 'seller_edit' ? 'drift_edit' : told.form;
  return `told.${form}` in en ? form : undefined;
}

/** The key if there is a text of that name. */
const known = (key: string): Plain | undefined => (key in en ? (key as Plain) : undefined);

function nextOf(notice: ToldNotice, form: string | undefined): Plain | undefined {
  if (notice.kind === 'retries_exhausted') return known(`class.${notice.subject.split(':')[1]}`);
  if (form === 'drift') return known(`drift.cause.${causeOf(notice)}`);
  return known((form && NEXT[form]) ?? `next.${form ?? notice.kind}`);
}

/** What is to be said of a notice of that shop. */
export function toldOf(notice: ToldNotice, shop: string, now: number, { t, f }: Pick<I18n, 't' | 'f'>): Told {
  const form = formOf(notice);
  const next = nextOf(notice, form);
  if (!form) return { values: {}, next, said: notice.text };
  const { form: _, said, ...facts } = notice.told as Record<string, Value>;
  const values: Record<string, Value> = { ...facts, shop };
  const { title, seller_sku, minutes, seconds, days, job, available, threshold } = facts;
  if (title !== undefined) values.title = `“${title}”`;
  if (seller_sku !== undefined) values.code = seller_sku || '–';
  if (job !== undefined) values.what = wordOf(t, 'kind', String(job));
  if (minutes !== undefined) values.span = f.duration(Number(minutes) * MINUTE_MS);
  if (seconds !== undefined) values.span = f.duration(Math.abs(Number(seconds)) * 1_000);
  // It was said once, with the days that were left then; the day that had begun counts.
  if (days !== undefined) values.n = Math.max(1, Number(days) + 1 - Math.floor((now - Date.parse(notice.last_at)) / DAY_MS));
  if (threshold !== undefined) values.limit = threshold;
  if (form === 'shortfall') values.n = -Number(available);
  const counted = COUNTED[form];
  if (counted !== undefined) values.n = facts[counted] ?? 0;
  const why = known(`problem.${nameOf(String(REFUSED.has(form) && facts.code))}`);
  const told = { key: `told.${form}` as Key, values, why, next };
  if (said === undefined) return told;
  // A status that nobody knows stands in the text itself.
  if (form === 'unknown_status') return { ...told, values: { ...values, word: said } };
  return { ...told, said: form === 'listing_refused' ? `${facts.code}: ${said}` : String(said) };
}

/** What happened as one text; the server's where there is none of ours. A unit test sees to it that no value lacks. */
export function plainly({ key, values, said }: Told, t: I18n['t']): string {
  const say = t as (key: Key, values: Told['values']) => string;
  return key ? say(key, values) : (said ?? '');
}
