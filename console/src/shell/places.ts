import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { allows, session } from '~/api/session';
import { PLACES } from './nav';

/** The places that this person sees on this server, in groups. */
export function usePlaces() {
  const { data } = useQuery(session());
  return useMemo(
    () =>
      PLACES.map(({ title, places }) => ({
        title,
        places: places.filter(({ scope, only }) => (!scope || allows(data?.scopes, scope)) && (only !== 'sandbox' || sandboxOf(data))),
      })).filter(({ places }) => places.length > 0),
    [data],
  );
}

/** Whether the server was started with a sandbox. */
function sandboxOf(data: object | undefined): boolean {
  return data !== undefined && 'sandbox' in data && data.sandbox === true;
}
