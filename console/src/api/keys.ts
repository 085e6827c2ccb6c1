// Idempotency keys. They sort by time (UUIDv7), which the server stores faster than random ones.

/** A fresh key for one intent; the same key when it is repeated. */
export function newKey(now: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let rest = now;
  for (let place = 5; place >= 0; place -= 1) {
    bytes[place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Remembers under which key an input was sent, until its outcome is known. */
export class Intents {
  private last: { input: string; key: string } | undefined;

  /** The key for this input: the one it was sent with before, if nobody knows what became of it. */
  keyFor(input: unknown): string {
    const text = JSON.stringify(input) ?? '';
    if (this.last?.input !== text) this.last = { input: text, key: newKey() };
    return this.last.key;
  }

  /** The outcome is known: the next press of the button is a new intent. */
  settled(): void {
    this.last = undefined;
  }
}
