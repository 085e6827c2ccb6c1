import { describe, expect, it } from 'vitest';
import { curl, quoted, withQuery } from './curl';
import { Intents, newKey } from './keys';
import { networkProblem, ProblemError, problemOf, toProblem } from './problem';

describe('idempotency keys', () => {
  it('sort by time and are UUIDs of version 7', () => {
    const [early, late] = [newKey(1_700_000_000_000), newKey(1_700_000_000_001)];
    expect(early < late).toBe(true);
    expect(early).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('stay the same until the outcome of the same input is known', () => {
    const intents = new Intents();
    const first = intents.keyFor({ units: 1 });
    expect(intents.keyFor({ units: 1 })).toBe(first);
    expect(intents.keyFor({ units: 2 })).not.toBe(first);
    const second = intents.keyFor({ units: 2 });
    intents.settled();
    expect(intents.keyFor({ units: 2 })).not.toBe(second);
  });
});

describe('copy as curl', () => {
  it('never holds a key, and quotes for a shell', () => {
    expect(curl('http://h', '/v1/stock')).toBe('curl -sS -H "Authorization: Bearer $ONHAND_API_KEY" http://h/v1/stock');
    expect(quoted("it's $HOME")).toBe(`'it'\\''s $HOME'`);
    expect(curl('http://h', '/v1/x', 'POST', { a: "'" })).toContain(`-d '{"a":"'\\''"}'`);
  });

  it('leaves out what is not given', () => {
    expect(withQuery('/v1/stock', { sku: undefined, location: 'a b', available_below: 0 })).toBe(
      '/v1/stock?location=a+b&available_below=0',
    );
    expect(withQuery('/v1/stock', {})).toBe('/v1/stock');
  });
});

describe('problems', () => {
  it('are what the server says, with its Retry-After', () => {
    const body = { type: '/problems/x', title: 'X', status: 429, detail: 'd', code: 'x', retryable: true };
    const response = new Response(null, { status: 429, headers: { 'retry-after': '7' } });
    expect(problemOf(response, body)).toEqual({ ...body, retry_after: 7 });
  });

  it('are made of anything else', () => {
    expect(problemOf(new Response('<html>', { status: 502 }), '<html>')).toMatchObject({ code: 'http_502', retryable: true });
    expect(toProblem(new Error('oops')).code).toBe('console');
    expect(toProblem(new ProblemError(networkProblem())).retryable).toBe(true);
  });
});

describe('CSV', () => {
  it('is quoted where it must be, and is no formula', async () => {
    const { cell, csv } = await import('~/parts/csv');
    expect(cell('a "b", c')).toBe('"a ""b"", c"');
    expect(cell('=HYPERLINK("x")')).toBe(`"'=HYPERLINK(""x"")"`);
    expect(cell('@x')).toBe("'@x");
    expect(cell(-4)).toBe('-4');
    expect(csv(['a'], [[null], ['b']])).toBe('a\r\n\r\nb\r\n');
  });
});
