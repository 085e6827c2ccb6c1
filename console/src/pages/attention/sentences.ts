// What a notice says, out of the server's English sentence: the API has it in no other member. Each sentence is known by its
// form, and a unit test reads them in the source of the server, so that one which is changed there is not missed here.

import type { Schemas } from '~/api/client';

type Notice = Pick<Schemas['Notice'], 'kind' | 'text'>;

/** By the kind of the notice: the sentences that it can have. `said` is the words of somebody else. */
const FORMS = {
  shop_disconnected: [
    ['shop_left', /^.* is disconnected \(disconnected by a person\)\. Its jobs wait; authorise it again and they go on\.$/s],
    ['shop_disconnected', /^.*? is disconnected \((?<said>.*)\)\. Its jobs wait; authorise it again and they go on\.$/s],
  ],
  grant_ends: [
    ['grant_ends', /^The grant of .* ends in (?<days>\d+) days\. Authorise it again\.$/s],
    ['grant_ends', /^The authorisation of .* ends in (?<days>\d+) days\. Its owner must consent again\.$/s],
  ],
  shop_stale: [['shop_stale', /^Nothing was heard from .* for (?<minutes>\d+) minutes\. Look whether the marketplace is reachable\.$/s]],
  webhooks_silent: [['webhooks_silent', /^Orders of .* come by polling only; its webhooks have stopped\. Look at the webhook settings of the marketplace's app\.$/s]],
  shop_failing: [['shop_failing', /^.* does not answer \((?<n>\d+) failures in a row\)\. Its jobs wait; it is tried again by itself\.$/s]],
  shop_throttled: [['shop_throttled', /^The marketplace has turned down requests \(.*\) for (?<minutes>\d+) minutes\.$/s]],
  retries_exhausted: [['retries_exhausted', /^Jobs of kind (?<job>\w+) are given up: (?<said>.*) \((?<code>[^()]*)\)\. Mend the cause, then replay them\.$/s]],
  shortfall: [['shortfall', /^More of (?<row>.*) is promised than there is: (?<available>-?\d+) available\. Restock it, or cancel orders\.$/s]],
  drift: [
    ['drift_edit', /^The shop shows (?<seen>-?\d+) for (?<title>.*) instead of (?<expected>-?\d+)\. If it stays so for five minutes, it counts as the seller's own edit\.$/s],
    ['drift', /^The shop shows (?<seen>-?\d+) for (?<title>.*) instead of (?<expected>-?\d+): .*\.$/s],
  ],
  edit_escalated: [
    ['edit_large', /^The shop shows (?<seen>-?\d+) for (?<title>.*) instead of (?<expected>-?\d+): the figure changed by -?\d+\. Adopt it, cap the listing at it, or push ours again\.$/s],
    ['edit_twins', /^The shop shows (?<seen>-?\d+) for (?<title>.*) instead of (?<expected>-?\d+): two listings of one SKU were set to -?\d+ within ten minutes\. Adopt it, cap the listing at it, or push ours again\.$/s],
    ['edit_free', /^The shop shows (?<seen>-?\d+) for (?<title>.*) instead of (?<expected>-?\d+): (?<n>\d+) units would go, and only (?<free>\d+) are free\. Adopt it, cap the listing at it, or push ours again\.$/s],
    ['edit_escalated', /^The shop shows (?<seen>-?\d+) for (?<title>.*) instead of (?<expected>-?\d+): (?<said>.*)\. Adopt it, cap the listing at it, or push ours again\.$/s],
  ],
  listing_trouble: [
    ['listing_promotion', /^A promotion has put (?<aside>\d+) units of (?<title>.*) aside, and (?<left>-?\d+) are left for it: the others may be sold and are not there\. End the promotion, or bring units\.$/s],
    ['listing_gone', /^(?<title>.*) is not in the shop any more; its stock is not told there\.$/s],
    ['listing_refused', /^The stock of (?<title>.*?) was refused: (?<said>.*)$/s],
  ],
  unmapped: [['unmapped', /^Orders wait for listing \d+ \((?<title>.*), seller SKU (?<code>".*")\): map it to a SKU\.$/s]],
  order_trouble: [['order_trouble', /^Order (?<order>.*?) could not be applied wholly: (?<said>.*)$/s]],
  low_stock: [['low_stock', /^(?<row>.*) runs low: (?<available>-?\d+) available, and (?<limit>-?\d+) is the threshold\. Restock it, or keep more back\.$/s]],
  unknown_status: [['unknown_status', /^The marketplace says (?<word>".*") of order (?<order>.*), which is not known here\. Its former state is kept\.$/s]],
  return_received: [
    ['return_opened', /^Return (?<id>.*) of order (?<order>.*?) \((?<n>\d+) units\) is (?<said>.*)\. Decide what may be sold again\.$/s],
    ['return_coming', /^Goods of order (?<order>.*) come back\. Decide what may be sold again\.$/s],
    ['return_cancelled', /^Order (?<order>.*) is cancelled, and goods of it have left\. Decide what may be sold again when they are back\.$/s],
  ],
  clock_skew: [['clock_skew', /^The clock of .* and ours differ by (?<seconds>-?\d+) seconds\.$/s]],
  cancel_requested: [['cancel_requested', /^The buyer of order (?<order>.*) wants to cancel it\. Accept or refuse\.$/s]],
} as const satisfies Record<string, readonly (readonly [string, RegExp])[]>;

export type NoticeKind = keyof typeof FORMS;
export type Form = (typeof FORMS)[NoticeKind][number][0];

export interface Sentence {
  form: Form;
  /** The figures and names in it. */
  facts: Record<string, string>;
}

/** The kinds of notices that have sentences here. */
export const KINDS = Object.keys(FORMS) as NoticeKind[];

/** The sentence that a notice has; nothing when it is none of those that are known. */
export function sentenceOf({ kind, text }: Notice): Sentence | undefined {
  const forms: readonly (readonly [Form, RegExp])[] = kind in FORMS ? FORMS[kind as NoticeKind] : [];
  for (const [form, says] of forms) {
    const found = says.exec(text);
    if (found) return { form, facts: { ...found.groups } };
  }
  return undefined;
}

/** A text that the server has put into quotation marks, without them. */
export function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.replace(/^"|"$/g, '');
  }
}
