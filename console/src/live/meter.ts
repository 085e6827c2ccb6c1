// Counts what the feed tells, in steps of ten seconds over the last hour: the events themselves are too many to keep.

import { dataOf, type FeedEvent } from './events';

export const STEP_MS = 10_000;
const STEPS = 360;
/** Latencies that are kept of one shop in one step; more would not move a percentile. */
const SAMPLES = 400;

export interface Step {
  /** Its beginning, in milliseconds of the server's clock. */
  at: number;
  orders: number;
  pushes: number;
  died: number;
  /** Milliseconds from the change of stock to the marketplace's answer, by shop. */
  latency: Map<string, number[]>;
}

export class Meter {
  private readonly steps = new Map<number, Step>();
  /** The last acknowledged push of each shop, in milliseconds. */
  readonly confirmedAt = new Map<string, number>();

  add(events: readonly FeedEvent[]): void {
    for (const event of events) {
      const at = Date.parse(event.at);
      const step = this.step(Math.floor(at / STEP_MS) * STEP_MS);
      const pushed = dataOf(event, 'listing.pushed');
      if (event.type === 'order.placed') step.orders += 1;
      else if (event.type === 'job.died') step.died += 1;
      else if (pushed) {
        step.pushes += 1;
        this.confirmedAt.set(pushed.shop, Math.max(at, this.confirmedAt.get(pushed.shop) ?? 0));
        const samples = step.latency.get(pushed.shop) ?? [];
        if (samples.length < SAMPLES) samples.push(pushed.total_ms);
        step.latency.set(pushed.shop, samples);
      }
    }
    for (const at of this.steps.keys()) {
      if (this.steps.size <= STEPS) break;
      this.steps.delete(at);
    }
  }

  private step(at: number): Step {
    let step = this.steps.get(at);
    if (!step) {
      step = { at, orders: 0, pushes: 0, died: 0, latency: new Map() };
      this.steps.set(at, step);
    }
    return step;
  }

  /** Every step from a time on, oldest first, also those in which nothing happened. */
  since(from: number, until: number): Step[] {
    const all: Step[] = [];
    for (let at = Math.floor(from / STEP_MS) * STEP_MS; at <= until; at += STEP_MS) {
      all.push(this.steps.get(at) ?? { at, orders: 0, pushes: 0, died: 0, latency: new Map() });
    }
    return all;
  }

  /** When the oldest step that is kept began. */
  begin(): number | undefined {
    return this.steps.size > 0 ? Math.min(...this.steps.keys()) : undefined;
  }
}

/** The value that so large a share of the samples does not exceed; undefined without samples. */
export function percentile(samples: readonly number[], share: number): number | undefined {
  if (samples.length === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
}

/** The latencies of some steps together, of one shop or of all. */
export function latencies(steps: readonly Step[], shop?: string): number[] {
  return steps.flatMap((step) =>
    shop === undefined ? [...step.latency.values()].flat() : (step.latency.get(shop) ?? []),
  );
}
