import { useMemo } from 'react';
import { useI18n } from '~/i18n';
import type { Column } from './DataTable';
import classes from './BoxColumn.module.css';

/** A column of boxes that choose rows, shown as `Column.from` says. What it is given must be stable, as must the column. */
export function useBoxColumn<Row>(
  isChosen: (row: Row) => boolean,
  toggle: (row: Row) => void,
  label: (row: Row) => string,
  from?: number,
): Column<Row> {
  const { t } = useI18n();
  return useMemo(
    () => ({
      id: 'choose',
      header: t('stock.choose'),
      bare: true,
      width: '22px',
      from,
      cell: (row) => (
        <input
          type="checkbox"
          className={classes.box}
          aria-label={label(row)}
          checked={isChosen(row)}
          onChange={() => toggle(row)}
        />
      ),
    }),
    [t, isChosen, toggle, label, from],
  );
}
