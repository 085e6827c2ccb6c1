// The `If-Match` of a change. Versions of shops and listings also rise by themselves, with every push and webhook: a change that
// a person thinks about for a minute would be refused although nobody else has changed what it is about.

interface Versioned {
  version: number;
}

/** By idempotency key: the same change is repeated with the same version, or it would be taken for another one. */
const sent = new Map<string, string>();

/**
 * The newest version if what the change is about is still as the person has seen it; else the version that was seen, which the
 * server then refuses in words.
 */
export async function matchOf<T extends Versioned>(key: string, seen: T, part: (row: T) => unknown, read: () => Promise<T>): Promise<string> {
  const before = sent.get(key);
  if (before) return before;
  const now = await read();
  const same = JSON.stringify(part(now)) === JSON.stringify(part(seen));
  const tag = `"v${same ? now.version : seen.version}"`;
  sent.set(key, tag);
  return tag;
}
