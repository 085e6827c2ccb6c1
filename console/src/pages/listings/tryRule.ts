import { api, take, type Schemas } from '~/api/client';

type Row = Schemas['RulePreview'];
type Rule = Schemas['Rule'];

/** Listings looked at in one go: beyond that, whoever wants all asks the API. */
export const MOST = 2_000;

/** The listings of a shop under another rule, a page at a time, by their numbers. Nothing is changed by it. */
async function* pagesOf(shop: string, rule: Rule): AsyncGenerator<{ rows: Row[]; more: boolean }> {
  let cursor: string | undefined;
  let seen = 0;
  do {
    const page = await take(api.POST('/v1/shops/{shop}/preview', { params: { path: { shop } }, body: { rule, limit: 200, cursor } }));
    cursor = page.has_more ? (page.next_cursor ?? undefined) : undefined;
    seen += page.data.length;
    yield { rows: page.data, more: cursor !== undefined };
  } while (cursor && seen < MOST);
}

/** Every listing of the shop under this rule. */
export async function tryOnShop({ shop, rule }: { shop: string; rule: Rule }): Promise<{ rows: Row[]; more: boolean }> {
  const all: Row[] = [];
  let rest = false;
  for await (const { rows, more } of pagesOf(shop, rule)) {
    all.push(...rows);
    rest = more;
  }
  return { rows: all, more: rest };
}

/** One listing of the shop under this rule; nothing when there are too many before it. */
export async function tryOnListing({ shop, rule, listing }: { shop: string; rule: Rule; listing: number }): Promise<Row | undefined> {
  for await (const { rows } of pagesOf(shop, rule)) {
    const found = rows.find((row) => row.listing === listing);
    if (found) return found;
  }
  return undefined;
}
