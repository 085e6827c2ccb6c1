import { describe, expect, it } from 'vitest';
import { bestOf } from './AcceptDialog';
import { causeOf, causesOf, otherDrift } from './causes';
import { hasLetters } from './Mapping';

describe('another figure', () => {
  it('has the cause that the server tells, the most frequent first', () => {
    expect(causeOf({ told: { form: 'drift', cause: 'campaign' } })).toBe('campaign');
    expect([causeOf({}), causeOf({ told: null }), causeOf({ told: { form: 'drift', cause: 'newer' } })]).toEqual(['other', 'other', 'other']);
    const told = ['lost_push', 'campaign', 'seller_edit', 'campaign'].map((cause) => ({ told: { form: 'drift', cause } }));
    expect(causesOf(told)).toEqual([['campaign', 2], ['lost_push', 1], ['other', 1]]);
  });

  it('counts beside the edits that wait, and once', () => {
    const notice = (kind: string, subject: string, open = true) => ({ kind, subject, open });
    const notices = [notice('drift', '1'), notice('drift', '2'), notice('drift', '3', false), notice('low_stock', '4')];
    expect(otherDrift(notices, new Set(['1'])).map(({ subject }) => subject)).toEqual(['2']);
  });
});

describe('a suggestion', () => {
  const one = (sku: string, score: number) => ({ object: 'suggestion', sku, score, name: '', reason: 'common_words' });
  it('is taken when no other is as good', () => {
    expect(bestOf([one('A', 50), one('B', 90)])?.sku).toBe('B');
    expect(bestOf([one('A', 90), one('B', 90)])).toBeUndefined();
    expect(bestOf([])).toBeUndefined();
  });
});

describe('the letters of a search', () => {
  const listing = { title: 'Black Tee', seller_sku: 'TEE-BLK', sku: null, item: '77' };
  it('are found in the title and the codes', () => {
    expect(['black', 'e-b', '77', 'white'].map((letters) => hasLetters(listing, letters))).toEqual([true, true, true, false]);
  });
});
