import { describe, expect, it } from 'vitest';
import { en } from '~/i18n/en';
import { filled, formOf, parts, type Dictionary } from '~/i18n/dictionary';
import { formatFor } from '~/i18n/format';
import { KINDS, sentenceOf, unquoted } from './sentences';
import { plainly, toldOf, type ToldNotice } from './told';

const sources: Record<string, string> = import.meta.glob(
  ['../../../../rules/src/{ending,notice}.rs', '../../../../rules/src/commands/**/*.rs', '../../../../engine/src/{publisher.rs,timers/watch.rs,flows/*.rs}', '../../../../api/src/routes/shops.rs'],
  { query: '?raw', import: 'default', eager: true },
);
/** A string of Rust goes on in the next line after a backslash, without the spaces there. */
const server = Object.values(sources).join('\n').replaceAll(/\\\n\s*/g, '').replaceAll('\\"', '"');

/** The sentences of the server as they stand in its source, with what fills them, and the form that they are known by. */
const SENTENCES: [kind: string, form: string, text: string, values: string[], subject?: string][] = [
  ['shop_disconnected', 'shop_disconnected', '{} is disconnected ({}). Its jobs wait; authorise it again and they go on.', ['A shop', 'auth_expired: no (more) token']],
  ['shop_disconnected', 'shop_left', '{} is disconnected ({}). Its jobs wait; authorise it again and they go on.', ['A (good) shop', 'disconnected by a person']],
  ['grant_ends', 'grant_ends', 'The grant of {} ends in {days} days. Authorise it again.', ['A shop', '6']],
  ['grant_ends', 'grant_ends', 'The authorisation of {} ends in {days} days. Its owner must consent again.', ['A shop', '0']],
  ['shop_stale', 'shop_stale', 'Nothing was heard from {} for {minutes} minutes. Look whether the marketplace is reachable.', ['A shop', '61']],
  ['webhooks_silent', 'webhooks_silent', 'Orders of {} come by polling only; its webhooks have stopped. Look at the webhook settings of the marketplace\'s app.', ['A shop']],
  ['shop_failing', 'shop_failing', '{} does not answer ({} failures in a row). Its jobs wait; it is tried again by itself.', ['A shop', '5']],
  ['shop_throttled', 'shop_throttled', 'The marketplace has turned down requests ({}) for {} minutes.', ['stock', '12']],
  ['retries_exhausted', 'retries_exhausted', 'Jobs of kind {} are given up: {} ({}). Mend the cause, then replay them.', ['push_stock', 'No (more) of it', 'item_not_found'], 'push_stock:invalid:item_not_found'],
  ['shortfall', 'shortfall', 'More of {subject} is promised than there is: {available} available. Restock it, or cancel orders.', ['A@b@main', '-3'], 'A@b@main'],
  ['drift', 'drift_edit', 'The shop shows {stock} for {} instead of {expected}. If it stays so for five minutes, it counts as the seller\'s own edit.', ['3', 'Tee for 2 instead of 1', '5']],
  ['drift', 'drift', 'The shop shows {stock} for {} instead of {expected}', ['3', 'Tee', '5']],
  ['edit_escalated', 'edit_large', 'The shop shows {} for {} instead of {}: {why}. Adopt it, cap the listing at it, or push ours again.', ['3', 'Tee', '50', 'the figure changed by -47']],
  ['edit_escalated', 'edit_twins', 'The shop shows {} for {} instead of {}: {why}. Adopt it, cap the listing at it, or push ours again.', ['3', 'Tee', '50', 'two listings of one SKU were set to 3 within ten minutes']],
  ['edit_escalated', 'edit_free', 'The shop shows {} for {} instead of {}: {why}. Adopt it, cap the listing at it, or push ours again.', ['3', 'Tee', '50', '47 units would go, and only 1 are free']],
  ['edit_escalated', 'edit_escalated', 'The shop shows {} for {} instead of {}: {why}. Adopt it, cap the listing at it, or push ours again.', ['3', 'Tee', '50', 'the listing is not mapped']],
  ['listing_trouble', 'listing_refused', 'The stock of {} was refused: {code}: {message}', ['Tee', 'item_banned', 'No.\nNot now.']],
  ['listing_trouble', 'listing_gone', '{} is not in the shop any more; its stock is not told there.', ['Tee']],
  ['listing_trouble', 'listing_promotion', 'A promotion has put {} units of {} aside, and {quantity} are left for it: the others may be sold and are not there. End the promotion, or bring units.', ['9', 'Tee', '4']],
  ['unmapped', 'unmapped', 'Orders wait for listing {} ({}, seller SKU {:?}): map it to a SKU.', ['7', 'Tee, black (M)', '"T\\"1"']],
  ['order_trouble', 'order_trouble', 'Order {} could not be applied wholly: {trouble}', ['24-14B', 'the location is archived']],
  ['low_stock', 'low_stock', '{subject} runs low: {available} available, and {units} is the threshold. Restock it, or keep more back.', ['A@main', '3', '5'], 'A@main'],
  ['unknown_status', 'unknown_status', 'The marketplace says {:?} of order {}, which is not known here. Its former state is kept.', ['"ON_HOLD"', '24-14B']],
  ['return_received', 'return_coming', 'Goods of order {} come back. Decide what may be sold again.', ['24-14B']],
  ['return_received', 'return_opened', 'Return {} of order {} ({units} units) is {}. Decide what may be sold again.', ['R1', '24-14B', '2', 'REQUESTED']],
  ['return_received', 'return_cancelled', 'Order {} is cancelled, and goods of it have left. Decide what may be sold again when they are back.', ['24-14B']],
  ['clock_skew', 'clock_skew', 'The clock of {} and ours differ by {} seconds.', ['A shop', '-45']],
  ['cancel_requested', 'cancel_requested', 'The buyer of order {} wants to cancel it. Accept or refuse.', ['24-14B']],
];

const notices = SENTENCES.map(([kind, form, text, values, subject = '1']) => {
  const left = [...values];
  const said = text.replaceAll(/\{[^{}]*\}/g, () => left.shift() ?? '');
  // The causes of a difference follow after a colon; one of them stands for all.
  const whole = form === 'drift' ? `${said}: a campaign or promotion has put units aside, or given them back.` : said;
  return { form, text, notice: { kind, subject, text: whole, last_at: '2026-01-01T00:00:00Z' } satisfies ToldNotice };
});

const english = { t: ((key: keyof typeof en) => formOf(en[key], 1, new Intl.PluralRules('en'))) as never, f: formatFor('en') };
const now = Date.parse('2026-01-03T12:00:00Z');
const told = (form: string) => toldOf(notices.find((each) => each.form === form)!.notice, 'Shopee', now, english);

describe('what a notice says', () => {
  it('is known by the sentences that the server has in its source', () => {
    for (const { form, text, notice } of notices) {
      expect(server, form).toContain(text);
      expect(sentenceOf(notice)?.form).toBe(form);
    }
    for (const why of ['disconnected by a person', 'the figure changed by {', 'two listings of one SKU were set to {} within ten minutes', '{} units would go, and only {} are free']) {
      expect(server).toContain(why);
    }
    expect([...new Set(notices.map(({ notice }) => notice.kind))].sort()).toEqual([...KINDS].sort());
  });

  it('has words for every kind that the server knows', () => {
    const kinds = [...server.matchAll(/NoticeKind::\w+ => "(\w+)"/g)].map(([, kind]) => kind);
    expect(kinds.length).toBeGreaterThan(15);
    expect(kinds.filter((kind) => !KINDS.includes(kind as never))).toEqual([]);
  });

  it('is filled wholly, and says what to do, in every language', async () => {
    const { LOAD } = await import('~/i18n/languages');
    const all: [string, Dictionary][] = [['en', en], ...(await Promise.all(Object.entries(LOAD).map(async ([name, load]) => [name, await load()] as [string, Dictionary])))];
    for (const [language, texts] of all) {
      for (const { form, notice } of notices) {
        const { key, values, next } = toldOf(notice, 'Shopee', now, english);
        const text = formOf(texts[key!], values.n, new Intl.PluralRules(language));
        const missing = parts(text).filter((name, place) => place % 2 === 1 && values[name] === undefined);
        expect(missing, `${language} ${form}`).toEqual([]);
        // An edit that may still go back needs nobody, and says so itself.
        if (form !== 'drift_edit') expect(texts[next!], `${language} ${form}`).toBeTruthy();
      }
    }
  });

  it('keeps figures, and the words of others as they are', () => {
    expect(told('low_stock').values).toMatchObject({ sku: 'A', location: 'main', available: 3, limit: 5 });
    expect(told('shortfall').values).toMatchObject({ sku: 'A@b', location: 'main', n: 3 });
    expect(told('drift_edit').values).toMatchObject({ seen: 3, title: '“Tee for 2 instead of 1”', expected: 5 });
    expect(told('unmapped').values).toMatchObject({ title: '“Tee, black (M)”', code: 'T"1' });
    expect(told('return_opened')).toMatchObject({ values: { order: '24-14B', n: 2 }, said: 'REQUESTED' });
    expect(told('retries_exhausted')).toMatchObject({ values: { what: 'tell a figure', code: 'item_not_found' }, said: 'No (more) of it', next: 'class.invalid' });
    expect(told('shop_disconnected').said).toBe('auth_expired: no (more) token');
    expect(told('shop_left').said).toBeUndefined();
    expect(told('listing_refused').said).toBe('item_banned: No.\nNot now.');
    expect(unquoted('"a')).toBe('a');
    const t = ((key: keyof typeof en, values: Record<string, string | number>) => filled(formOf(en[key], values.n, new Intl.PluralRules('en')), values, formatFor('en').number)) as never;
    expect(plainly(told('low_stock'), t)).toBe('A at main has fallen to 3 available; its threshold is 5.');
    expect(plainly({ values: {}, said: 'Something new.' }, t)).toBe('Something new.');
  });

  it('counts the days that are left of an authorisation from when it was said', () => {
    expect(told('grant_ends').values.n).toBe(5);
    const late = toldOf(notices.find(({ form }) => form === 'grant_ends')!.notice, 'Shopee', now + 30 * 86_400_000, english);
    expect(late.values.n).toBe(1);
  });

  it('is the server’s own when its sentence is not known', () => {
    const notice = { kind: 'shop_failing', subject: 'a', text: 'Something new.', last_at: '' };
    expect(toldOf(notice, 'Shopee', now, english)).toEqual({ values: {}, next: 'next.shop_failing', said: 'Something new.' });
    expect(toldOf({ ...notice, kind: 'newer' }, 'Shopee', now, english)).toEqual({ values: {}, next: undefined, said: 'Something new.' });
  });
});
