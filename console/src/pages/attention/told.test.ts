import { describe, expect, it } from 'vitest';
import server from '../../../../rules/src/notice_body.rs?raw';
import kinds from '../../../../rules/src/notice.rs?raw';
import { en } from '~/i18n/en';
import { filled, formOf, parts, type Dictionary } from '~/i18n/dictionary';
import { formatFor } from '~/i18n/format';
import { plainly, toldOf, type ToldNotice } from './told';

/** The server's own samples, one of each form as it is told, with its kind; one of the causes of a difference more. */
const told = [...server.matchAll(/^ +r#"(\{"form":.*\})"#,\n +"(\w+)",$/gm)].map(([, facts, kind]) => ({
  facts: JSON.parse(facts!) as { form: string; [fact: string]: unknown },
  kind: kind!,
}));
const drift = told.find(({ kind }) => kind === 'drift')!;
told.push({ ...drift, facts: { ...drift.facts, cause: 'seller_edit' } });

const SUBJECTS: Record<string, string> = { retries_exhausted: 'push_stock:invalid:item_banned' };
const notices = told.map(({ facts, kind }) => ({
  form: facts.cause === 'seller_edit' ? 'drift_edit' : facts.form,
  notice: { kind, subject: SUBJECTS[kind] ?? '1', text: 'English.', told: facts, last_at: '2026-01-01T00:00:00Z' } satisfies ToldNotice,
}));

const english = { t: ((key: keyof typeof en) => formOf(en[key], 1, new Intl.PluralRules('en'))) as never, f: formatFor('en') };
const now = Date.parse('2026-01-03T12:00:00Z');
const noticeOf = (form: string) => notices.find((each) => each.form === form)!.notice;
const saidOf = (form: string) => toldOf(noticeOf(form), 'Shopee', now, english);

describe('what a notice says', () => {
  it('is read from every form that the server tells, and every kind has one', () => {
    // None was overlooked, and one stands for a second cause.
    expect(told.length).toBe([...server.matchAll(/^ +\(?r#"\{"form":/gm)].length + 1);
    expect(told.length).toBeGreaterThan(25);
    for (const { form } of notices) expect(`told.${form}` in en, form).toBe(true);
    const all = [...kinds.matchAll(/NoticeKind::\w+ => "(\w+)"/g)].map(([, kind]) => kind);
    expect(all.length).toBeGreaterThan(15);
    expect([...new Set(told.map(({ kind }) => kind))].sort()).toEqual(all.sort());
  });

  it('is filled wholly, and says what to do, in every language', async () => {
    const { LOAD } = await import('~/i18n/languages');
    const all: [string, Dictionary][] = [['en', en], ...(await Promise.all(Object.entries(LOAD).map(async ([name, load]) => [name, await load()] as [string, Dictionary])))];
    for (const [language, texts] of all) {
      for (const { form, notice } of notices) {
        const { key, values, next } = toldOf(notice, 'Shopee', now, english);
        const text = formOf(texts[key!], Number(values.n), new Intl.PluralRules(language));
        const missing = parts(text).filter((name, place) => place % 2 === 1 && values[name] === undefined);
        expect(missing, `${language} ${form}`).toEqual([]);
        // An edit that may still go back needs nobody, and says so itself.
        if (form !== 'drift_edit') expect(texts[next!], `${language} ${form}`).toBeTruthy();
      }
    }
  });

  it('keeps figures, and the words of others as they are', () => {
    expect(saidOf('low_stock').values).toMatchObject({ sku: 'A', location: 'main', available: 3, limit: 5 });
    expect(saidOf('shortfall').values).toMatchObject({ sku: 'A@b', location: 'main', n: 3 });
    expect(saidOf('drift_edit').values).toMatchObject({ seen: 3, title: '“Tee {seen}”', expected: 5 });
    expect(saidOf('unmapped').values).toMatchObject({ title: '“Tee”', code: 'T-1' });
    expect(saidOf('return_opened')).toMatchObject({ values: { order: '24-14B', n: 2 }, said: 'REQUESTED' });
    expect(saidOf('unknown_status')).toMatchObject({ values: { order: '24-14B', word: 'ON_HOLD' } });
    expect(saidOf('unknown_status').said).toBeUndefined();
    expect(saidOf('retries_exhausted')).toMatchObject({ values: { what: 'tell a figure', code: 'item_banned' }, said: 'No (more)', next: 'class.invalid' });
    expect(saidOf('shop_disconnected').said).toBe('auth_expired: no');
    expect(saidOf('shop_left').said).toBeUndefined();
    expect(saidOf('order_trouble')).toMatchObject({ why: 'problem.archived_location', said: 'the location is archived' });
    expect(saidOf('edit_escalated').why).toBe('problem.unknown_location');
    expect(saidOf('listing_refused').why).toBeUndefined();
    expect(saidOf('listing_refused').said).toBe('item_banned: Not now.');
    const t = ((key: keyof typeof en, values: Record<string, string | number>) =>
      filled(formOf(en[key], Number(values.n), new Intl.PluralRules('en')), values, formatFor('en').number)) as never;
    expect(plainly(saidOf('low_stock'), t)).toBe('A at main has fallen to 3 available; its threshold is 5.');
    expect(plainly({ values: {}, said: 'Something new.' }, t)).toBe('Something new.');
  });

  it('counts the days that are left of an authorisation from when it was said', () => {
    expect(saidOf('grant_ends').values.n).toBe(5);
    expect(toldOf(noticeOf('grant_ends'), 'Shopee', now + 30 * 86_400_000, english).values.n).toBe(1);
  });

  it('is the server’s own where it tells no facts, or a form that is not known', () => {
    const notice = { kind: 'shop_failing', subject: 'a', text: 'Something new.', last_at: '' };
    const own = { values: {}, next: 'next.shop_failing', said: 'Something new.' };
    expect(toldOf(notice, 'Shopee', now, english)).toEqual(own);
    expect(toldOf({ ...notice, told: { form: 'newer', n: 3 } }, 'Shopee', now, english)).toEqual(own);
    expect(toldOf({ ...notice, kind: 'newer' }, 'Shopee', now, english)).toEqual({ values: {}, next: undefined, said: 'Something new.' });
  });
});
