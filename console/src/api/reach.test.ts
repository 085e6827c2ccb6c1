import { describe, expect, it } from 'vitest';
import { toProblem } from './problem';
import { isReached, loaded } from './reach';

const broken = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'));

describe('a part of the console that does not come', () => {
  it('is no mistake of the console while the server is away', async () => {
    const error = await loaded(broken, () => Promise.resolve(false)).catch((cause: unknown) => cause);
    expect(toProblem(error).code).toBe('unreachable');
  });

  it('is told as it was when the server answers, which has another console by now', async () => {
    await expect(loaded(broken, () => Promise.resolve(true))).rejects.toThrow('Failed to fetch dynamically');
  });

  it('counts each answer as one', async () => {
    expect(await isReached(() => Promise.resolve(new Response(null, { status: 503 })))).toBe(true);
    expect(await isReached(() => Promise.reject(new TypeError('away')))).toBe(false);
  });
});
