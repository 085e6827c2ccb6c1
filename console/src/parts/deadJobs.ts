import type { Schemas } from '~/api/client';

type Failure = Schemas['Failure'];

/** Dead jobs by what they failed of, whatever they do. */
export function byCause(groups: readonly Failure[]): Failure[][] {
  const causes = new Map<string, Failure[]>();
  for (const group of groups) {
    const key = `${group.class}/${group.code}`;
    causes.set(key, [...(causes.get(key) ?? []), group]);
  }
  return [...causes.values()];
}

/** The numbers of the shops that have dead jobs. */
export function shopsWithDead(groups: readonly Failure[]): Set<number> {
  return new Set(groups.flatMap(({ shop_ids }) => shop_ids));
}
