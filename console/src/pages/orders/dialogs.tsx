import { Button, Checkbox, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState, type ReactNode } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';
import type { Order } from './columns';

interface Props {
  order: Order;
  onClose: () => void;
}

type Step = Schemas['OrderStep'];
type Condition = Schemas['ReturnCondition'];

/** A step of an order: it is only taken on the order as it is shown (`If-Match`). */
function useStep<Input>(order: Order, onClose: () => void, run: (input: Input, params: StepParams) => Promise<Step>) {
  const { t } = useI18n();
  return useAct(
    (input: Input, key: string) =>
      run(input, { path: { id: order.id }, header: { 'Idempotency-Key': key, 'If-Match': `"v${order.version}"` } }),
    {
      refresh: [['orders'], ['stock']],
      onDone: (done) => {
        notifications.show({ message: t('order.done', { state: done.state }), color: 'teal' });
        onClose();
      },
    },
  );
}

interface StepParams {
  path: { id: string };
  header: { 'Idempotency-Key': string; 'If-Match': string };
}

interface FrameProps {
  title: string;
  text: string;
  act: { isError: boolean; error: unknown; isPending: boolean };
  label: string;
  danger?: boolean;
  disabled?: boolean;
  onSubmit: () => void;
  onClose: () => void;
  children?: ReactNode;
}

function StepFrame({ title, text, act, label, danger, disabled, onSubmit, onClose, children }: FrameProps) {
  const { t } = useI18n();
  return (
    <Dialog onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        <Stack gap="sm">
          <div>{text}</div>
          {children}
          {act.isError && <ProblemNote error={act.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('close')}
            </Button>
            <Button type="submit" color={danger ? 'red' : undefined} loading={act.isPending} disabled={disabled}>
              {label}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

const sum = (order: Order, term: 'allocated' | 'reserved') => order.lines.reduce((total, line) => total + line[term], 0);

export function ConfirmDialog({ order, onClose }: Props) {
  const { t } = useI18n();
  const [payment, setPayment] = useState('');
  const act = useStep(order, onClose, (payment_reference: string | undefined, params) =>
    take(api.POST('/v1/orders/{id}/confirm', { params, body: { payment_reference } })),
  );
  return (
    <StepFrame
      title={t('order.confirm.title')}
      text={t('order.confirm.text')}
      label={t('order.do.confirm')}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate(payment || undefined)}
    >
      <TextInput data-autofocus label={t('order.confirm.payment')} value={payment} onChange={(e) => setPayment(e.currentTarget.value)} />
    </StepFrame>
  );
}

export function ShipDialog({ order, onClose }: Props) {
  const { t } = useI18n();
  const [carrier, setCarrier] = useState('');
  const [tracking, setTracking] = useState('');
  const [despite, setDespite] = useState(false);
  const disputed = order.payment_state === 'disputed';
  const act = useStep(order, onClose, (body: Schemas['Shipment'], params) =>
    take(api.POST('/v1/orders/{id}/ship', { params, body })),
  );
  return (
    <StepFrame
      title={t('order.ship.title')}
      text={t('order.ship.text', { n: sum(order, 'allocated') })}
      label={t('order.do.ship')}
      disabled={disputed && !despite}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ carrier: carrier || undefined, tracking: tracking || undefined, despite_dispute: disputed || undefined })}
    >
      <TextInput data-autofocus label={t('order.ship.carrier')} value={carrier} onChange={(e) => setCarrier(e.currentTarget.value)} />
      <TextInput label={t('order.ship.tracking')} value={tracking} onChange={(e) => setTracking(e.currentTarget.value)} />
      {disputed && <Checkbox label={t('order.ship.disputed')} checked={despite} onChange={(e) => setDespite(e.currentTarget.checked)} />}
    </StepFrame>
  );
}

export function DeliverDialog({ order, onClose }: Props) {
  const { t } = useI18n();
  const act = useStep(order, onClose, (_: null, params) =>
    take(api.POST('/v1/orders/{id}/deliver', { params, body: {} })),
  );
  return (
    <StepFrame
      title={t('order.deliver.title')}
      text={t('order.deliver.text')}
      label={t('order.do.deliver')}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate(null)}
    />
  );
}

export function CancelDialog({ order, onClose }: Props) {
  const { t } = useI18n();
  const [reason, setReason] = useState('');
  const act = useStep(order, onClose, (body: Schemas['Cancellation'], params) =>
    take(api.POST('/v1/orders/{id}/cancel', { params, body })),
  );
  return (
    <StepFrame
      title={t('order.cancel.title')}
      text={t('order.cancel.text', { n: sum(order, 'allocated') + sum(order, 'reserved') })}
      label={t('order.do.cancel')}
      danger
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ reason: reason || undefined })}
    >
      <TextInput data-autofocus label={t('order.cancel.reason')} value={reason} onChange={(e) => setReason(e.currentTarget.value)} />
    </StepFrame>
  );
}

export function ReturnDialog({ order, onClose }: Props) {
  const { t } = useI18n();
  const open = order.lines.filter((line) => line.shipped > line.returned);
  const [back, setBack] = useState<Record<number, { quantity: number; condition: Condition }>>(() =>
    Object.fromEntries(open.map((line) => [line.line, { quantity: line.shipped - line.returned, condition: 'sellable' }])),
  );
  const act = useStep(order, onClose, (body: Schemas['Return'], params) =>
    take(api.POST('/v1/orders/{id}/return', { params, body })),
  );
  const lines = Object.entries(back)
    .filter(([, { quantity }]) => quantity > 0)
    .map(([line, { quantity, condition }]) => ({ line: Number(line), quantity, condition }));
  return (
    <StepFrame
      title={t('order.return.title')}
      text={t('order.return.text')}
      label={t('order.do.return')}
      disabled={lines.length === 0}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ lines })}
    >
      {open.map((line) => {
        const chosen = back[line.line] ?? { quantity: 0, condition: 'sellable' };
        const set = (next: Partial<typeof chosen>) => setBack((all) => ({ ...all, [line.line]: { ...chosen, ...next } }));
        return (
          <Group key={line.line} grow align="flex-end">
            <NumberInput
              label={line.sku}
              min={0}
              max={line.shipped - line.returned}
              allowDecimal={false}
              value={chosen.quantity}
              onChange={(value) => set({ quantity: Number(value) || 0 })}
            />
            <Select
              label={t('order.return.condition')}
              allowDeselect={false}
              data={(['sellable', 'damaged', 'discarded'] as const).map((value) => ({ value, label: t(`condition.${value}`) }))}
              value={chosen.condition}
              onChange={(condition) => condition && set({ condition: condition as Condition })}
            />
          </Group>
        );
      })}
    </StepFrame>
  );
}
