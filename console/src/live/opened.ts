// When the page was opened, by the server's clock.

/** The `Date` of an answer counts whole seconds, and the answer was a while on its way. */
const SLACK_MS = 2_000;

/** In milliseconds since 1970, rather too early than too late, of a page that is `age` milliseconds old; `date` is that header. */
export function openedAt(date: string | null, age: number): number {
  const now = Date.parse(date ?? '');
  return Number.isNaN(now) ? 0 : now - age - SLACK_MS;
}
