// How the last write to a listing failed. The API tells it as one text: the marketplace's code and its words, or a sentence of ours.

import type { useI18n } from '~/i18n';

type T = ReturnType<typeof useI18n>['t'];

/** In the language of the person, and whatever stands in the text besides the code. */
export function troubleOf(t: T, trouble: string): { words: string; said: string } {
  const [, code, said] = /^([\w.-]+): (.+)$/s.exec(trouble) ?? [];
  return code && said ? { words: t('listing.refused', { code }), said } : { words: t('listing.trouble'), said: trouble };
}
