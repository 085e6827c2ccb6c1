import type { Schemas } from '~/api/client';

type Job = Schemas['Job'];

/** What a job is about, out of what it knows: the order, the item, the write unit. */
export function aboutOf(job: Pick<Job, 'body'>): string {
  const body = job.body as Record<string, unknown>;
  for (const member of ['reference', 'item', 'unit', 'listing', 'label']) {
    const value = body[member];
    if (typeof value === 'string' || typeof value === 'number') return String(value);
  }
  return '–';
}
