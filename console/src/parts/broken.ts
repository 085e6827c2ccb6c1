// What does not hold when the server has checked everything, by its code: what is wrong, and what to do next.

import type { Plain } from '~/i18n';

const NEXT = {
  I1: 'count',
  I2: 'short',
  I3: 'twice',
  I4: 'count',
  I5: 'order',
  I6: 'count',
  I9: 'order',
  I10: 'money',
  I12: 'shop',
  I14: 'clock',
  I15: 'edited',
  I17: 'jobs',
  I18: 'jobs',
  I19: 'jobs',
  I20: 'shop',
  I21: 'edited',
  feed: 'feed',
  files: 'restore',
} as const;

type Code = keyof typeof NEXT;

/** The codes that have words here. */
export const CODES = Object.keys(NEXT) as Code[];

const isCode = (code: string): code is Code => Object.hasOwn(NEXT, code);

/** The texts for a code; none for one that this console does not know yet. */
export function brokenTexts(code: string): { what: Plain; next: Plain } | undefined {
  return isCode(code) ? { what: `broken.${code}`, next: `broken.next.${NEXT[code]}` } : undefined;
}

interface Found {
  invariant: string;
  subject: string;
  detail: string;
}

/** The same code stands once, above all that was found of it. */
export function byCode<F extends Found>(found: readonly F[]): [code: string, found: F[]][] {
  const groups = new Map<string, F[]>();
  for (const each of found) groups.set(each.invariant, [...(groups.get(each.invariant) ?? []), each]);
  return [...groups];
}

/** What the server says of one place. */
export const saidOf = ({ subject, detail }: Found): string => `${subject}: ${detail}`;

/** All of it as lines, to be reported. */
export function reportOf(about: string, found: readonly Found[]): string {
  return [about, ...found.map((each) => `${each.invariant} ${saidOf(each)}`)].join('\n');
}
