// One vocabulary of states: each is a word, a shape and a tone, everywhere the same. The words are in i18n (`state.*`).

import type { Plain } from '~/i18n';

/** ok: as it should be. busy: on its way. wait: will need somebody. bad: needs somebody. off: not in play. */
export type Tone = 'ok' | 'busy' | 'wait' | 'bad' | 'off';

/** Readable without colour. */
export type Shape = 'disc' | 'half' | 'ring' | 'triangle' | 'square' | 'diamond' | 'bars' | 'cross';

export interface State {
  word: Plain;
  tone: Tone;
  shape: Shape;
}

const say = (word: Plain, tone: Tone, shape: Shape): State => ({ word, tone, shape });

export const VOCABULARY = {
  push: {
    pending: say('state.pending', 'busy', 'ring'),
    sent: say('state.sent', 'busy', 'half'),
    confirmed: say('state.confirmed', 'ok', 'disc'),
    superseded: say('state.superseded', 'off', 'diamond'),
    skipped: say('state.skipped', 'off', 'diamond'),
    failed: say('state.failed', 'bad', 'square'),
    parked: say('state.parked', 'wait', 'bars'),
  },
  reservation: {
    held: say('state.held', 'busy', 'half'),
    allocated: say('state.committed', 'ok', 'disc'),
    released: say('state.released', 'off', 'diamond'),
    expired: say('state.expired', 'off', 'cross'),
  },
  shop: {
    live: say('state.live', 'ok', 'disc'),
    slow: say('state.slow', 'wait', 'triangle'),
    paused: say('state.paused', 'off', 'bars'),
    disconnected: say('state.reauth', 'bad', 'square'),
    stale: say('state.stale', 'wait', 'triangle'),
    failing: say('state.failing', 'bad', 'triangle'),
    has_dead: say('state.has_dead', 'wait', 'triangle'),
  },
  order: {
    pending: say('state.order_pending', 'busy', 'ring'),
    confirmed: say('state.order_confirmed', 'busy', 'half'),
    processing: say('state.order_processing', 'busy', 'half'),
    shipped: say('state.shipped', 'ok', 'disc'),
    delivered: say('state.delivered', 'ok', 'disc'),
    cancelled: say('state.cancelled', 'off', 'cross'),
    expired: say('state.expired', 'off', 'cross'),
  },
  payment: {
    none: say('state.unpaid', 'off', 'ring'),
    market: say('state.paid_there', 'off', 'diamond'),
    pending: say('state.pay_pending', 'busy', 'ring'),
    authorised: say('state.authorised', 'busy', 'half'),
    paid: say('state.paid', 'ok', 'disc'),
    failed: say('state.pay_failed', 'wait', 'cross'),
    canceled: say('state.pay_canceled', 'off', 'cross'),
    refund_pending: say('state.refund_pending', 'wait', 'triangle'),
    part_refund_pending: say('state.part_refund_pending', 'wait', 'triangle'),
    part_refunded: say('state.part_refunded', 'off', 'half'),
    refunded: say('state.refunded', 'off', 'diamond'),
    disputed: say('state.disputed', 'bad', 'triangle'),
  },
  market_order: {
    applied: say('state.applied', 'ok', 'disc'),
    waits_for_mapping: say('state.waits_for_mapping', 'wait', 'bars'),
    needs_attention: say('state.needs_attention', 'bad', 'triangle'),
  },
  wish: {
    cancel: say('state.cancel_requested', 'wait', 'triangle'),
  },
  webhook: {
    taken: say('state.taken', 'ok', 'disc'),
    unknown_shop: say('state.unknown_shop', 'wait', 'triangle'),
  },
  kind: {
    works: say('state.live', 'ok', 'disc'),
    paused: say('state.paused', 'wait', 'bars'),
  },
  job: {
    ready: say('state.waiting', 'busy', 'ring'),
    running: say('state.running', 'busy', 'half'),
    done: say('state.done', 'ok', 'disc'),
    dead: say('state.failed', 'bad', 'square'),
    cancelled: say('state.cancelled', 'off', 'cross'),
    replayed: say('state.replayed', 'off', 'diamond'),
    discarded: say('state.discarded', 'off', 'cross'),
    superseded: say('state.superseded', 'off', 'diamond'),
  },
} satisfies Record<string, Record<string, State>>;

export type Topic = keyof typeof VOCABULARY;

/** The state of that word; an unknown word is shown as it is, and not taken for another. */
export function stateOf(topic: Topic, word: string): State | undefined {
  return (VOCABULARY[topic] as Record<string, State>)[word];
}
