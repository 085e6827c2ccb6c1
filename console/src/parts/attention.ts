// What waits for a person. The badge of the navigation, the overview and the page "Needs attention" all count here.

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { notices, overview, shortfallPages } from '~/api/queries';
import { inOrder, together, type OneCase } from './cases';
import { useFirstPages } from './firstPages';
import { useMinute } from './Moment';
import { useMoneyDue } from './moneyDue';
import { awake, isPutOff } from './notices';
import type { Tone } from './vocabulary';

type Notice = Schemas['Notice'];
type Stock = Schemas['Stock'];
type Tally = Schemas['Tally'];

interface Told {
  notices: readonly Notice[];
  /** Rows of stock that are short. */
  short: readonly Stock[];
  /** There are more of either than were read. */
  more: boolean;
  /** Orders whose money somebody must look after: one case, however many there are. */
  money: Tally | undefined;
  /** The notices that the server counts, which counts further than a list is read. */
  served: Tally | undefined;
}

/** Whether a case waits for a person now. A row that is short of which nobody was told yet cannot be put off. */
export const isOpen = ({ notice }: OneCase, now: number): boolean => !notice || awake([notice], now).length > 0;

/** What waits, how many that are, and how bad it is. */
export function attentionOf({ notices: told, short, more, money, served }: Told, now: number) {
  const every = together(inOrder(told), short);
  const open = every.filter((each) => isOpen(each, now));
  const putOff = every.filter(({ notice }) => notice && isPutOff(notice, now));
  const read = more ? Math.max(open.length, served?.count ?? 0) : open.length;
  const tally: Tally = { count: read + (money ? 1 : 0), more };
  const tone: Tone = open.some(({ row }) => row) ? 'bad' : tally.count > 0 ? 'wait' : 'ok';
  const oldest = open.map(({ notice, row }) => notice?.first_at ?? row?.changed_at ?? '').filter(Boolean).sort()[0];
  return { open, putOff, tally, tone, oldest, money };
}

/** The same of this server; undefined before it is known. */
export function useAttention() {
  const told = useInfiniteQuery({ ...notices(true), refetchInterval: 60_000 });
  const short = useInfiniteQuery(shortfallPages());
  useFirstPages(told);
  useFirstPages(short);
  const money = useMoneyDue();
  const now = useMinute();
  const more = told.hasNextPage || short.hasNextPage;
  const served = useQuery({ ...overview(), enabled: more }).data?.attention;
  return useMemo(() => {
    if (!told.data || !short.data) return undefined;
    const rows = { notices: told.data.pages.flatMap((page) => page.data), short: short.data.pages.flatMap((page) => page.data) };
    return attentionOf({ ...rows, more, money, served }, now);
  }, [told.data, short.data, more, money, served, now]);
}
