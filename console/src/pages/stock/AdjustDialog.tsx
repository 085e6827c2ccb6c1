import { Button, Group, NumberInput, SegmentedControl, Select, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { stockAt } from '~/api/queries';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';

type Reason = Schemas['ChangeReason'];
type Row = Schemas['Stock'];

export const REASONS: Reason[] = [
  'correction', 'received', 'return_restock', 'damaged', 'theft_or_loss', 'promotion_or_donation', 'cycle_count',
];

export interface Change {
  way: 'by' | 'to';
  /** A difference or a new value, by the way. */
  units: number | undefined;
  reason: Reason;
  note: string;
}

/** What the figures become, or nothing when the change is none. */
export function preview(row: Pick<Row, 'on_hand' | 'available'>, change: Pick<Change, 'way' | 'units'>) {
  if (change.units === undefined || !Number.isSafeInteger(change.units)) return undefined;
  const difference = change.way === 'by' ? change.units : change.units - row.on_hand;
  if (difference === 0) return undefined;
  return { on_hand: row.on_hand + difference, available: row.available + difference };
}

/** Changes what is on hand, with a reason: by a difference, or to a value if it still is what the person sees. */
export function AdjustDialog({ sku, location, onClose }: { sku: string; location: string; onClose: () => void }) {
  const { t } = useI18n();
  const now = useQuery(stockAt(sku, location));
  return (
    <Dialog onClose={onClose} title={t('stock.adjust.title', { sku, location })}>
      {now.isError && <ProblemNote error={now.error} onRetry={() => void now.refetch()} />}
      {now.data && <AdjustForm row={now.data} onClose={onClose} />}
    </Dialog>
  );
}

function AdjustForm({ row, onClose }: { row: Row; onClose: () => void }) {
  const { t, f } = useI18n();
  const [change, setChange] = useState<Change>({ way: 'by', units: undefined, reason: 'correction', note: '' });
  // The figure that the person decided by; it does not move while the dialog is open, unless the server has said that it is old.
  const [expected, setExpected] = useState(row);
  const set = (next: Partial<Change>) => setChange((before) => ({ ...before, ...next }));
  // The figures come after the dialog, so its first field is chosen here.
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
  }, []);
  const after = preview(expected, change);

  const act = useAct(
    (input: Change, key: string) => {
      const units = input.units ?? 0;
      const common = { sku: row.sku, location: row.location, reason: input.reason, note: input.note || undefined };
      const params = { header: { 'Idempotency-Key': key } };
      return input.way === 'by'
        ? take(api.POST('/v1/stock/adjust', { params, body: { ...common, quantity: units } }))
        : take(api.POST('/v1/stock/set', { params, body: { ...common, on_hand: units, expected: expected.on_hand } }));
    },
    {
      refresh: [['stock']],
      onDone: (done) => {
        notifications.show({ message: t('stock.adjusted', { sku: row.sku, n: done.on_hand }), color: 'teal' });
        onClose();
      },
    },
  );

  const refused = act.error?.problem.code === 'stale_expected';
  useEffect(() => {
    if (refused) setExpected(row);
  }, [refused, row]);

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (after) act.mutate(change);
      }}
    >
      <Stack gap="sm">
        <SegmentedControl
          size="xs"
          value={change.way}
          onChange={(way) => set({ way: way as Change['way'], units: undefined })}
          data={[
            { value: 'by', label: t('stock.adjust.by') },
            { value: 'to', label: t('stock.adjust.to') },
          ]}
        />
        <NumberInput
          ref={field}
          label={change.way === 'by' ? t('stock.adjust.quantity') : t('stock.adjust.value')}
          description={
            after
              ? t('stock.adjust.preview', { before: expected.on_hand, after: after.on_hand, available: after.available })
              : t(change.way === 'to' ? 'stock.adjust.expected' : 'stock.adjust.seen', { n: expected.on_hand })
          }
          allowDecimal={false}
          min={change.way === 'to' ? 0 : undefined}
          value={change.units ?? ''}
          onChange={(value) => set({ units: typeof value === 'number' ? value : undefined })}
          error={after && after.available < 0 ? t('stock.adjust.too_low', { n: f.number(Math.max(0, expected.available)) }) : undefined}
        />
        <Select
          label={t('stock.adjust.reason')}
          allowDeselect={false}
          data={REASONS.map((reason) => ({ value: reason, label: t(`reason.${reason}`) }))}
          value={change.reason}
          onChange={(reason) => reason && set({ reason: reason as Reason })}
        />
        <TextInput
          label={t('stock.adjust.note')}
          value={change.note}
          maxLength={200}
          onChange={(event) => set({ note: event.currentTarget.value })}
        />
        {act.isError && <ProblemNote error={act.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t('cancel')}
          </Button>
          <Button type="submit" disabled={!after} loading={act.isPending}>
            {t('stock.adjust.do')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
