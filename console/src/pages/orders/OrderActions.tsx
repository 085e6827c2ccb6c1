import { Button, Menu } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import type { Order } from './columns';
import { CancelDialog, ConfirmDialog, DeliverDialog, ReturnDialog, ShipDialog } from './dialogs';

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

const DIALOGS = { confirm: ConfirmDialog, ship: ShipDialog, deliver: DeliverDialog, cancel: CancelDialog, return: ReturnDialog };

export function OrderActions({ order }: { order: Order }) {
  const { t } = useI18n();
  const may = useMay('orders:write');
  const [open, setOpen] = useState<Step>();
  const [next, ...others] = stepsOf(order);
  const Dialog = open && DIALOGS[open];
  if (!may || !next) return null;
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
      {Dialog && <Dialog order={order} onClose={() => setOpen(undefined)} />}
    </>
  );
}
