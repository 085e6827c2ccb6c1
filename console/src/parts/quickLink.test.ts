import { describe, expect, it } from 'vitest';
import { hrefOf } from './QuickLink';

describe('a link of a row', () => {
  it('leads where the router would, whatever stands in a code', () => {
    expect(hrefOf({ to: '/stock/$sku', params: { sku: 'A/B C&D%' }, search: { location: 'shelf 1', tab: 'holds' } })).toBe(
      '/stock/A%2FB%20C%26D%25?location=shelf+1&tab=holds',
    );
    expect(hrefOf({ to: '/queues', search: { jobs: 'live', shop: undefined } })).toBe('/queues?jobs=live');
    expect(hrefOf({ to: '/shops' })).toBe('/shops');
  });
});
