import { Autocomplete, Button, Group, NumberInput, Stack } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useAct } from '~/api/act';
import { api, take, type Schemas } from '~/api/client';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';
import type { Mapped } from '~/pages/listings/changes';
import { isChanged, MAPPING_REFRESH, mapListing } from '~/pages/listings/mapListing';

/** Says whose stock a listing sells. */
export function MapDialog({ listing, onClose }: { listing: number; onClose: () => void }) {
  const { t } = useI18n();
  const about = useQuery({
    queryKey: ['listings', 'one', listing],
    queryFn: () => take(api.GET('/v1/listings/{id}', { params: { path: { id: listing } } })),
  });
  const [sku, setSku] = useState<string>();
  const [quantity, setQuantity] = useState(1);
  const wanted = sku ?? about.data?.seller_sku ?? '';
  const [asked] = useDebouncedValue(wanted, 150);
  const known = useQuery({
    queryKey: ['skus', 'prefix', asked],
    enabled: asked.length > 0,
    queryFn: () => take(api.GET('/v1/skus', { params: { query: { prefix: asked, limit: 8 } } })),
  });
  // As it was when the dialog was opened: what is read again meanwhile is not what somebody has decided on.
  const [seen, setSeen] = useState(about.data);
  if (!seen && about.data) setSeen(about.data);
  const act = useAct(({ row, to }: { row: Schemas['Listing']; to: Mapped }, key: string) => mapListing(row, to, key), {
    refresh: MAPPING_REFRESH,
    onDone: onClose,
  });
  return (
    <Dialog title={t('attention.map.title')} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (seen) act.mutate({ row: seen, to: { sku: wanted.trim(), units: quantity } });
        }}
      >
        <Stack gap="sm">
          {about.data && <div>{t('attention.map.listing', { id: String(listing), title: about.data.title })}</div>}
          {about.isError && <ProblemNote error={about.error} />}
          <Autocomplete
            data-autofocus
            // A list that nobody has asked for would take the first Escape, and the dialog only the second.
            openOnFocus={false}
            label={t('attention.map.sku')}
            value={wanted}
            onChange={setSku}
            data={(known.data?.data ?? []).map((each) => each.sku)}
            filter={({ options }) => options}
          />
          <NumberInput
            label={t('attention.map.quantity')}
            min={1}
            allowDecimal={false}
            value={quantity}
            onChange={(value) => setQuantity(Number(value) || 1)}
          />
          <div className="soft">{t('attention.map.text')}</div>
          {act.isError && <ProblemNote error={act.error} advice={isChanged(act.error) ? t('mapping.map.changed') : undefined} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            <Button type="submit" disabled={!seen || !wanted.trim()} loading={act.isPending}>
              {t('attention.map.do')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
