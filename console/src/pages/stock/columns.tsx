import IconPlusMinus from '@tabler/icons-react/dist/esm/icons/IconPlusMinus.mjs';
import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import type { Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { Ago } from '~/parts/Moment';
import { QuickLink } from '~/parts/QuickLink';
import type { Tone } from '~/parts/vocabulary';
import classes from './Stock.module.css';

export type StockRow = Schemas['Stock'];

/** Below so many units a figure is marked. */
const THIN = 5;

/** Whether so many units are too few. */
export function thinness(row: Pick<StockRow, 'available' | 'backorder_limit'>): Tone | undefined {
  if (row.available < 0 || row.available < -row.backorder_limit) return 'bad';
  return row.available < THIN ? 'wait' : undefined;
}

export function useStockColumns(adjust: (row: StockRow) => void): Column<StockRow>[] {
  const { t } = useI18n();
  const may = useMay('stock:write');
  return useMemo(() => {
    const cause = (row: StockRow, tab: 'ledger' | 'holds') => ({
      to: '/stock/$sku' as const,
      params: { sku: row.sku },
      search: { location: row.location, tab },
    });
    return [
      {
        id: 'sku',
        header: t('word.sku'),
        width: 'minmax(124px, 2fr)',
        glimpse: (row) => row.sku,
        cell: (row) => (
          <QuickLink to={{ to: '/stock/$sku', params: { sku: row.sku }, search: { location: row.location } }} className="code">
            {row.sku}
          </QuickLink>
        ),
      },
      { id: 'name', header: t('word.name'), width: 'minmax(114px, 3fr)', from: 894, cell: (row) => <span className="soft" title={row.name ?? undefined}>{row.name}</span> },
      { id: 'location', header: t('word.location'), width: 'minmax(70px, 0.8fr)', from: 560, cell: (row) => row.location },
      {
        id: 'on_hand',
        header: t('figure.on_hand'),
        hint: t('figure.on_hand.hint'),
        width: '88px',
        align: 'end',
        from: 480,
        cell: (row) => <Figure value={row.on_hand} to={cause(row, 'ledger')} label={t('figure.on_hand')} />,
      },
      {
        id: 'reserved',
        header: t('figure.reserved'),
        hint: t('figure.reserved.hint'),
        width: '80px',
        align: 'end',
        from: 640,
        cell: (row) => <Figure value={row.reserved} to={cause(row, 'holds')} label={t('figure.reserved')} />,
      },
      {
        id: 'allocated',
        header: t('figure.allocated'),
        hint: t('figure.allocated.hint'),
        width: '100px',
        align: 'end',
        from: 740,
        cell: (row) => <Figure value={row.allocated} to={cause(row, 'holds')} label={t('figure.allocated')} />,
      },
      {
        id: 'unavailable',
        header: t('figure.unavailable'),
        hint: t('figure.unavailable.hint'),
        width: '100px',
        align: 'end',
        from: 1000,
        cell: (row) => <Figure value={row.unavailable} to={cause(row, 'ledger')} label={t('figure.unavailable')} />,
      },
      {
        id: 'available',
        header: t('figure.available'),
        hint: t('figure.available.hint'),
        width: '92px',
        align: 'end',
        glimpse: (row) => row.available,
        cell: (row) => (
          <strong>
            <Figure value={row.available} to={cause(row, 'ledger')} tone={thinness(row)} label={t('figure.available')} />
          </strong>
        ),
      },
      {
        id: 'changed',
        header: t('word.changed'),
        width: '140px',
        align: 'end',
        from: 1100,
        cell: (row) => <span className="soft">{row.changed_at ? <Ago at={row.changed_at} /> : '–'}</span>,
      },
      {
        id: 'adjust',
        header: t('stock.adjust'),
        bare: true,
        width: '32px',
        cell: (row) => may && (
          <button
            type="button"
            className={classes.adjust}
            title={t('stock.adjust')}
            aria-label={t('stock.adjust.open', { sku: row.sku, location: row.location })}
            onClick={() => adjust(row)}
          >
            <IconPlusMinus size={16} stroke={1.6} />
          </button>
        ),
      },
    ];
  }, [t, adjust, may]);
}
