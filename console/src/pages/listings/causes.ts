// Why a shop shows another figure than it was told, where it was not the seller. A notice says it in a sentence of the server,
// and in no other member: the sentence is known by its middle (`rules/src/commands/channels/record_seen.rs`, `text_of`).

import type { Schemas } from '~/api/client';

type Notice = Schemas['Notice'];

export const MARKS = {
  campaign: 'a campaign or promotion has put units aside',
  lost_push: 'it acknowledged a figure and did not keep it',
  late_write: 'has arrived late',
  unseen_order: 'units that were sold there are not off its figure',
} as const;

export type Cause = keyof typeof MARKS | 'other';

/** The cause that a notice of drift names; `other` when its sentence is not known here. */
export function causeOf(notice: Pick<Notice, 'text'>): Cause {
  const found = (Object.keys(MARKS) as (keyof typeof MARKS)[]).find((cause) => notice.text.includes(MARKS[cause]));
  return found ?? 'other';
}

/** Open notices of listings that show another figure, but for those whose edit is to be decided. */
export function otherDrift<N extends Pick<Notice, 'kind' | 'open' | 'subject'>>(notices: readonly N[], edited: ReadonlySet<string>): N[] {
  return notices.filter((notice) => notice.open && notice.kind === 'drift' && !edited.has(notice.subject));
}

/** How many of them have each cause, the most frequent first. */
export function causesOf(notices: readonly Pick<Notice, 'text'>[]): [cause: Cause, count: number][] {
  const counts = new Map<Cause, number>();
  for (const notice of notices) counts.set(causeOf(notice), (counts.get(causeOf(notice)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
