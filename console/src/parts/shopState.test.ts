import { describe, expect, it } from 'vitest';
import { shopState, toneOfShop, worstOf, type ShopWord } from './shopState';

const now = Date.parse('2026-01-01T01:00:00Z');
type Shop = Parameters<typeof shopState>[0];
const well = { state: 'connected', waiting: 0, answered_at: '2026-01-01T00:59:00Z', settings: { stale_after_seconds: 900 } } as unknown as Shop;
const of = (change: Partial<Shop>, hasDead = false) => shopState({ ...well, ...change }, now, hasDead);

const failing = { failing_until: '2026-01-01T01:00:10Z' };
const silent = { answered_at: '2026-01-01T00:40:00Z' };
const behind = { waiting: 2, waiting_since: '2026-01-01T00:59:30Z' };

describe('how a shop is', () => {
  it('is one thing at a time while there is only one', () => {
    expect([of({}), of(failing), of(silent), of(behind), of({}, true)]).toEqual(['live', 'failing', 'stale', 'slow', 'has_dead']);
    expect([of({ state: 'disconnected' }), of({ state: 'paused' })]).toEqual(['disconnected', 'paused']);
  });

  it('is live with a figure that has only just changed, or with a breaker that has closed again', () => {
    expect(of({ waiting: 2, waiting_since: '2026-01-01T00:59:58Z' })).toBe('live');
    expect(of({ failing_until: '2026-01-01T00:59:59Z' })).toBe('live');
    expect(of({ ...silent, webhook_at: '2026-01-01T00:59:00Z' })).toBe('live');
  });

  it('is stale when it was never heard of', () => {
    expect(of({ answered_at: null, webhook_at: null })).toBe('stale');
  });

  it.each<[string, Partial<Shop>, boolean, ShopWord]>([
    ['disconnected and failing, silent, behind, with dead jobs', { state: 'disconnected', ...failing, ...silent, ...behind }, true, 'disconnected'],
    ['paused and failing, silent, behind, with dead jobs', { state: 'paused', ...failing, ...silent, ...behind }, true, 'paused'],
    ['failing and silent', { ...failing, ...silent }, false, 'failing'],
    ['failing with nothing to tell', failing, false, 'failing'],
    ['failing with dead jobs', failing, true, 'failing'],
    ['silent and behind', { ...silent, ...behind }, false, 'stale'],
    ['silent with dead jobs', silent, true, 'stale'],
    ['behind with dead jobs', behind, true, 'has_dead'],
  ])('%s: says what matters most, and never that it is well', (_name, change, hasDead, word) => {
    expect(of(change, hasDead)).toBe(word);
    expect(toneOfShop(of(change, hasDead))).not.toBe('ok');
  });
});

describe('several shops', () => {
  it('are as well as the worst of them', () => {
    expect(worstOf([])).toBe('ok');
    expect(worstOf(['live', 'live'])).toBe('ok');
    expect(worstOf(['live', 'paused'])).toBe('off');
    expect(worstOf(['paused', 'slow', 'live'])).toBe('wait');
    expect(worstOf(['has_dead', 'live'])).toBe('wait');
    expect(worstOf(['stale', 'failing', 'live'])).toBe('bad');
    expect(worstOf(['disconnected', 'paused'])).toBe('bad');
  });
});
