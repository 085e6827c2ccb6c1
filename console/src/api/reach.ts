// A part of the console that did not come: because the server is away, or because it brings another console by now.

import { networkProblem, ProblemError } from './problem';

/** Whether anything answers, whatever it says. */
export const isReached = (ask: typeof fetch = fetch): Promise<boolean> =>
  ask('/healthz', { cache: 'no-store' }).then(
    () => true,
    () => false,
  );

/** Loads a part of the console; when the server is away, that is what is wrong, and no mistake of the console. */
export const loaded = async <T>(load: () => Promise<T>, reached = isReached): Promise<T> => {
  try {
    return await load();
  } catch (cause) {
    if (await reached()) throw cause;
    throw new ProblemError(networkProblem());
  }
};
