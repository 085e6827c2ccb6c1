import type { LinkProps } from '@tanstack/react-router';
import IconBellRinging from '@tabler/icons-react/dist/esm/icons/IconBellRinging.mjs';
import IconLayoutDashboard from '@tabler/icons-react/dist/esm/icons/IconLayoutDashboard.mjs';
import IconFileImport from '@tabler/icons-react/dist/esm/icons/IconFileImport.mjs';
import IconFlask from '@tabler/icons-react/dist/esm/icons/IconFlask.mjs';
import IconPackages from '@tabler/icons-react/dist/esm/icons/IconPackages.mjs';
import IconListCheck from '@tabler/icons-react/dist/esm/icons/IconListCheck.mjs';
import IconReceipt from '@tabler/icons-react/dist/esm/icons/IconReceipt.mjs';
import IconArrowsJoin from '@tabler/icons-react/dist/esm/icons/IconArrowsJoin.mjs';
import IconBuildingStore from '@tabler/icons-react/dist/esm/icons/IconBuildingStore.mjs';
import IconClockPause from '@tabler/icons-react/dist/esm/icons/IconClockPause.mjs';
import IconScale from '@tabler/icons-react/dist/esm/icons/IconScale.mjs';
import IconBolt from '@tabler/icons-react/dist/esm/icons/IconBolt.mjs';
import IconUpload from '@tabler/icons-react/dist/esm/icons/IconUpload.mjs';
import IconHistory from '@tabler/icons-react/dist/esm/icons/IconHistory.mjs';
import IconKey from '@tabler/icons-react/dist/esm/icons/IconKey.mjs';
import IconWebhook from '@tabler/icons-react/dist/esm/icons/IconWebhook.mjs';
import IconUsers from '@tabler/icons-react/dist/esm/icons/IconUsers.mjs';
import type { ComponentType } from 'react';
import type { Scope } from '~/api/session';
import type { Plain } from '~/i18n';

export interface Place {
  to: NonNullable<LinkProps['to']>;
  name: Plain;
  icon: ComponentType<{ size?: number; stroke?: number }>;
  /** Which count stands beside it. */
  count?: 'attention' | 'dead';
  /** Who sees it; everybody when missing. */
  scope?: Scope;
  /** Only on servers that have it. */
  only?: 'sandbox';
}

/** The left navigation, in groups; the command palette offers the same places. */
export const PLACES: { title?: Plain; places: Place[] }[] = [
  {
    places: [
      { to: '/', name: 'nav.overview', icon: IconLayoutDashboard },
      { to: '/attention', name: 'nav.attention', icon: IconBellRinging, count: 'attention' },
    ],
  },
  {
    title: 'nav.goods',
    places: [{ to: '/stock', name: 'nav.stock', icon: IconPackages },
      { to: '/imports', name: 'nav.imports', icon: IconFileImport, scope: 'stock:write' }],
  },
  {
    title: 'nav.sales',
    places: [
      { to: '/orders', name: 'nav.orders', icon: IconReceipt },
      { to: '/reservations', name: 'nav.reservations', icon: IconClockPause },
      { to: '/rehearsal', name: 'nav.rehearsal', icon: IconBolt },
    ],
  },
  {
    title: 'nav.channels',
    places: [
      { to: '/shops', name: 'nav.shops', icon: IconBuildingStore },
      { to: '/mapping', name: 'nav.mapping', icon: IconArrowsJoin },
      { to: '/pushes', name: 'nav.sync', icon: IconUpload },
      { to: '/drift', name: 'nav.drift', icon: IconScale },
      { to: '/webhooks', name: 'nav.webhooks', icon: IconWebhook, scope: 'orders:read' },
    ],
  },
  {
    title: 'nav.engine',
    places: [
      { to: '/queues', name: 'nav.queues', icon: IconListCheck, count: 'dead' },
      { to: '/sandbox', name: 'nav.sandbox', icon: IconFlask, scope: 'admin', only: 'sandbox' },
    ],
  },
  {
    title: 'nav.access',
    places: [
      { to: '/people', name: 'nav.people', icon: IconUsers, scope: 'admin' },
      { to: '/keys', name: 'nav.keys', icon: IconKey, scope: 'admin' },
      { to: '/audit', name: 'nav.audit', icon: IconHistory, scope: 'audit:read' },
    ],
  },
];
