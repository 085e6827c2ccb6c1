import type { Schemas } from '~/api/client';

type Notice = Schemas['Notice'];

/** Whether somebody has put it off and that time has not come. */
export function isPutOff(notice: Pick<Notice, 'open' | 'snoozed_until'>, now: number): boolean {
  return notice.open && !!notice.snoozed_until && Date.parse(notice.snoozed_until) > now;
}

/** Those that wait for a person now: what is over or put off does not. */
export function awake(notices: readonly Notice[], now: number): Notice[] {
  return notices.filter((notice) => notice.open && !isPutOff(notice, now));
}
