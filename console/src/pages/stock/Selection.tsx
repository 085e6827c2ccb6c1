import { Button } from '@mantine/core';
import { useCallback, useState } from 'react';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { useBoxColumn } from '~/parts/BoxColumn';
import type { Column } from '~/parts/DataTable';
import { csv, download } from '~/parts/csv';
import { BulkAdjust } from './BulkAdjust';
import { BulkPush } from './BulkPush';
import type { StockRow } from './columns';
import classes from './Stock.module.css';

export const keyOf = (row: StockRow) => `${row.sku}\n${row.location}`;

/** Rows that are chosen, by key. A row stays chosen when a filter hides it, and the bar says how many there are. */
export function useSelection() {
  const [chosen, setChosen] = useState<ReadonlyMap<string, StockRow>>(new Map());
  const toggle = useCallback(
    (row: StockRow) =>
      setChosen((before) => {
        const next = new Map(before);
        if (!next.delete(keyOf(row))) next.set(keyOf(row), row);
        return next;
      }),
    [],
  );
  const add = useCallback(
    (rows: readonly StockRow[]) => setChosen((before) => new Map([...before, ...rows.map((row) => [keyOf(row), row] as const)])),
    [],
  );
  return { chosen, toggle, add, clear: () => setChosen(new Map()) };
}

/** The column of boxes. */
export function useChoiceColumn(chosen: ReadonlyMap<string, StockRow>, toggle: (row: StockRow) => void): Column<StockRow> {
  const { t } = useI18n();
  const isChosen = useCallback((row: StockRow) => chosen.has(keyOf(row)), [chosen]);
  const label = useCallback((row: StockRow) => t('stock.choose.row', { sku: row.sku, location: row.location }), [t]);
  return useBoxColumn(isChosen, toggle, label);
}

/** What can be done with the rows that are chosen. */
export function SelectionBar({ rows, clear }: { rows: StockRow[]; clear: () => void }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const [open, setOpen] = useState<'adjust' | 'push'>();
  const close = () => setOpen(undefined);
  if (rows.length === 0) return null;
  return (
    <div className={classes.bar} role="region" aria-label={t('stock.chosen', { n: rows.length })}>
      <strong>{t('stock.chosen', { n: rows.length })}</strong>
      {may && (
        <>
          <Button size="compact-sm" onClick={() => setOpen('adjust')}>
            {t('stock.adjust')}
          </Button>
          <Button size="compact-sm" variant="default" onClick={() => setOpen('push')}>
            {t('sku.channels.push')}
          </Button>
        </>
      )}
      <Button size="compact-sm" variant="default" onClick={() => exportRows(rows)}>
        {t('stock.export')}
      </Button>
      <Button size="compact-sm" variant="subtle" color="gray" onClick={clear}>
        {t('stock.choose.none')}
      </Button>
      {open === 'adjust' && <BulkAdjust rows={rows} onClose={close} onDone={clear} />}
      {open === 'push' && <BulkPush rows={rows} onClose={close} onDone={clear} />}
    </div>
  );
}

const FIELDS = ['sku', 'location', 'on_hand', 'reserved', 'allocated', 'unavailable', 'available', 'changed_at'] as const;

/** Gives rows as a file. */
export function exportRows(rows: StockRow[]) {
  download('stock.csv', csv([...FIELDS], rows.map((row) => FIELDS.map((field) => row[field]))));
}
