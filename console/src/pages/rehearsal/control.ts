// The rehearsal that goes on, or the last one; what can be asked of it.

import { queryOptions } from '@tanstack/react-query';
import { api, take, type Schemas } from '~/api/client';
import type { Tone } from '~/parts/vocabulary';

export type Rehearsal = Schemas['Rehearsal'];
export type Plan = Pick<Rehearsal['plan'], 'units' | 'buyers' | 'seconds' | 'seed'>;

/** Whether something still comes. */
export const goesOn = (rehearsal: Rehearsal | undefined): boolean =>
  rehearsal !== undefined && rehearsal.state !== 'done' && rehearsal.state !== 'failed';

/** Nothing of it is in the feed of the house, so it is asked for: often while it goes on. */
export const rehearsal = () =>
  queryOptions({
    queryKey: ['rehearsal'],
    queryFn: async () => (await take(api.GET('/v1/rehearsals'))).data[0] ?? null,
    refetchInterval: ({ state }) => (goesOn(state.data ?? undefined) ? 500 : 10_000),
  });

export const start = (plan: Plan) => take(api.POST('/v1/rehearsals', { body: { ...plan, kill: false } }));
export const kill = (id: string) => take(api.POST('/v1/rehearsals/{id}/kill', { params: { path: { id } } }));
export const end = (id: string) => take(api.DELETE('/v1/rehearsals/{id}', { params: { path: { id } } }));

/** How it looks, in one tone. */
export function toneOf(rehearsal: Rehearsal | undefined | null): Tone {
  switch (rehearsal?.state) {
    case undefined:
      return 'off';
    case 'done':
      return rehearsal?.report?.holds ? 'ok' : 'bad';
    case 'failed':
    case 'killed':
      return 'bad';
    default:
      return 'busy';
  }
}
