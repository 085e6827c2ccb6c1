// Every page and the parameters of its address. A page is fetched when it is opened.

import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { loaded } from './api/reach';
import { Shell } from './shell/Shell';
import { NotFound } from './shell/NotFound';
import { RouteProblem } from './shell/RouteProblem';
import { flag, oneOf, params, parseSearch, stringifySearch, text, whole } from './shell/search';

const late = <T extends Record<string, unknown>, K extends keyof T>(load: () => Promise<T>, name: K) => lazyRouteComponent(() => loaded(load), name);

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });
const under = <const P extends string>(path: P) => ({ getParentRoute: () => root, path });

const overview = createRoute({
  ...under('/'),
  component: late(() => import('./pages/overview/Overview'), 'Overview'),
});

const stock = createRoute({
  ...under('/stock'),
  validateSearch: params({
    q: text,
    location: text,
    below: whole,
  }),
  component: late(() => import('./pages/stock/Stock'), 'Stock'),
});

const sku = createRoute({
  ...under('/stock/$sku'),
  validateSearch: params({
    tab: oneOf('ledger', 'holds', 'channels', 'bundle'),
    location: text,
    as_of: text,
  }),
  component: late(() => import('./pages/sku/Sku'), 'Sku'),
});

const orders = createRoute({
  ...under('/orders'),
  validateSearch: params({
    state: text,
    channel: text,
    reference: text,
    money_due: flag,
    view: oneOf('market'),
    shop: text,
  }),
  component: late(() => import('./pages/orders/Orders'), 'Orders'),
});

const order = createRoute({
  ...under('/orders/$id'),
  component: late(() => import('./pages/orders/Order'), 'OrderPage'),
});

const marketOrder = createRoute({
  ...under('/orders/market/$id'),
  component: late(() => import('./pages/orders/MarketOrder'), 'MarketOrderPage'),
});

const people = createRoute({
  ...under('/people'),
  component: late(() => import('./pages/access/People'), 'People'),
});

const keys = createRoute({
  ...under('/keys'),
  component: late(() => import('./pages/access/Keys'), 'Keys'),
});

const audit = createRoute({
  ...under('/audit'),
  component: late(() => import('./pages/access/Audit'), 'Audit'),
});

const account = createRoute({
  ...under('/account'),
  component: late(() => import('./pages/access/Account'), 'Account'),
});

const attention = createRoute({
  ...under('/attention'),
  validateSearch: params({ all: flag, later: flag }),
  component: late(() => import('./pages/attention/Attention'), 'Attention'),
});

const queues = createRoute({
  ...under('/queues'),
  validateSearch: params({ jobs: oneOf('live'), lane: text, kind: text, shop: text, state: text, code: text }),
  component: late(() => import('./pages/queues/Queues'), 'Queues'),
});

const job = createRoute({
  ...under('/jobs/$id'),
  component: late(() => import('./pages/queues/Job'), 'JobPage'),
});

const shops = createRoute({
  ...under('/shops'),
  component: late(() => import('./pages/shops/Shops'), 'Shops'),
});

const shop = createRoute({
  ...under('/shops/$shop'),
  component: late(() => import('./pages/shops/Shop'), 'ShopPage'),
});

const webhooks = createRoute({
  ...under('/webhooks'),
  validateSearch: params({ shop: text, state: oneOf('unknown_shop') }),
  component: late(() => import('./pages/webhooks/Webhooks'), 'Webhooks'),
});

const mapping = createRoute({
  ...under('/mapping'),
  validateSearch: params({ view: oneOf('mapped', 'history'), shop: text, q: text, listing: whole }),
  component: late(() => import('./pages/listings/Mapping'), 'Mapping'),
});

const sync = createRoute({
  ...under('/pushes'),
  validateSearch: params({ view: oneOf('untold'), shop: text }),
  component: late(() => import('./pages/listings/Sync'), 'Sync'),
});

const drift = createRoute({
  ...under('/drift'),
  component: late(() => import('./pages/listings/Drift'), 'Drift'),
});

const reservations = createRoute({
  ...under('/reservations'),
  validateSearch: params({ view: oneOf('all') }),
  component: late(() => import('./pages/orders/Reservations'), 'Reservations'),
});

const imports = createRoute({
  ...under('/imports'),
  component: late(() => import('./pages/imports/Imports'), 'Imports'),
});

const sandbox = createRoute({
  ...under('/sandbox'),
  component: late(() => import('./pages/sandbox/Sandbox'), 'Sandbox'),
});

const rehearsal = createRoute({
  ...under('/rehearsal'),
  component: late(() => import('./pages/rehearsal/Rehearsal'), 'RehearsalPage'),
});

export const router = createRouter({
  routeTree: root.addChildren([imports, sandbox, overview, attention, queues, job, stock, sku, orders, order, marketOrder, people, keys, audit, account, shops, shop, webhooks, mapping, sync, drift, reservations, rehearsal]),
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultErrorComponent: RouteProblem,
  scrollRestoration: true,
  scrollToTopSelectors: ['#main'],
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
