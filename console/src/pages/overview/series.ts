import { STEP_MS, latencies, percentile, type Meter, type Step } from '~/live/meter';

export interface Point {
  at: number;
  orders: number;
  pushes: number;
  p50: number | null;
  p95: number | null;
}

/** Points that a chart has room for. */
const POINTS = 45;

/** What a chart draws: the span, or as much of it as there is, in steps that fit. */
export function series(meter: Meter, now: number, span: number): { points: Point[]; stepMs: number; spanMs: number } {
  const from = Math.max(now - span, meter.begin() ?? now);
  const steps = meter.since(from, now);
  const together = Math.max(1, Math.ceil(steps.length / POINTS));
  const points: Point[] = [];
  for (let place = 0; place < steps.length; place += together) points.push(pointOf(steps.slice(place, place + together)));
  return { points, stepMs: together * STEP_MS, spanMs: Math.max(STEP_MS, now - from) };
}

function pointOf(steps: Step[]): Point {
  const samples = latencies(steps);
  return {
    at: steps[0]?.at ?? 0,
    orders: steps.reduce((sum, step) => sum + step.orders, 0),
    pushes: steps.reduce((sum, step) => sum + step.pushes, 0),
    p50: percentile(samples, 0.5) ?? null,
    p95: percentile(samples, 0.95) ?? null,
  };
}
