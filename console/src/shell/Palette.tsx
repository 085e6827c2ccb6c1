import { Modal } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import IconBuildingStore from '@tabler/icons-react/dist/esm/icons/IconBuildingStore.mjs';
import IconClockPause from '@tabler/icons-react/dist/esm/icons/IconClockPause.mjs';
import IconListCheck from '@tabler/icons-react/dist/esm/icons/IconListCheck.mjs';
import IconPackage from '@tabler/icons-react/dist/esm/icons/IconPackage.mjs';
import IconReceipt from '@tabler/icons-react/dist/esm/icons/IconReceipt.mjs';
import IconSearch from '@tabler/icons-react/dist/esm/icons/IconSearch.mjs';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { Schemas } from '~/api/client';
import { found } from '~/api/queries';
import { useI18n } from '~/i18n';
import { CHANNEL, shortReference } from '~/parts/shopNames';
import { useKey } from './keyboard';
import { usePlaces } from './places';
import classes from './Palette.module.css';

interface Hit {
  id: string;
  label: string;
  note?: string;
  icon: ReactNode;
  open: () => void;
}

const FEW = 6;

/** Goods, orders, reservations, shops, jobs and pages that fit, in groups. */
function useHits(text: string): { title: string; hits: Hit[] }[] {
  const { t } = useI18n();
  const navigate = useNavigate();
  const [asked] = useDebouncedValue(text.trim(), 120);
  const answer = useQuery({ ...found(asked, FEW), enabled: asked.length >= 2 });
  const wanted = text.trim().toLowerCase();
  const known = usePlaces();
  const places = known.flatMap(({ places: each }) => each).filter(({ name }) => t(name).toLowerCase().includes(wanted));
  const of = (kind: string) => (answer.data ?? []).filter((hit) => hit.kind === kind);
  const shown = ({ id, title }: Schemas['Hit']) => ({ id, label: id, note: title ?? undefined });
  const groups: { title: string; hits: Hit[] }[] = [
    {
      title: t('palette.goods'),
      hits: of('sku').map((sku) => ({
        ...shown(sku),
        icon: <IconPackage size={18} stroke={1.6} />,
        open: () => void navigate({ to: '/stock/$sku', params: { sku: sku.id } }),
      })),
    },
    {
      title: t('palette.orders'),
      hits: [...of('order'), ...of('market_order')].map((order) => ({
        id: order.id,
        label: shortReference(order.title) ?? order.id,
        note: order.channel ? (CHANNEL[order.channel] ?? order.channel) : undefined,
        icon: <IconReceipt size={18} stroke={1.6} />,
        open: () => void navigate({ to: order.kind === 'order' ? '/orders/$id' : '/orders/market/$id', params: { id: order.id } }),
      })),
    },
    {
      title: t('nav.reservations'),
      hits: of('reservation').map((hold) => ({
        ...shown(hold),
        icon: <IconClockPause size={18} stroke={1.6} />,
        open: () => void navigate({ to: '/reservations', search: { view: 'all' } }),
      })),
    },
    {
      title: t('nav.shops'),
      hits: of('shop').map((shop) => ({
        ...shown(shop),
        icon: <IconBuildingStore size={18} stroke={1.6} />,
        open: () => void navigate({ to: '/shops/$shop', params: { shop: shop.id } }),
      })),
    },
    {
      title: t('nav.queues'),
      hits: of('job').map((job) => ({
        ...shown(job),
        icon: <IconListCheck size={18} stroke={1.6} />,
        open: () => void navigate({ to: '/jobs/$id', params: { id: job.id } }),
      })),
    },
    {
      title: t('palette.pages'),
      hits: places.map(
        ({ to, name, icon: Icon }): Hit => ({
          id: to,
          label: t(name),
          icon: <Icon size={18} stroke={1.6} />,
          open: () => void navigate({ to }),
        }),
      ),
    },
  ];
  return groups.filter(({ hits }) => hits.length > 0);
}

/** `/` and Ctrl+K: pages, goods and orders by the same field. */
export function Palette({ opened, onOpen, onClose }: { opened: boolean; onOpen: () => void; onClose: () => void }) {
  const { t } = useI18n();
  useKey('/', onOpen);
  useEffect(() => {
    const listen = (event: globalThis.KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      onOpen();
    };
    window.addEventListener('keydown', listen);
    return () => window.removeEventListener('keydown', listen);
  }, [onOpen]);
  return (
    <Modal.Root opened={opened} onClose={onClose} size={580} yOffset={80} lockScroll={false} transitionProps={{ duration: 80 }}>
      <Modal.Overlay backgroundOpacity={0.35} />
      <Modal.Content aria-label={t('search')}>{opened && <PaletteBody onClose={onClose} />}</Modal.Content>
    </Modal.Root>
  );
}

function PaletteBody({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const id = useId();
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState(0);
  const groups = useHits(text);
  const hits = groups.flatMap((group) => group.hits);
  const at = Math.min(chosen, hits.length - 1);
  useEffect(() => {
    // In braces: newer browsers answer with a promise, which React would take for what undoes the effect.
    document.getElementById(`${id}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, at]);

  const open = (hit: Hit | undefined) => {
    if (!hit) return;
    onClose();
    hit.open();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((at + step + hits.length) % Math.max(1, hits.length));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      open(hits[at]);
    }
  };

  return (
    <>
      <div className={classes.field}>
        <IconSearch size={19} stroke={1.6} />
        <input
          data-autofocus
          role="combobox"
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={hits.length > 0 ? `${id}-${at}` : undefined}
          aria-label={t('search')}
          placeholder={t('search.hint')}
          value={text}
          onKeyDown={onKeyDown}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setChosen(0);
          }}
        />
        <kbd>Esc</kbd>
      </div>
      <div className={classes.list} id={`${id}-list`} role="listbox" aria-label={t('search')}>
        {groups.map(({ title, hits: own }) => (
          <div key={title} role="group" aria-label={title}>
            <div className={classes.title} aria-hidden="true">
              {title}
            </div>
            {own.map((hit) => {
              const place = hits.indexOf(hit);
              return (
                <div
                  key={hit.id}
                  id={`${id}-${place}`}
                  role="option"
                  aria-selected={place === at}
                  className={classes.hit}
                  onPointerMove={() => setChosen(place)}
                  onClick={() => open(hit)}
                >
                  {hit.icon}
                  <span className="clip">{hit.label}</span>
                  <span className="soft clip">{hit.note}</span>
                </div>
              );
            })}
          </div>
        ))}
      </div>
      {hits.length === 0 && <p className={classes.nothing}>{t('palette.nothing')}</p>}
    </>
  );
}
