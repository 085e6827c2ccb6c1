// The sandbox's own control API, which the server passes on at /v1/sandbox when it was started with one. It is no part of
// the product's API and so not of its description; what is relied on of it is written here.

import { queryOptions } from '@tanstack/react-query';
import { CONSOLE_HEADER } from '~/api/client';
import { ProblemError, networkProblem, problemOf } from '~/api/problem';

export type Market = 'shopee' | 'tiktok' | 'lazada';
export const MARKETS: Market[] = ['shopee', 'tiktok', 'lazada'];

export interface State {
  buyers: { rate: number; cod: number; abandon: number; cancel: number; limit: number };
  shops: { market: Market; shop: string; name: string; authorised: boolean; orders: number; variants: number }[];
}

export interface ActiveFault {
  id: number;
  fault: string;
  market?: Market | null;
}

export interface Report {
  shops: { market: Market; shop: string; orders: number; requests: number; throttled: number; faulted: number }[];
  skus: { seller_sku: string; ordered: number; listings: { market: Market; stock: number }[] }[];
}

export interface Webhooks {
  markets: { market: Market; counts: { delivered: number; dropped: number; given_up: number }; lost: number }[];
}

/** One request of the control API. */
export async function control<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
  const response = await fetch(`/v1/sandbox/${path}`, {
    method,
    headers: { ...CONSOLE_HEADER, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => {
    throw new ProblemError(networkProblem());
  });
  const text = await response.text();
  const json: unknown = text === '' ? undefined : JSON.parse(text);
  if (!response.ok) throw new ProblemError(problemOf(response, json));
  return json as T;
}

const EVERY = { refetchInterval: 2_500, retry: false } as const;

export const sandboxState = () => queryOptions({ queryKey: ['sandbox', 'state'], queryFn: () => control<State>('state'), ...EVERY });
export const sandboxFaults = () =>
  queryOptions({ queryKey: ['sandbox', 'faults'], queryFn: () => control<{ faults: ActiveFault[] }>('faults'), ...EVERY });
export const sandboxReport = () => queryOptions({ queryKey: ['sandbox', 'report'], queryFn: () => control<Report>('report'), ...EVERY });
export const sandboxWebhooks = () =>
  queryOptions({ queryKey: ['sandbox', 'webhooks'], queryFn: () => control<Webhooks>('webhooks'), ...EVERY });

export interface Fault {
  fault: string;
  /** Beside its name: how much, how long, how often. */
  order: Record<string, number>;
  danger?: boolean;
}

/** What the buttons order. */
export const FAULTS: Fault[] = [
  { fault: 'outage', order: { for_seconds: 30 } },
  { fault: 'throttle', order: { for_seconds: 20 } },
  { fault: 'latency', order: { ms: 2_000, for_seconds: 30 } },
  { fault: 'forbid', order: { for_seconds: 60 } },
  { fault: 'html', order: { for_seconds: 10 } },
  { fault: 'lose_answer', order: { count: 5 } },
  { fault: 'partial_failure', order: { items: 3, count: 3 } },
  { fault: 'drop_webhooks', order: { share: 1, for_seconds: 60 } },
  { fault: 'duplicate_webhooks', order: { share: 1, for_seconds: 60 } },
  { fault: 'delay_webhooks', order: { share: 1, ms: 10_000, for_seconds: 60 } },
  { fault: 'reorder_webhooks', order: { share: 1, for_seconds: 60 } },
  { fault: 'promotion_lock', order: { for_seconds: 60 } },
  { fault: 'clock_skew', order: { ms: 90_000, for_seconds: 60 } },
  { fault: 'expire_token', order: {} },
  { fault: 'revoke_token', order: {}, danger: true },
];

/** The figures of a SKU by marketplace, and whether they are not all the same. */
export function shownOf(sku: Report['skus'][number]): { by: Map<Market, number>; differ: boolean } {
  const by = new Map(sku.listings.map(({ market, stock }) => [market, stock]));
  return { by, differ: new Set(by.values()).size > 1 };
}
