import { Spotlight, spotlight } from '@mantine/spotlight';
import IconPackage from '@tabler/icons-react/dist/esm/icons/IconPackage.mjs';
import IconReceipt from '@tabler/icons-react/dist/esm/icons/IconReceipt.mjs';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState, type ReactNode } from 'react';
import { api, take } from '~/api/client';
import { useI18n } from '~/i18n';
import { PLACES } from './nav';
import { useKey } from './keyboard';

interface Hit {
  id: string;
  label: string;
  note?: string;
  icon: ReactNode;
  open: () => void;
}

const FEW = 6;

/** Goods and orders by the beginning of a code, an id or a reference. */
function useFound(text: string) {
  return useQuery({
    queryKey: ['search', text],
    enabled: text.length >= 2,
    queryFn: async ({ signal }) => {
      const code = text.toUpperCase();
      const prefixes = [...new Set([text, code])];
      const [orders, ...goods] = await Promise.all([
        text.startsWith('ord_')
          ? take(api.GET('/v1/orders/{id}', { params: { path: { id: text } }, signal })).then(
              (order) => [order],
              () => [],
            )
          : take(api.GET('/v1/orders', { params: { query: { reference: text, limit: FEW } }, signal })).then((list) => list.data),
        ...prefixes.map((prefix) =>
          take(api.GET('/v1/skus', { params: { query: { prefix, limit: FEW } }, signal })).then((list) => list.data),
        ),
      ]);
      const skus = [...new Map(goods.flat().map((sku) => [sku.sku, sku])).values()];
      return { skus: skus.slice(0, FEW), orders };
    },
    staleTime: 10_000,
    retry: false,
  });
}

/** `/` and Ctrl+K: pages, goods and orders by the same field. */
export function Palette() {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const [asked] = useDebouncedValue(text.trim(), 150);
  const found = useFound(asked);
  useKey('/', spotlight.open);

  const wanted = text.trim().toLowerCase();
  const places = PLACES.flatMap(({ places: each }) => each).filter(({ name }) => t(name).toLowerCase().includes(wanted));
  const groups: { title: string; hits: Hit[] }[] = [
    {
      title: t('palette.pages'),
      hits: places.map(({ to, name, icon: Icon }) => ({
        id: to,
        label: t(name),
        icon: <Icon size={18} stroke={1.6} />,
        open: () => void navigate({ to }),
      })),
    },
    {
      title: t('palette.goods'),
      hits: (found.data?.skus ?? []).map((sku) => ({
        id: sku.id,
        label: sku.sku,
        note: sku.name,
        icon: <IconPackage size={18} stroke={1.6} />,
        open: () => void navigate({ to: '/stock/$sku', params: { sku: sku.sku } }),
      })),
    },
    {
      title: t('palette.orders'),
      hits: (found.data?.orders ?? []).map((order) => ({
        id: order.id,
        label: order.reference ?? order.id,
        note: `${order.channel} · ${order.id}`,
        icon: <IconReceipt size={18} stroke={1.6} />,
        open: () => void navigate({ to: '/orders/$id', params: { id: order.id } }),
      })),
    },
  ].filter(({ hits }) => hits.length > 0);

  return (
    <Spotlight.Root query={text} onQueryChange={setText} shortcut="mod + K" lockScroll={false} clearQueryOnClose>
      <Spotlight.Search
        placeholder={t('search.hint')}
        aria-label={t('search')}
        leftSection={<IconSearch size={18} stroke={1.6} />}
      />
      <Spotlight.ActionsList>
        {groups.map(({ title, hits }) => (
          <Spotlight.ActionsGroup key={title} label={title}>
            {hits.map((hit) => (
              <Spotlight.Action
                key={hit.id}
                label={hit.label}
                description={hit.note}
                leftSection={hit.icon}
                onClick={hit.open}
              />
            ))}
          </Spotlight.ActionsGroup>
        ))}
        {groups.length === 0 && <Spotlight.Empty>{t('palette.nothing')}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
