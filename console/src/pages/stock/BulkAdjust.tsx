import { Button, Group, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';
import { REASONS } from './AdjustDialog';
import type { StockRow } from './columns';
import classes from './Stock.module.css';

/** Changes that the server takes at once. */
const AT_ONCE = 1_000;

interface Props {
  rows: StockRow[];
  onClose: () => void;
  onDone: () => void;
}

interface Input {
  quantity: number;
  reason: Schemas['ChangeReason'];
  note: string;
}

/** Adjusts every chosen row by the same difference, all or none. */
export function BulkAdjust({ rows, onClose, onDone }: Props) {
  const { t } = useI18n();
  const [input, setInput] = useState<Partial<Input>>({ reason: 'correction' });
  const set = (next: Partial<Input>) => setInput((before) => ({ ...before, ...next }));
  const { quantity, reason = 'correction', note = '' } = input;
  const tooLow = quantity === undefined ? [] : rows.filter((row) => quantity < 0 && row.available + quantity < 0);

  const act = useAct(
    (change: Input, key: string) =>
      take(
        api.POST('/v1/stock/bulk', {
          params: { header: { 'Idempotency-Key': key } },
          body: {
            mode: 'atomic',
            items: rows.map(({ sku, location }) => ({ action: 'adjust' as const, sku, location, ...change, note: change.note || undefined })),
          },
        }),
      ),
    {
      refresh: [['stock']],
      onDone: () => {
        notifications.show({ message: t('stock.bulk.done', { n: rows.length }), color: 'teal' });
        onDone();
        onClose();
      },
    },
  );

  return (
    <Dialog title={t('stock.bulk.title', { n: rows.length })} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (quantity) act.mutate({ quantity, reason, note });
        }}
      >
        <Stack gap="sm">
          <div>{t('stock.bulk.text')}</div>
          <NumberInput
            data-autofocus
            label={t('stock.adjust.quantity')}
            description={quantity ? t('stock.bulk.sum', { n: rows.length, units: quantity * rows.length }) : undefined}
            allowDecimal={false}
            value={quantity ?? ''}
            onChange={(value) => set({ quantity: typeof value === 'number' ? value : undefined })}
            error={tooLow.length > 0 ? t('stock.bulk.too_low', { n: tooLow.length, sku: tooLow[0]?.sku ?? '' }) : undefined}
          />
          <Select
            label={t('stock.adjust.reason')}
            allowDeselect={false}
            data={REASONS.map((each) => ({ value: each, label: t(`reason.${each}`) }))}
            value={reason}
            onChange={(next) => next && set({ reason: next as Input['reason'] })}
          />
          <TextInput
            label={t('stock.adjust.note')}
            value={note}
            maxLength={200}
            onChange={(event) => set({ note: event.currentTarget.value })}
          />
          {rows.length > AT_ONCE && <div className="tone-bad">{t('stock.bulk.too_many', { n: AT_ONCE })}</div>}
          {act.isError && <ProblemNote error={act.error} />}
          <ul className={classes.results}>
            {rows.slice(0, 20).map((row) => (
              <li key={row.sku + row.location} className="num">
                {t('stock.bulk.line', {
                  sku: row.sku,
                  location: row.location,
                  before: row.on_hand,
                  after: row.on_hand + (quantity ?? 0),
                })}
              </li>
            ))}
            {rows.length > 20 && <li>…</li>}
          </ul>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" disabled={!quantity || rows.length > AT_ONCE} loading={act.isPending}>
              {t('stock.bulk.do', { n: rows.length })}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
