// What a webhook is about, out of the word of its marketplace.

import type { Schemas } from '~/api/client';
import type { Plain, useI18n } from '~/i18n';
import { CHANNEL } from '~/parts/shopNames';

type T = ReturnType<typeof useI18n>['t'];

export type About = 'order' | 'return' | 'listing' | 'stock' | 'grant_ends' | 'authorised' | 'deauthorised';

// The numbers are those of the marketplaces' own documents; what is not here has no consequence in stock or orders.
const ABOUT: Record<string, Record<string, About>> = {
  shopee: {
    1: 'authorised', 2: 'deauthorised', 3: 'order', 4: 'order', 6: 'listing', 8: 'stock', 12: 'grant_ends', 16: 'listing', 29: 'return', 30: 'order', 47: 'order',
  },
  tiktok: {
    1: 'order', 2: 'order', 4: 'order', 5: 'listing', 6: 'deauthorised', 7: 'grant_ends', 11: 'order', 12: 'return', 15: 'listing', 16: 'listing', 27: 'stock',
  },
  lazada: {
    0: 'order', 1: 'listing', 3: 'listing', 4: 'listing', 5: 'listing', 6: 'stock', 8: 'grant_ends', 10: 'return', 14: 'order',
  },
};

/** What it is about; nothing when that is not known. */
export function aboutOf({ channel, kind }: { channel: string; kind: string }): About | undefined {
  return ABOUT[channel]?.[kind];
}

/** Whether anything follows from it: what speaks of goods or orders. */
export function hasConsequence(webhook: { channel: string; kind: string }): boolean {
  const about = aboutOf(webhook);
  return about === 'order' || about === 'return' || about === 'listing' || about === 'stock';
}

/** Why nothing follows from it, if it came from an account that was not connected. */
export const unknownText = (t: T, { state, account, channel }: Schemas['Webhook']) =>
  state === 'unknown_shop' ? t('webhooks.unknown.text', { account: account || '–', channel: CHANNEL[channel] ?? channel }) : undefined;

/** The text for it. */
export const wordOfAbout = (about: About | undefined): Plain => `webhook.${about ?? 'other'}`;

/** The marketplace's number of an order out of its id, `SHOP_NUMBER-REFERENCE`. */
export const referenceOf = (id: string) => id.slice(id.indexOf('-') + 1);

/** Whether one of our orders by that reference came from it: several have `#2`, `#3` behind. */
export const isOf = (reference: string | null | undefined, order: string) => reference === order || !!reference?.startsWith(`${order}#`);
