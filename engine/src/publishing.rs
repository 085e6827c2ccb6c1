//! What a shop would be told about a listing, from what is true now: for pushes and for the preview.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::listing::ListingState;
use onhand_rules::publish::{Published, figure};
use onhand_rules::shop::Shop;
use onhand_rules::{Listing, LocationId, Quantities, Sku, SkuId, Stock, StockKey};
use onhand_store::{Reads, StoreError};

/// What stands behind one listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What the shop is told, and why. `None`: nothing, because nobody has mapped the listing, or no stock of the SKU was
    /// ever recorded at the shop's location (unknown is not zero).
    pub published: Option<Published>,
    /// Code of the SKU.
    pub sku: Option<String>,
    /// The stock rows behind it, with units of each in one unit of the listing.
    pub parts: Vec<(StockKey, Quantities, i64)>,
}

/// What each of these listings of one shop would be told, in order. `maximum` is the most that its marketplace takes.
///
/// # Errors
/// What the store says.
pub async fn told(
    reads: &dyn Reads,
    shop: &Shop,
    maximum: i64,
    listings: &[Listing],
) -> Result<Vec<Told>, StoreError> {
    let Some(location) = reads.location(&shop.settings.location).await? else {
        return Ok(listings.iter().map(|_| Told { published: None, sku: None, parts: Vec::new() }).collect());
    };
    let skus = skus_of(reads, listings).await?;
    let keys: BTreeSet<StockKey> = listings
        .iter()
        .flat_map(|listing| parts_of(listing, &skus, location.id))
        .map(|(key, _)| key)
        .collect();
    let keys: Vec<StockKey> = keys.into_iter().collect();
    let rows: BTreeMap<StockKey, Stock> =
        reads.stock_rows(&keys).await?.into_iter().map(|row| (row.key, row)).collect();
    // The clock is only asked where a speed counts.
    let by_speed =
        |listing: &Listing| listing.rule.as_ref().unwrap_or(&shop.settings.rule).velocity.is_some();
    let now = if listings.iter().any(by_speed) { reads.now().await? } else { 0 };
    let one = |listing| told_one(shop, maximum, listing, now, &skus, location.id, &rows);
    Ok(listings.iter().map(one).collect())
}

fn told_one(
    shop: &Shop,
    maximum: i64,
    listing: &Listing,
    now: i64,
    skus: &BTreeMap<SkuId, Sku>,
    location: LocationId,
    rows: &BTreeMap<StockKey, Stock>,
) -> Told {
    let needed = parts_of(listing, skus, location);
    let known = needed.iter().any(|(key, _)| rows.contains_key(key));
    let parts: Vec<(StockKey, Quantities, i64)> = needed
        .into_iter()
        .map(|(key, units)| (key, rows.get(&key).map(|row| row.figures).unwrap_or_default(), units))
        .collect();
    let rule = listing.rule.as_ref().unwrap_or(&shop.settings.rule);
    let figures: Vec<(Quantities, i64)> =
        parts.iter().map(|(_, figures, units)| (*figures, *units)).collect();
    let sold = listing.sales.in_an_hour(now);
    let published = (known && listing.state == ListingState::Active)
        .then(|| figure(rule, shop.id, &figures, sold, maximum));
    let sku = listing.mapping.and_then(|mapping| skus.get(&mapping.sku)).map(|sku| sku.code.clone());
    Told { published, sku, parts }
}

fn parts_of(listing: &Listing, skus: &BTreeMap<SkuId, Sku>, location: LocationId) -> Vec<(StockKey, i64)> {
    let Some(mapping) = listing.mapping else { return Vec::new() };
    let Some(sku) = skus.get(&mapping.sku) else { return Vec::new() };
    if sku.is_bundle() {
        let part = |component: &onhand_rules::Component| {
            let key = StockKey { sku: component.sku, location };
            (key, component.quantity.saturating_mul(mapping.quantity))
        };
        sku.components.iter().map(part).collect()
    } else {
        vec![(StockKey { sku: sku.id, location }, mapping.quantity)]
    }
}

async fn skus_of(reads: &dyn Reads, listings: &[Listing]) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
    let ids: BTreeSet<SkuId> = listings.iter().filter_map(|l| l.mapping).map(|mapping| mapping.sku).collect();
    let ids: Vec<SkuId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(reads.skus_by_id(&ids).await?.into_iter().map(|sku| (sku.id, sku)).collect())
}
