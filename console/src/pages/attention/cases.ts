// Cases that need a person: the server's notices, and rows of stock that are short.

import type { Schemas } from '~/api/client';
import type { Tone } from '~/parts/vocabulary';

type Notice = Schemas['Notice'];

/** A row of stock out of `SKU@LOCATION`. */
export function rowOf(subject: string): { sku: string; location: string } | undefined {
  const at = subject.lastIndexOf('@');
  return at > 0 ? { sku: subject.slice(0, at), location: subject.slice(at + 1) } : undefined;
}

const BAD = new Set(['shop_disconnected', 'shop_failing', 'retries_exhausted', 'shortfall', 'order_trouble', 'listing_trouble']);

/** How bad it is. */
export function toneOf(notice: Pick<Notice, 'kind' | 'open' | 'seen_at'>): Tone {
  if (!notice.open) return 'off';
  return BAD.has(notice.kind) ? 'bad' : 'wait';
}

/** Open and unseen first, the oldest of them on top: it has waited longest. */
export function inOrder(notices: readonly Notice[]): Notice[] {
  const rank = (notice: Notice) => (notice.open ? 0 : 2) + (notice.seen_at ? 1 : 0);
  return [...notices].sort((a, b) => rank(a) - rank(b) || Date.parse(a.first_at) - Date.parse(b.first_at));
}
