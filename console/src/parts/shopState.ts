import type { Schemas } from '~/api/client';

type Shop = Schemas['Shop'];

/** A figure that has waited so long to be told makes a shop slow. */
const SLOW_MS = 10_000;

/** The word of the vocabulary for how a shop is, from what the API tells of it. */
export function shopState(shop: Shop, now: number): 'live' | 'slow' | 'paused' | 'disconnected' | 'stale' | 'failing' {
  if (shop.state === 'disconnected') return 'disconnected';
  if (shop.state === 'paused') return 'paused';
  if (shop.failing_until && Date.parse(shop.failing_until) > now) return 'failing';
  const heard = Math.max(...[shop.answered_at, shop.webhook_at].map((at) => (at ? Date.parse(at) : 0)));
  if (heard > 0 && now - heard > shop.settings.stale_after_seconds * 1_000) return 'stale';
  if (shop.waiting > 0 && shop.waiting_since && now - Date.parse(shop.waiting_since) > SLOW_MS) return 'slow';
  return 'live';
}
