// "Copy as curl": what the page has asked the API, for a terminal. The key is named, never shown.

/** A value for a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** One request as a command. */
export function curl(origin: string, path: string, method = 'GET', body?: unknown): string {
  const parts = ['curl -sS', '-H "Authorization: Bearer $ONHAND_API_KEY"'];
  if (method !== 'GET') parts.push(`-X ${method}`, '-H "Idempotency-Key: $(uuidgen)"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
  return [...parts, quoted(origin + path)].join(' ');
}

/** A path with a query of what is given. */
export function withQuery(path: string, query: Record<string, string | number | boolean | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}
