import type { LinkProps } from '@tanstack/react-router';
import IconLayoutDashboard from '@tabler/icons-react/dist/esm/icons/IconLayoutDashboard.mjs';
import IconPackages from '@tabler/icons-react/dist/esm/icons/IconPackages.mjs';
import IconReceipt from '@tabler/icons-react/dist/esm/icons/IconReceipt.mjs';
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
}

/** The left navigation, in groups; the command palette offers the same places. */
export const PLACES: { title?: Plain; places: Place[] }[] = [
  { places: [{ to: '/', name: 'nav.overview', icon: IconLayoutDashboard }] },
  {
    title: 'nav.goods',
    places: [{ to: '/stock', name: 'nav.stock', icon: IconPackages }],
  },
  {
    title: 'nav.sales',
    places: [{ to: '/orders', name: 'nav.orders', icon: IconReceipt }],
  },
];
