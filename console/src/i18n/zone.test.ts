import { describe, expect, it } from 'vitest';
import { formatFor } from './format';
import { allZones, isZone, offsetOf } from './zone';

describe('a time zone', () => {
  const at = '2026-07-01T20:30:00Z';

  it('is what times are shown in, also on another day', () => {
    expect(formatFor('en', 'Asia/Singapore').time(at)).toBe('04:30:00');
    expect(formatFor('en', 'Asia/Singapore').dateTime(at)).toContain('2 Jul');
    expect(formatFor('en', 'UTC').exact(at)).toContain('UTC');
  });

  it('is taken only when the browser knows it', () => {
    expect(isZone('Asia/Ho_Chi_Minh')).toBe(true);
    expect(isZone('Asia/Nowhere')).toBe(false);
    expect(isZone('')).toBe(false);
    expect(allZones()).toContain('UTC');
  });

  it('says how far it is from UTC', () => {
    expect(offsetOf('Asia/Jakarta', Date.parse(at))).toBe('GMT+7');
  });
});
