// Notes and reasons beside movements and steps of orders. People write them as they like; those that the server writes itself are
// few, and are said in the language of the person.

import type { Key, useI18n } from '~/i18n';
import { en } from '~/i18n/en';
import { wordOf } from './words';

type T = ReturnType<typeof useI18n>['t'];

/** How the server writes a note, and the text for it; its names are the values of the text. */
const NOTES: [RegExp, Key][] = [
  [/^shipped on the marketplace$/, 'note.shipped_there'],
  [/^cancelled on the marketplace$/, 'note.cancelled_there'],
  [/^paid after it was cancelled$/, 'note.paid_cancelled'],
  [/^paid after its hold had ended, and the goods are gone: /, 'note.paid_late'],
  [/^(?<first>.+) has paid for it already; give (?<second>.+) back$/, 'note.paid_twice'],
  [/^listing \d+: (?<before>-?\d+) became (?<after>-?\d+)$/, 'note.seller_edit'],
];

/** What a note says; as it was written where it is a person's. */
export function noteOf(t: T, note: string): string {
  const say = t as (key: Key, values: Record<string, string>) => string;
  for (const [form, key] of NOTES) {
    const found = form.exec(note);
    if (found) return say(key, found.groups ?? {});
  }
  return note;
}

/** Why somebody has stopped a kind of job; nothing where he did not say it, for which the server writes words of its own. */
export function pauseReasonOf({ paused_reason }: { paused_reason?: string | null }): string | undefined {
  return paused_reason && paused_reason !== 'paused by a person' ? paused_reason : undefined;
}

/** Why a movement was made: a word of the server, or what somebody has written. */
export function reasonOf(t: T, reason: string): string {
  const prefix = ['reason', 'condition'].find((each) => `${each}.${reason}` in en);
  return prefix ? wordOf(t, prefix, reason) : noteOf(t, reason);
}
