// Who is signed in, and what they may do.

import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useAct } from './act';
import { api, take, type Schemas } from './client';

export type Scope = Schemas['Scope'];
export type Session = Schemas['SessionState'];

export const session = () =>
  queryOptions({ queryKey: ['session'], staleTime: 30_000, queryFn: () => take(api.GET('/v1/session')) });

/** Ends the session, or others of the same person; the page starts anew when it was this one. */
export function useSignOut() {
  const client = useQueryClient();
  return useAct((id: string) => take(api.DELETE('/v1/sessions/{id}', { params: { path: { id } } })), {
    tells: true,
    onDone: () => {
      client.clear();
      window.location.assign('/');
    },
  });
}

/** Whether these scopes allow it. `admin` includes all. */
export function allows(scopes: readonly Scope[] | null | undefined, scope: Scope): boolean {
  if (!scopes) return false;
  return scopes.includes('admin') || scopes.includes(scope) || (scope === 'orders:fulfil' && scopes.includes('orders:write'));
}

/** Whether the person may do this. Hides and explains; the server decides. */
export function useMay(scope: Scope): boolean {
  const { data } = useQuery(session());
  return allows(data?.scopes, scope);
}
