import { Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { allows, session, type Scope } from '~/api/session';
import { useI18n } from '~/i18n';
import type { Order } from './columns';
import { CancelDialog, ConfirmDialog, DeliverDialog, ReturnDialog, ShipDialog } from './dialogs';
import { ShipThereDialog } from './marketDialogs';

export type Step = 'confirm' | 'ship' | 'deliver' | 'cancel' | 'return';

/** The steps that the state of an order allows; the first one is what usually comes next. */
export function stepsOf(order: Pick<Order, 'state' | 'lines'>): Step[] {
  const some = (term: 'reserved' | 'allocated' | 'shipped') => order.lines.some((line) => line[term] > 0);
  const returnable = order.lines.some((line) => line.shipped > line.returned);
  const steps: Step[] = [];
  if (order.state === 'pending' || order.state === 'expired') steps.push('confirm');
  if (some('allocated')) steps.push('ship');
  if (order.state === 'shipped') steps.push('deliver');
  if (some('reserved') || some('allocated')) steps.push('cancel');
  if (returnable) steps.push('return');
  return steps;
}

/** What each step needs: who only packs parcels may send them and take them back. */
const NEEDS: Record<Step, Scope> = {
  confirm: 'orders:write',
  cancel: 'orders:write',
  ship: 'orders:fulfil',
  deliver: 'orders:fulfil',
  return: 'orders:fulfil',
};

/**
 * What is ours to do with an order of a marketplace: whether it is paid, cancelled or delivered is said there, and Onhand
 * follows. Cancelled here alone, its units would be sold again while the marketplace goes on selling them to its buyer.
 */
const THERE: readonly Step[] = ['ship', 'return'];

/** The steps that the order and the person's rights both allow. */
export function stepsFor(order: Pick<Order, 'state' | 'lines'>, scopes: readonly Scope[] | null | undefined, ofMarket = false): Step[] {
  return stepsOf(order).filter((step) => allows(scopes, NEEDS[step]) && (!ofMarket || THERE.includes(step)));
}

const DIALOGS = { confirm: ConfirmDialog, ship: ShipDialog, deliver: DeliverDialog, cancel: CancelDialog, return: ReturnDialog };

/** The marketplace's order behind an order of ours. */
export interface Behind {
  id: string;
  shop: string;
  /** The buyer wants to cancel: nothing is shipped before that is answered. */
  asked: boolean;
  onShipped: (job: string | undefined) => void;
}

export function OrderActions({ order, market }: { order: Order; market?: Behind }) {
  const { t } = useI18n();
  const who = useQuery(session());
  const [open, setOpen] = useState<Step>();
  const steps = stepsFor(order, who.data?.scopes, market !== undefined);
  const [next, ...others] = steps.filter((step) => !(market?.asked && step === 'ship'));
  const close = () => setOpen(undefined);
  const Dialog = open && !(market && open === 'ship') && DIALOGS[open];
  if (!next) return null;
  return (
    <>
      <Button size="xs" h={32} color={next === 'cancel' ? 'red' : undefined} onClick={() => setOpen(next)}>
        {t(`order.do.${next}`)}
      </Button>
      {others.length > 0 && (
        <Menu>
          <Menu.Target>
            <Button size="xs" h={32} variant="default" aria-label={t('more')}>
              …
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {others.map((step) => (
              <Menu.Item key={step} color={step === 'cancel' ? 'red' : undefined} onClick={() => setOpen(step)}>
                {t(`order.do.${step}`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
      {Dialog && <Dialog order={order} onClose={close} />}
      {market && open === 'ship' && (
        <ShipThereDialog
          id={market.id}
          shop={market.shop}
          onClose={close}
          onDone={(job) => {
            close();
            market.onShipped(job);
          }}
        />
      )}
    </>
  );
}
