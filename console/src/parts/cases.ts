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

type Stock = Schemas['Stock'];

/** One thing on the list: a notice, a row of stock that is short, or a row with the notice about it. */
export interface OneCase {
  key: string;
  notice?: Notice;
  row?: Stock;
}

/** Each row of stock that is short once, with the open notice about it; then the other notices as they come. */
export function together(notices: readonly Notice[], short: readonly Stock[]): OneCase[] {
  const told = new Map(notices.filter(({ kind, open }) => open && kind === 'shortfall').map((notice) => [notice.subject, notice]));
  const rows = short.map((row): OneCase => {
    const subject = `${row.sku}@${row.location}`;
    return { key: subject, row, notice: told.get(subject) };
  });
  const taken = new Set(rows.map(({ notice }) => notice?.key));
  return [...rows, ...notices.filter(({ key }) => !taken.has(key)).map((notice): OneCase => ({ key: notice.key, notice }))];
}
