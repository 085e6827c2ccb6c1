import type { Schemas } from '~/api/client';
import type { Format } from '~/i18n/format';

type Tally = Schemas['Tally'];

/** A count as it may be shown: with a plus where there are more than were counted. */
export function tallied(f: Format, { count, more }: Tally): string {
  return more ? `${f.number(count)}+` : f.number(count);
}

/** A page as a count. */
export const pageTally = (page: { data: readonly unknown[]; has_more: boolean }): Tally => ({ count: page.data.length, more: page.has_more });
