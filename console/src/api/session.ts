// Who is signed in, and what they may do.
//
// FIXME: until docs/openapi.json has /v1/session, its shape is written here and a server without the route counts as
// one that is driven with an API key; then it moves to queries.ts with generated types.

import { queryOptions, useQuery } from '@tanstack/react-query';
import { CONSOLE_HEADER, type Schemas } from './client';
import { ProblemError, networkProblem, problemOf } from './problem';

export type Scope = Schemas['Scope'];

export interface User {
  id: string;
  email: string;
  name: string;
  role: string;
  totp: boolean;
}

export interface Session {
  state: 'set_up_needed' | 'anonymous' | 'signed_in';
  user?: User;
  /** What the person's role allows. */
  scopes?: Scope[];
}

export const session = () =>
  queryOptions({
    queryKey: ['session'],
    staleTime: 30_000,
    queryFn: async (): Promise<Session> => {
      const response = await fetch('/v1/session', { headers: CONSOLE_HEADER }).catch(() => {
        throw new ProblemError(networkProblem());
      });
      if (response.status === 404) return { state: 'signed_in' };
      const body: unknown = await response.json().catch(() => undefined);
      if (!response.ok) throw new ProblemError(problemOf(response, body));
      return body as Session;
    },
  });

/** Whether these scopes allow it. `admin` includes all; a server without sessions says none and is not second-guessed. */
export function allows(scopes: readonly Scope[] | undefined, scope: Scope): boolean {
  return !scopes || scopes.includes('admin') || scopes.includes(scope);
}

/** Whether the person may do this. Hides and explains; the server decides. */
export function useMay(scope: Scope): boolean {
  const { data } = useQuery(session());
  return allows(data?.scopes, scope);
}
