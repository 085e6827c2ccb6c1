import { Autocomplete } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useI18n } from '~/i18n';
import { sandboxReport } from './control';

/** A SKU that the marketplaces list. */
export function SkuField({ value, onChange }: { value: string; onChange: (sku: string) => void }) {
  const { t } = useI18n();
  const report = useQuery(sandboxReport());
  const skus = useMemo(() => report.data?.skus.map((sku) => sku.seller_sku) ?? [], [report.data]);
  return <Autocomplete size="xs" w={190} label={t('sandbox.sell.sku')} data={skus} limit={12} value={value} onChange={onChange} />;
}
