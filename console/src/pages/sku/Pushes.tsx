import { useMemo } from 'react';
import type { Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import type { Column } from '~/parts/DataTable';
import { At } from '~/parts/Moment';
import { PushTable } from '~/parts/PushTable';
import { useShopNames } from '~/parts/shopNames';

type Push = Schemas['Push'];

/** What the shops were told of a SKU, newest first, and where the time went. */
export function Pushes({ sku }: { sku: string }) {
  const { t } = useI18n();
  return <PushTable of={{ sku }} title={t('sku.pushes')} empty={t('sku.pushes.empty')} columns={useColumns()} />;
}

function useColumns(): Column<Push>[] {
  const { t, f } = useI18n();
  const names = useShopNames();
  return useMemo(
    () => [
      { id: 'at', header: t('word.when'), width: 'minmax(94px, 128px)', cell: (row) => <At at={row.at} date /> },
      { id: 'shop', header: t('word.shop'), width: 'minmax(80px, 1fr)', cell: (row) => names.ofCode(row.shop) },
      {
        id: 'change',
        header: t('sku.pushes.told'),
        width: '110px',
        align: 'end',
        from: 400,
        cell: (row) => `${typeof row.from === 'number' ? f.number(row.from) : '–'} → ${f.number(row.to)}`,
      },
      ...(['wait_ms', 'limit_ms', 'network_ms'] as const).map(
        (part): Column<Push> => ({
          id: part,
          header: t(`sku.pushes.${part}`),
          width: '92px',
          align: 'end',
          from: 760,
          cell: (row) => <span className="soft">{f.duration(row[part])}</span>,
        }),
      ),
      { id: 'total', header: t('sku.pushes.total'), width: '64px', align: 'end', cell: (row) => <strong>{f.duration(row.total_ms)}</strong> },
    ],
    [t, f, names],
  );
}
