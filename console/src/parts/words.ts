import type { Plain, useI18n } from '~/i18n';
import { en } from '~/i18n/en';

type T = ReturnType<typeof useI18n>['t'];

/**
 * A word of the server in the language of the person: `movement.ship`, `kind.push_stock`. One that this console does not
 * know yet is shown as it is.
 */
export function wordOf(t: T, prefix: string, word: string): string {
  const key = `${prefix}.${word}`;
  return key in en ? t(key as Plain) : word.replaceAll('_', ' ');
}
