import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { actors } from '~/api/queries';
import { useI18n } from '~/i18n';

/** What the program itself does. */
export const SYSTEM = 'system';

/** Who acted, by name. */
export function useActorNames(): (actor: string) => string {
  const { t } = useI18n();
  const { data, isPending } = useQuery(actors());
  return useMemo(() => {
    const names = new Map(data?.data.map(({ id, name }) => [id, name]) ?? []).set(SYSTEM, t('actor.system'));
    return (actor) => names.get(actor) ?? (isPending ? '…' : actor);
  }, [data, isPending, t]);
}
