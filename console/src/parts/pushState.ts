import type { Schemas } from '~/api/client';

type Listing = Schemas['Listing'];

/** How the figure of a listing stands, in the words of a push. */
export function pushState(listing: Listing, shopState: string | undefined): 'pending' | 'confirmed' | 'failed' | 'parked' | 'skipped' {
  if (!listing.sku_id || listing.gone) return 'skipped';
  if (listing.waiting && (shopState === 'disconnected' || shopState === 'paused')) return 'parked';
  if (listing.trouble) return 'failed';
  return listing.waiting ? 'pending' : 'confirmed';
}
