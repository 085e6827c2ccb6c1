import { useInfiniteQuery } from '@tanstack/react-query';
import { orders } from '~/api/queries';
import { useMay } from '~/api/session';
import { pageTally } from './tally';

/** How many orders there are whose money somebody must look after; nothing where there are none, or for who may not see them. */
export function useMoneyDue() {
  const enabled = useMay('orders:read');
  const { data } = useInfiniteQuery({ ...orders({ money_due: true }), enabled });
  const first = data?.pages[0];
  return first && first.data.length > 0 ? pageTally(first) : undefined;
}
