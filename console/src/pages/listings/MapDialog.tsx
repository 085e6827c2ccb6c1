import { Button, Group, NumberInput, Radio, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useAct } from '~/api/act';
import type { Schemas } from '~/api/client';
import { ProblemError } from '~/api/problem';
import { skuStock, suggestions } from '~/api/queries';
import { useMay } from '~/api/session';
import { useI18n } from '~/i18n';
import { Dialog } from '~/parts/Dialog';
import { ProblemNote } from '~/parts/ProblemNote';
import { wordOf } from '~/parts/words';
import type { Mapped } from './changes';
import { isChanged, MAPPING_REFRESH, mapListing } from './mapListing';

type Listing = Schemas['Listing'];

/** What a listing sells: one of the suggestions, or any SKU by its code. */
export function MapDialog({ listing, onClose }: { listing: Listing; onClose: () => void }) {
  const { t } = useI18n();
  const may = useMay('stock:write');
  const query = useQuery(suggestions(listing.id));
  const [sku, setSku] = useState(listing.sku ?? '');
  const [units, setUnits] = useState<number | string>(listing.quantity ?? 1);
  const act = useAct((to: Mapped, key: string) => mapListing(listing, to, key), {
    refresh: MAPPING_REFRESH,
    onDone: (_done, to) => {
      notifications.show({ message: t(to ? 'mapping.done' : 'mapping.undone'), color: 'teal' });
      onClose();
    },
  });
  const found = query.data?.data ?? [];
  return (
    <Dialog title={t('mapping.map.title')} onClose={onClose} size={520}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          act.mutate({ sku, units: Number(units) || 1 });
        }}
      >
        <Stack gap="sm">
          <div>
            <strong>{listing.title}</strong> <span className="code soft">{listing.seller_sku}</span>{' '}
            <Link to="/mapping" search={{ view: 'history', listing: listing.id }} onClick={onClose}>
              {t('mapping.history.of')}
            </Link>
          </div>
          {query.isError && <ProblemNote error={query.error} />}
          {query.data &&
            (found.length > 0 ? (
              <Radio.Group label={t('mapping.map.suggested')} value={sku} onChange={setSku}>
                <Stack gap={6} mt={6}>
                  {found.map((each) => (
                    <Radio
                      key={each.sku}
                      value={each.sku}
                      label={
                        <span>
                          <span className="code">{each.sku}</span> {each.name}
                        </span>
                      }
                      description={t('mapping.map.score', { n: each.score, reason: wordOf(t, 'mapping.reason', each.reason) })}
                    />
                  ))}
                </Stack>
              </Radio.Group>
            ) : (
              <div className="soft">{t('mapping.map.none')}</div>
            ))}
          <TextInput data-autofocus required label={t('mapping.map.sku')} value={sku} onChange={(e) => setSku(e.currentTarget.value)} />
          <NumberInput label={t('mapping.map.units')} min={1} max={10_000} allowDecimal={false} value={units} onChange={setUnits} />
          <Effect sku={sku} />
          {act.isError && <ProblemNote error={act.error} advice={isChanged(act.error) ? t('mapping.map.changed') : undefined} />}
          <Group justify="flex-end">
            {listing.sku && may && (
              <Button variant="light" color="red" loading={act.isPending} onClick={() => act.mutate(null)}>
                {t('mapping.unmap')}
              </Button>
            )}
            <Button variant="default" onClick={onClose}>
              {t('cancel')}
            </Button>
            {may && (
              <Button type="submit" loading={act.isPending} disabled={!sku}>
                {t('mapping.map')}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

/** What there is of the SKU that was named, and what follows from the mapping. */
function Effect({ sku }: { sku: string }) {
  const { t } = useI18n();
  const [asked] = useDebouncedValue(sku.trim(), 200);
  const stock = useQuery({ ...skuStock(asked), enabled: asked !== '' });
  const unknown = stock.error instanceof ProblemError && stock.error.problem.status === 404;
  return (
    <div className="soft">
      {stock.data && <>{t('mapping.map.available', { sku: stock.data.sku, n: stock.data.available })} </>}
      {unknown ? t('mapping.map.unknown') : t('mapping.map.effect')}
    </div>
  );
}
