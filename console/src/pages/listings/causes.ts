// Why a shop shows another figure than it was told, where it was not the seller.

import type { Schemas } from '~/api/client';

type Notice = Schemas['Notice'];
type Told = { told?: Notice['told'] };

/** The causes that are put right by Onhand, or by themselves. */
export const CAUSES = ['campaign', 'lost_push', 'late_write', 'unseen_order'] as const;

export type Cause = (typeof CAUSES)[number] | 'other';

/** Whether it is one of them. */
export const isCause = (name: unknown): name is (typeof CAUSES)[number] => CAUSES.includes(name as never);

/** The cause that a notice of drift names; `other` when it is none of those. */
export function causeOf({ told }: Told): Cause {
  return isCause(told?.cause) ? told.cause : 'other';
}

/** Open notices of listings that show another figure, but for those whose edit is to be decided. */
export function otherDrift<N extends Pick<Notice, 'kind' | 'open' | 'subject'>>(notices: readonly N[], edited: ReadonlySet<string>): N[] {
  return notices.filter((notice) => notice.open && notice.kind === 'drift' && !edited.has(notice.subject));
}

/** How many of them have each cause, the most frequent first. */
export function causesOf(notices: readonly Told[]): [cause: Cause, count: number][] {
  const counts = new Map<Cause, number>();
  for (const notice of notices) counts.set(causeOf(notice), (counts.get(causeOf(notice)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
