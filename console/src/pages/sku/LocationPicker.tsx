import { Button, Select } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import type { Schemas } from '~/api/client';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { useKey } from '~/shell/keyboard';
import { AdjustDialog } from '~/pages/stock/AdjustDialog';
import { BulkPush } from '~/pages/stock/BulkPush';

const route = getRouteApi('/stock/$sku');

/** Which location is looked at, and the adjustment of its stock. */
export function LocationPicker({ sku, rows, location }: { sku: string; rows: Schemas['Stock'][]; location: string }) {
  const { t, f } = useI18n();
  const navigate = route.useNavigate();
  const may = useMay('stock:write');
  const [open, setOpen] = useState(false);
  const [pushing, setPushing] = useState(false);
  useKey('a', () => setOpen(may));
  useKey('p', () => setPushing(may));
  return (
    <>
      {rows.length > 1 && (
        <Select
          size="xs"
          w={170}
          allowDeselect={false}
          aria-label={t('word.location')}
          data={rows.map((row) => ({ value: row.location, label: `${row.location} · ${f.number(row.available)}` }))}
          value={location}
          onChange={(next) => void navigate({ search: (before) => ({ ...before, location: next ?? undefined }) })}
        />
      )}
      {may && (
        <Button size="xs" h={32} onClick={() => setOpen(true)}>
          {t('stock.adjust')}
        </Button>
      )}
      {pushing && <BulkPush rows={[{ sku }]} onClose={() => setPushing(false)} />}
      {open && <AdjustDialog sku={sku} location={location} onClose={() => setOpen(false)} />}
    </>
  );
}
