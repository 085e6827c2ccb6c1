// The one client of the API. Paths, parameters, bodies and answers are types that are generated from docs/openapi.json.

import createClient from 'openapi-fetch';
import { ProblemError, networkProblem, problemOf } from './problem';
import type { components, paths } from './schema';

export type Schemas = components['schemas'];

/** Unsafe requests are only taken with this header, which no other site can make a browser send. */
export const CONSOLE_HEADER = { 'x-onhand-console': '1' };

export const api = createClient<paths>({ baseUrl: '', headers: CONSOLE_HEADER });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer's body; throws a `ProblemError` for everything else. */
export async function take<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ProblemError(networkProblem());
  }
  if (!answer.response.ok) throw new ProblemError(problemOf(answer.response, answer.error));
  return answer.data as T;
}
