import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { apiKeys, users } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';

/** What the program itself does. */
export const SYSTEM = 'system';
const KEPT_MS = 60_000;

/** Who acted, by name for those who may know the people and the keys; others see the id. */
export function useActorNames(): (actor: string) => string {
  const { t } = useI18n();
  const may = useMay('admin');
  const people = useQuery({ ...users(), enabled: may, staleTime: KEPT_MS });
  const keys = useQuery({ ...apiKeys(), enabled: may, staleTime: KEPT_MS });
  return useMemo(() => {
    const names = new Map<string, string>([[SYSTEM, t('actor.system')]]);
    for (const key of keys.data?.data ?? []) names.set(key.principal, key.name);
    for (const person of people.data?.data ?? []) names.set(person.principal, person.name);
    return (actor) => names.get(actor) ?? actor;
  }, [people.data, keys.data, t]);
}
