import { api, take, type Schemas } from '~/api/client';
import { matchOf } from '~/api/match';
import { toProblem } from '~/api/problem';
import { mappedOf, type Mapped } from './changes';

/** What a mapping makes old: orders that waited for it go on. */
export const MAPPING_REFRESH = [['listings'], ['market-orders'], ['notices'], ['orders'], ['mapping-history']];

type Listing = Schemas['Listing'];

/** Why a mapping was refused, where somebody else has changed it meanwhile: what that means is said better here than in general. */
export const isChanged = (error: unknown): boolean => toProblem(error).status === 412;

/** Maps a listing, or takes its mapping away; refused when somebody has mapped it otherwise since it was seen. */
export async function mapListing(listing: Listing, to: Mapped, key: string) {
  const path = { id: listing.id };
  const match = await matchOf(key, listing, mappedOf, () => take(api.GET('/v1/listings/{id}', { params: { path } })));
  const header = { 'Idempotency-Key': key, 'If-Match': match };
  return take(api.POST('/v1/listings/{id}/map', { params: { path, header }, body: to ? { sku: to.sku, quantity: to.units } : {} }));
}
