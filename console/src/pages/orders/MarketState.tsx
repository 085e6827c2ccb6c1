import { StateBadge } from '~/parts/StateBadge';

/** How far an order of a marketplace has come. A wish to cancel is said where nothing else keeps it from being applied. */
export function MarketState({ order, pill }: { order: { state: string; cancel_requested: boolean }; pill?: boolean }) {
  const wish = order.cancel_requested && order.state === 'applied';
  return wish ? <StateBadge topic="wish" state="cancel" pill={pill} /> : <StateBadge topic="market_order" state={order.state} pill={pill} />;
}
