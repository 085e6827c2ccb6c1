import { useInfiniteQuery } from '@tanstack/react-query';
import { orders } from '~/api/queries';
import { useMay } from '~/api/session';
import { pageTally } from './tally';

/** How many orders there are whose money somebody must look after; nothing for who may not see orders. */
export function useMoneyDue() {
  const enabled = useMay('orders:read');
  const { data } = useInfiniteQuery({ ...orders({ money_due: true }), enabled });
  return data?.pages[0] && pageTally(data.pages[0]);
}
