import type { useI18n, Plain } from '~/i18n';
import { en } from '~/i18n/en';

type T = ReturnType<typeof useI18n>['t'];

// Kinds come from the server; one that this console does not know yet is shown as it is.
function word(t: T, prefix: 'movement' | 'reason' | 'rule' | 'step', kind: string): string {
  const key = `${prefix}.${kind}`;
  return key in en ? t(key as Plain) : kind.replaceAll('_', ' ');
}

export const movementWord = (t: T, kind: string) => word(t, 'movement', kind);
export const reasonWord = (t: T, reason: string) => word(t, 'reason', reason);
export const ruleWord = (t: T, rule: string) => word(t, 'rule', rule);
export const stepWord = (t: T, step: string) => word(t, 'step', step);
