import { Checkbox } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { useI18n } from '~/i18n';
import { DataTable, type Column } from '~/parts/DataTable';
import { Figure } from '~/parts/Figure';
import { Panel } from '~/parts/Page';
import { CHANNEL } from '~/parts/shopNames';
import { StateShape } from '~/parts/StateBadge';
import { MARKETS, sandboxReport, shownOf, type Report } from './control';

type Sku = Report['skus'][number];

/** The figure that a buyer sees on each marketplace, side by side. */
export function Goods() {
  const { t } = useI18n();
  const report = useQuery(sandboxReport());
  const [only, setOnly] = useState(false);
  const rows = useMemo(
    () => (report.data?.skus ?? []).filter((sku) => !only || shownOf(sku).differ),
    [report.data, only],
  );
  const columns = useColumns();
  return (
    <Panel
      title={t('sandbox.goods')}
      aside={<Checkbox size="xs" label={t('sandbox.goods.only')} checked={only} onChange={(event) => setOnly(event.currentTarget.checked)} />}
      flush
    >
      <DataTable
        inline
        label={t('sandbox.goods')}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.seller_sku}
        loading={report.isPending}
        empty={t('imports.none')}
        tone={(row) => (shownOf(row).differ ? 'wait' : undefined)}
      />
    </Panel>
  );
}

function useColumns(): Column<Sku>[] {
  const { t } = useI18n();
  return useMemo(
    () => [
      {
        id: 'sku',
        header: t('word.sku'),
        width: 'minmax(94px, 2fr)',
        cell: (row) => (
          <Link to="/stock/$sku" params={{ sku: row.seller_sku }} className="code">
            {row.seller_sku}
          </Link>
        ),
      },
      ...MARKETS.map(
        (market): Column<Sku> => ({
          id: market,
          header: CHANNEL[market] ?? market,
          width: 'minmax(56px, 110px)',
          align: 'end',
          cell: (row) => {
            const value = shownOf(row).by.get(market);
            const label = CHANNEL[market] ?? market;
            return value === undefined ? '–' : <Figure value={value} label={label} to={{ to: '/stock/$sku', params: { sku: row.seller_sku }, search: { tab: 'channels' } }} />;
          },
        }),
      ),
      { id: 'ordered', header: t('sandbox.goods.ordered'), width: '90px', align: 'end', from: 520, cell: (row) => <Figure value={row.ordered} label={t('sandbox.goods.ordered')} to={{ to: '/stock/$sku', params: { sku: row.seller_sku }, search: { tab: 'ledger' } }} /> },
      {
        id: 'differ',
        header: t('word.state'),
        width: 'minmax(90px, 1fr)',
        from: 620,
        cell: (row) =>
          shownOf(row).differ && (
            <span className="tone-wait">
              <StateShape shape="triangle" tone="wait" /> {t('sandbox.goods.differ')}
            </span>
          ),
      },
    ],
    [t],
  );
}
