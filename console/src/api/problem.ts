// Everything that can go wrong, in the shape in which the server says it (RFC 9457).

import type { components } from './schema';

export type Problem = components['schemas']['Problem'];

export class ProblemError extends Error {
  readonly problem: Problem;
  /** Seconds after which to try again, if the server said so. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem & { retry_after?: number }) {
    super(problem.detail || problem.title);
    this.name = 'ProblemError';
    this.problem = problem;
    this.retryAfter = problem.retry_after;
  }
}

/** No answer came: whatever was asked may or may not have happened. */
export function networkProblem(): Problem {
  return {
    type: 'about:blank',
    title: 'The server cannot be reached',
    status: 0,
    detail: 'No answer came. What was asked may have happened; asking again with the same key is safe.',
    code: 'unreachable',
    retryable: true,
  };
}

/** What the server said, or the best that can be made of an answer that is not a problem. */
export function problemOf(response: Response, body: unknown): Problem & { retry_after?: number } {
  const after = Number(response.headers.get('retry-after'));
  const retry = Number.isFinite(after) && after > 0 ? { retry_after: after } : {};
  if (isProblem(body)) return { ...body, ...retry };
  return {
    type: 'about:blank',
    title: `The server answered ${response.status}`,
    status: response.status,
    detail: response.statusText,
    code: `http_${response.status}`,
    retryable: response.status >= 500 || response.status === 429,
    ...retry,
  };
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'title' in body;
}

/** Of anything that was thrown. */
export function toProblem(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem;
  const detail = error instanceof Error ? error.message : String(error);
  return { type: 'about:blank', title: 'The console made a mistake', status: 0, detail, code: 'console', retryable: false };
}
