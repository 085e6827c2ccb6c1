import { describe, expect, it } from 'vitest';
import { matchOf } from './match';

describe('the version that a change is sent with', () => {
  const part = ({ rule }: { rule: number }) => rule;
  const read = (version: number, rule: number) => () => Promise.resolve({ version, rule });

  it('is the newest while what it is about is as it was seen', async () => {
    expect(await matchOf('a', { version: 3, rule: 1 }, part, read(9, 1))).toBe('"v9"');
  });

  it('is that which was seen when somebody else has changed it, so that the server refuses', async () => {
    expect(await matchOf('b', { version: 3, rule: 1 }, part, read(9, 2))).toBe('"v3"');
  });

  it('stays the same when the same change is sent again', async () => {
    expect(await matchOf('c', { version: 3, rule: 1 }, part, read(9, 1))).toBe('"v9"');
    expect(await matchOf('c', { version: 3, rule: 1 }, part, read(10, 2))).toBe('"v9"');
  });
});
