import { QueryObserver, environmentManager } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PollingClient } from './polling';

describe('a paused page', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // Without a window it would take itself for a server, which has no clocks.
    environmentManager.setIsServer(() => false);
  });
  afterEach(() => void vi.useRealTimers());

  it('reads nothing again by the clock, what is asked for at once, and goes on when it is resumed', async () => {
    const client = new PollingClient();
    let reads = 0;
    const queryFn = async () => {
      reads += 1;
      return reads;
    };
    const byNumber = new QueryObserver(client, { queryKey: ['a'], queryFn, refetchInterval: 1_000 });
    const stop = byNumber.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(reads).toBe(3);
    client.pause(true);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toBe(3);
    await client.invalidateQueries({ queryKey: ['a'] });
    expect(reads).toBe(4);
    // Whoever comes while it is paused is read once.
    const byRule = new QueryObserver(client, { queryKey: ['b'], queryFn, refetchInterval: () => 1_000 });
    const end = byRule.subscribe(() => undefined);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(reads).toBe(5);
    client.pause(false);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(reads).toBe(7);
    stop();
    end();
  });
});
