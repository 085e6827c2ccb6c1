// How a shop is. Badges, the strip of the overview and every verdict ask here, so that none says "live" while another does not.

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { failures } from '~/api/queries';
import { shopsWithDead } from './deadJobs';
import { VOCABULARY, type Tone } from './vocabulary';

type Shop = Schemas['Shop'];

/** A figure that has waited so long to be told makes a shop slow. */
const SLOW_MS = 10_000;

export type ShopWord = keyof typeof VOCABULARY.shop;

/** The word of the vocabulary for how a shop is: of several that fit the one that matters most. `hasDead` says of its jobs. */
export function shopState(shop: Shop, now: number, hasDead: boolean): ShopWord {
  if (shop.state === 'disconnected') return 'disconnected';
  if (shop.state === 'paused') return 'paused';
  if (shop.failing_until && Date.parse(shop.failing_until) > now) return 'failing';
  // One that was never heard of is no better than one that has fallen silent.
  const heard = Math.max(...[shop.answered_at, shop.webhook_at].map((at) => (at ? Date.parse(at) : 0)));
  if (now - heard > shop.settings.stale_after_seconds * 1_000) return 'stale';
  if (hasDead) return 'has_dead';
  if (shop.waiting > 0 && shop.waiting_since && now - Date.parse(shop.waiting_since) > SLOW_MS) return 'slow';
  return 'live';
}

export const toneOfShop = (word: ShopWord): Tone => VOCABULARY.shop[word].tone;

const WORST: readonly Tone[] = ['bad', 'wait', 'busy', 'off'];

/** The tone of several: that of the worst. */
export const worstOf = (words: readonly ShopWord[]): Tone => WORST.find((tone) => words.some((word) => toneOfShop(word) === tone)) ?? 'ok';

/** Gives the word for a shop; nothing before it is known whether it has jobs that were given up. */
export function useShopState(now: number): (shop: Shop) => ShopWord | undefined {
  const { data, isPending } = useQuery(failures());
  return useMemo(() => {
    const dead = shopsWithDead(data?.data ?? []);
    return (shop) => (isPending ? undefined : shopState(shop, now, dead.has(shop.id)));
  }, [data, isPending, now]);
}
