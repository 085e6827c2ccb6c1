import { describe, expect, it } from 'vitest';
import { formOf, filled, parts } from '~/i18n/dictionary';
import { formatFor } from '~/i18n/format';
import { LANGUAGES, preferred, type Language } from '~/i18n/languages';
import { en } from '~/i18n/en';
import type { Schemas } from '~/api/client';
import { dataOf, type FeedEvent } from '~/live/events';
import { pushState } from '~/parts/pushState';
import { params, parseSearch, stringifySearch, text, whole } from '~/shell/search';
import { unitsAtRisk } from './overview/risk';
import { amountOf } from './orders/columns';
import { stepsFor, stepsOf } from './orders/OrderActions';
import { timeline } from './orders/timeline';
import { awake, isPutOff } from '~/parts/notices';
import { inOrder, rowOf, together } from '~/parts/cases';
import { aboutOf } from './queues/job';
import { preview } from './stock/AdjustDialog';

describe('texts', () => {
  it('take the form of their number', () => {
    const rules = new Intl.PluralRules('en');
    expect(formOf({ one: '{n} row', other: '{n} rows' }, 1, rules)).toBe('{n} row');
    expect(formOf({ one: '{n} row', other: '{n} rows' }, 0, rules)).toBe('{n} rows');
    expect(formOf({ other: '{n} 行' }, 1, new Intl.PluralRules('zh'))).toBe('{n} 行');
  });

  it('are filled with values, numbers by locale', () => {
    expect(filled('{a} of {b}', { a: 1_234, b: 'x' }, formatFor('en').number)).toBe('1,234 of x');
    expect(parts('a {b} c')).toEqual(['a ', 'b', ' c']);
  });

  it('name the same values in every language, neither more nor fewer', async () => {
    const names = (text: unknown): string[][] => {
      const forms = typeof text === 'string' ? [text] : Object.values(text as Record<string, string>);
      return forms.map((each) => [...new Set(parts(each).filter((_, place) => place % 2 === 1))].sort());
    };
    const { LOAD } = await import('~/i18n/languages');
    const wrong: string[] = [];
    for (const [language, load] of Object.entries(LOAD)) {
      const dictionary = await load();
      for (const [key, text] of Object.entries(en)) {
        const wanted = names(text).at(-1) ?? [];
        // Each form of a plural stands alone.
        for (const given of names(dictionary[key as keyof typeof en])) {
          if (given.join() !== wanted.join()) wrong.push(`${language} ${key}: ${given.join()} instead of ${wanted.join()}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('have a plural where English has one, in the forms that the language has', async () => {
    const { LOAD, LOCALE } = await import('~/i18n/languages');
    for (const [language, load] of Object.entries(LOAD)) {
      const dictionary: Record<string, unknown> = await load();
      const forms = new Intl.PluralRules(LOCALE[language as Language]).resolvedOptions().pluralCategories;
      const plural = (text: unknown): text is Record<string, string> => typeof text === 'object';
      const wrong = Object.entries(en).filter(([key, text]) => {
        const other = dictionary[key];
        return plural(text) ? !plural(other) || Object.keys(other).some((form) => !forms.includes(form as Intl.LDMLPluralRule)) : plural(other);
      });
      expect(wrong.map(([key]) => key), language).toEqual([]);
    }
  });

  it('are not empty, and have no space at an end or twice', async () => {
    const { LOAD } = await import('~/i18n/languages');
    for (const [language, load] of [['en', () => Promise.resolve(en)], ...Object.entries(LOAD)] as [string, () => Promise<object>][]) {
      const forms = Object.entries(await load()).flatMap(([key, text]) => (typeof text === 'string' ? [text] : Object.values(text as object)).map((form) => [key, form as string] as const));
      expect(forms.filter(([, form]) => form.trim() !== form || form === '' || form.includes('  ')).map(([key]) => key), language).toEqual([]);
    }
  });

  it('have the same keys in every language, and none was left in English', async () => {
    const { LOAD } = await import('~/i18n/languages');
    const keys = Object.keys(en).sort();
    const words = (text: unknown) => (typeof text === 'string' ? text : (text as { other: string }).other).replace(/\{\w+\}/g, '');
    for (const [language, load] of Object.entries(LOAD)) {
      const dictionary: Record<string, unknown> = await load();
      expect(Object.keys(dictionary).sort(), language).toEqual(keys);
      // A single word may be the same (SKU, Shop, Audit); a sentence is not.
      const same = keys.filter((key) => words(dictionary[key]) === words(en[key as keyof typeof en]) && words(dictionary[key]).trim().split(/\s+/).length > 2);
      expect(same, language).toEqual([]);
    }
  });

  it('are in a language that the browser wants', () => {
    expect(preferred(['fr', 'zh-TW', 'en'])).toBe('zh');
    expect(preferred(['fr'])).toBe('en');
  });
});

describe('numbers and times', () => {
  it('are written in every language', () => {
    for (const language of Object.keys(LANGUAGES) as Language[]) {
      const f = formatFor(language, 'UTC');
      expect(f.duration(9)).toMatch(/9/);
      expect(f.relative('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:03:00Z'))).toMatch(/3/);
    }
    expect(formatFor('en').duration(1_240)).toBe('1.2s');
    expect(formatFor('vi').duration(414)).toBe('414 ms');
    expect(formatFor('en').money(1990, 'MYR').replace(/\s/u, ' ')).toBe('MYR 19.90');
    expect(formatFor('vi').money(1990, 'VND')).toMatch(/1[.]990/);
  });
});

describe('the address', () => {
  it('holds filters as plain words and comes back the same', () => {
    const search = { q: 'TEE 1&2', below: 0, flag: false, none: undefined };
    expect(stringifySearch(search)).toBe('?q=TEE+1%262&below=0');
    expect(parseSearch('?q=TEE+1%262&below=0')).toEqual({ q: 'TEE 1&2', below: '0' });
    expect([whole('12'), whole('1.5'), whole(''), whole('x')]).toEqual([12, undefined, undefined, undefined]);
  });

  it('does not pass on what a page does not know', () => {
    const read = params({ state: text, below: whole })({ state: 'pending', below: 'x', q: 'TEE', toString: 'x' });
    // The router lays this over what stands in the address.
    expect({ q: 'TEE', toString: 'x', ...read }).toEqual({ state: 'pending', below: undefined, q: undefined, toString: undefined });
  });
});

describe('states', () => {
  it('of a listing', () => {
    const listing = { sku_id: '1', gone: false, waiting: false } as unknown as Parameters<typeof pushState>[0];
    expect(pushState(listing, 'connected')).toBe('confirmed');
    expect(pushState({ ...listing, waiting: true }, 'connected')).toBe('pending');
    expect(pushState({ ...listing, waiting: true }, 'disconnected')).toBe('parked');
    expect(pushState({ ...listing, waiting: true, trouble: 'no' }, 'connected')).toBe('failed');
    expect(pushState({ ...listing, sku_id: null }, 'connected')).toBe('skipped');
  });
});

describe('units at risk', () => {
  it('are those shown beyond what should be, and nothing else', () => {
    const offered = [
      { shown: 10, should: 7 }, { shown: 3, should: 5 }, { shown: null, should: 0 }, { shown: 2, should: undefined }, { shown: 1, should: 0 },
    ];
    expect(unitsAtRisk(offered)).toEqual({ units: 4, listings: 2 });
  });
});

describe('an adjustment', () => {
  const row = { on_hand: 10, available: 4 };
  it('is shown before it is made', () => {
    expect(preview(row, { way: 'by', units: -3 })).toEqual({ on_hand: 7, available: 1 });
    expect(preview(row, { way: 'to', units: 12 })).toEqual({ on_hand: 12, available: 6 });
    expect(preview(row, { way: 'to', units: 10 })).toBeUndefined();
    expect(preview(row, { way: 'by', units: undefined })).toBeUndefined();
  });
});

describe('an order', () => {
  type Order = Parameters<typeof stepsOf>[0];
  const line = { line: 1, sku: 'A', location: 'main', ordered: 2, reserved: 0, allocated: 0, shipped: 0, returned: 0, cancelled: 0, expired: 0, short: 0 };
  const order = (state: string, change: object): Order => ({ state, lines: [{ ...line, ...change }] }) as Order;

  it('offers the steps that its state allows', () => {
    expect(stepsOf(order('pending', { reserved: 2 }))).toEqual(['confirm', 'cancel']);
    expect(stepsOf(order('confirmed', { allocated: 2 }))).toEqual(['ship', 'cancel']);
    expect(stepsOf(order('shipped', { shipped: 2 }))).toEqual(['deliver', 'return']);
    expect(stepsOf(order('delivered', { shipped: 2, returned: 2 }))).toEqual([]);
    expect(stepsOf(order('expired', { cancelled: 2 }))).toEqual(['confirm']);
  });

  it('offers only what the person may do', () => {
    const paid = order('confirmed', { allocated: 2 });
    expect(stepsFor(paid, ['orders:read', 'orders:fulfil'])).toEqual(['ship']);
    expect(stepsFor(paid, ['orders:read', 'orders:write'])).toEqual(['ship', 'cancel']);
    expect(stepsFor(paid, ['admin'])).toEqual(['ship', 'cancel']);
    expect(stepsFor(order('pending', { reserved: 2 }), ['orders:fulfil'])).toEqual([]);
    expect(stepsFor(paid, ['orders:read'])).toEqual([]);
    expect(stepsFor(paid, undefined)).toEqual([]);
  });

  it('has an amount only when every line has a price', () => {
    expect(amountOf({ lines: [{ ...line, unit_minor: 150 }] })).toBe(300);
    expect(amountOf({ lines: [{ ...line, unit_minor: 150 }, line] })).toBeUndefined();
  });

  it('has one timeline with the pushes that followed', () => {
    const event = (number: number, type: string, data: object, at: string): FeedEvent => ({
      actor: 'test', at, data: data as FeedEvent['data'], id: '', number, object: 'event', operation_id: '', type,
    });
    const own = [event(1, 'order.placed', { lines: [{ line: 1, sku: 'A', location: 'main', quantity: 1 }] }, '2026-01-01T00:00:00.000Z')];
    const feed = [
      event(3, 'listing.pushed', { sku: 'A', shop: 's', cause_at: Date.parse('2026-01-01T00:00:00.000Z') }, '2026-01-01T00:00:00.040Z'),
      event(4, 'listing.pushed', { sku: 'B', shop: 's', cause_at: Date.parse('2026-01-01T00:00:00.000Z') }, '2026-01-01T00:00:00.050Z'),
      event(5, 'listing.pushed', { sku: 'A', shop: 's', cause_at: Date.parse('2026-01-01T00:04:59.900Z') }, '2026-01-01T00:05:00.000Z'),
    ];
    const entries = timeline(own, feed);
    expect(entries.map(({ key, kind, after }) => [key, kind, after])).toEqual([['1', 'step', 0], ['3', 'push', 40]]);
    // What was told before the page was opened is read, and what the feed tells too stands once.
    const told = (number: number, sku: string) =>
      ({ number, sku, shop: 's', to: 1, from: 2, at: '2026-01-01T00:00:00.040Z', cause_at: '2026-01-01T00:00:00.001Z', total_ms: 40 }) as Schemas['Push'];
    const kept = [told(3, 'A'), told(6, 'A'), told(7, 'PART'), told(8, 'B')];
    expect(timeline(own, feed, kept, ['PART']).map(({ key }) => key)).toEqual(['1', '3', '6', '7']);
    expect(feed[0] && dataOf(feed[0], 'order.placed')).toBeUndefined();
  });
});

describe('a case', () => {
  const notice = (key: string, kind: string, change: object = {}) =>
    ({ key, kind, open: true, first_at: '2026-01-01T00:00:00Z', count: 1, text: '', object: 'notice', last_at: '', ...change }) as Parameters<typeof inOrder>[0][number];

  it('is about a row of stock when its subject says so', () => {
    expect(rowOf('A@B@main')).toEqual({ sku: 'A@B', location: 'main' });
    expect(rowOf('nothing')).toBeUndefined();
  });

  it('comes first when it is open, unseen and old', () => {
    const rows = [
      notice('closed', 'x', { open: false }), notice('seen', 'x', { seen_at: 'now' }),
      notice('young', 'x', { first_at: '2026-01-02T00:00:00Z' }), notice('old', 'x'),
    ];
    expect(inOrder(rows).map(({ key }) => key)).toEqual(['old', 'young', 'seen', 'closed']);
  });

  it('of a row that is short stands once, with what people did about it', () => {
    const short = [{ sku: 'A', location: 'main' }, { sku: 'B', location: 'main' }] as unknown as Parameters<typeof together>[1];
    const rows = [notice('shortfall:A@main', 'shortfall', { subject: 'A@main' }), notice('x:1', 'x', { subject: '1' }), notice('shortfall:C@main', 'shortfall', { subject: 'C@main' })];
    const cases = together(rows, short).map(({ key, notice: told, row }) => [key, told?.key, row?.sku]);
    expect(cases).toEqual([
      ['A@main', 'shortfall:A@main', 'A'], ['B@main', undefined, 'B'], ['x:1', 'x:1', undefined], ['shortfall:C@main', 'shortfall:C@main', undefined],
    ]);
    const over = [notice('shortfall:A@main', 'shortfall', { subject: 'A@main', open: false })];
    expect(together(over, short).map(({ notice: told }) => told?.key)).toEqual([undefined, undefined, 'shortfall:A@main']);
  });

  it('waits for nobody while it is put off, or when it is over', () => {
    const now = Date.parse('2026-01-01T12:00:00Z');
    const rows = [
      notice('later', 'x', { snoozed_until: '2026-01-01T12:00:01Z' }), notice('again', 'x', { snoozed_until: '2026-01-01T12:00:00Z' }),
      notice('closed', 'x', { open: false, snoozed_until: '2026-01-01T12:00:01Z' }), notice('open', 'x', { snoozed_until: null }),
    ];
    expect(awake(rows, now).map(({ key }) => key)).toEqual(['again', 'open']);
    expect(rows.filter((row) => isPutOff(row, now)).map(({ key }) => key)).toEqual(['later']);
  });
});

describe('a job', () => {
  it('says what it is about', () => {
    expect(aboutOf({ body: { kind: 'fetch_order', reference: 'R1' } as never })).toBe('R1');
    expect(aboutOf({ body: { kind: 'poll_orders', shop: 1 } as never })).toBe('–');
  });
});
