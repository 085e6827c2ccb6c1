import { describe, expect, it } from 'vitest';
import jobs from '../../../api/src/body/jobs.rs?raw';
import shop from '../../../rules/src/shop.rs?raw';
import retry from '../../../rules/src/retry.rs?raw';
import { filled } from '~/i18n/dictionary';
import { en } from '~/i18n/en';
import { troubleOf } from './trouble';

const t = ((key: 'listing.refused', values: Record<string, string>) => filled(en[key], values ?? {}, String)) as never;

describe('the trouble of a listing', () => {
  it('is told by the code of the marketplace, with its words beside it', () => {
    expect(troubleOf(t, 'error_permission: No permission: ask the seller')).toEqual({
      words: 'the shop has refused the figure (error_permission)',
      said: 'No permission: ask the seller',
    });
  });

  it('that has no code stands as it is', () => {
    const said = 'Shopee keeps the stock of this item in its own warehouse: nothing is told';
    expect(troubleOf(t, said)).toEqual({ words: en['listing.trouble'], said });
  });
});

describe('words of the server', () => {
  it('for how a job failed are all known here, with what to do', () => {
    const classes = [...retry.matchAll(/FailureClass::\w+ => "(\w+)"/g)].map(([, name]) => name);
    expect(classes.length).toBeGreaterThan(10);
    for (const name of classes) expect(Object.keys(en)).toEqual(expect.arrayContaining([`failure.${name}`, `class.${name}`]));
  });

  it('for what a job waits for are all known here', () => {
    const told = /pub\(crate\) struct Wait \{[^}]*?reason:/.exec(jobs)?.[0] ?? '';
    const reasons = [...told.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(reasons.length).toBeGreaterThan(6);
    for (const reason of reasons) expect(Object.keys(en)).toContain(`wait.${reason}`);
  });

  it('for why a shop is disconnected are all known here', () => {
    const codes = [...shop.matchAll(/Self::\w+(?: \{ \.\. \})? => "(\w+)"/g)].map(([, code]) => code);
    expect(codes).toEqual(['by_person', 'grant_refused']);
    for (const code of codes) expect(Object.keys(en)).toContain(`shop.reason.${code}`);
  });
});
