//! What a shop would be told about a listing, from what is true now: for pushes and for the preview.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use onhand_rules::listing::ListingState;
use onhand_rules::publish::{Published, figure, parts_of};
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

impl Told {
    /// Of a shop whose location is not there.
    pub(crate) fn nothing() -> Self {
        Self { published: None, sku: None, parts: Vec::new() }
    }
}

/// Locations by code. A location's code is never another one's, so each is looked up once.
#[derive(Debug, Default)]
pub(crate) struct Locations(Mutex<HashMap<String, LocationId>>);

impl Locations {
    pub(crate) async fn id(&self, reads: &dyn Reads, code: &str) -> Result<Option<LocationId>, StoreError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(code).copied();
        if known.is_some() {
            return Ok(known);
        }
        let found = reads.location(code).await?.map(|location| location.id);
        if let Some(id) = found {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(code.to_owned(), id);
        }
        Ok(found)
    }
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
        return Ok(listings.iter().map(|_| Told::nothing()).collect());
    };
    told_at(reads, shop, location.id, maximum, listings).await
}

/// The same where the location is known.
pub(crate) async fn told_at(
    reads: &dyn Reads,
    shop: &Shop,
    location: LocationId,
    maximum: i64,
    listings: &[Listing],
) -> Result<Vec<Told>, StoreError> {
    let sold: Vec<(&Listing, &Shop, LocationId)> =
        listings.iter().map(|listing| (listing, shop, location)).collect();
    let sources = Sources::load(reads, &sold).await?;
    Ok(sold.iter().map(|(listing, shop, at)| sources.told(shop, maximum, listing, *at)).collect())
}

/// What figures are made from, of some listings.
pub(crate) struct Sources {
    skus: BTreeMap<SkuId, Sku>,
    rows: BTreeMap<StockKey, Stock>,
    now: i64,
}

impl Sources {
    /// Reads what stands behind these listings, each with its shop and the location whose stock that publishes.
    pub(crate) async fn load(
        reads: &dyn Reads,
        sold: &[(&Listing, &Shop, LocationId)],
    ) -> Result<Self, StoreError> {
        // Most SKUs are no bundles and have a row of their own: it is read beside them.
        let own = sold.iter().filter_map(|(listing, _, location)| {
            Some(StockKey { sku: listing.mapping?.sku, location: *location })
        });
        let own: BTreeSet<StockKey> = own.collect();
        let listings = sold.iter().map(|(listing, _, _)| *listing);
        let (skus, mut rows) =
            tokio::try_join!(skus_of(reads, listings), rows_at(reads, own.iter().copied()))?;
        let needed = sold.iter().flat_map(|(listing, _, location)| rows_of(listing, &skus, *location));
        let parts: BTreeSet<StockKey> = needed.map(|(key, _)| key).filter(|key| !own.contains(key)).collect();
        rows.extend(rows_at(reads, parts.into_iter()).await?);
        // The clock is only asked where a speed counts.
        let by_speed = |(listing, shop, _): &(&Listing, &Shop, LocationId)| {
            listing.rule.as_ref().unwrap_or(&shop.settings.rule).velocity.is_some()
        };
        let now = if sold.iter().any(by_speed) { reads.now().await? } else { 0 };
        Ok(Self { skus, rows, now })
    }

    pub(crate) fn told(&self, shop: &Shop, maximum: i64, listing: &Listing, location: LocationId) -> Told {
        let needed = rows_of(listing, &self.skus, location);
        let known = needed.iter().any(|(key, _)| self.rows.contains_key(key));
        let parts: Vec<(StockKey, Quantities, i64)> = needed
            .into_iter()
            .map(|(key, units)| (key, self.rows.get(&key).map(|row| row.figures).unwrap_or_default(), units))
            .collect();
        let rule = listing.rule.as_ref().unwrap_or(&shop.settings.rule);
        let figures: Vec<(Quantities, i64)> =
            parts.iter().map(|(_, figures, units)| (*figures, *units)).collect();
        let sold = listing.sales.in_an_hour(self.now);
        let published = (known && listing.state == ListingState::Active)
            .then(|| figure(rule, shop.id, &figures, sold, maximum));
        let sku = listing.mapping.and_then(|mapping| self.skus.get(&mapping.sku)).map(|sku| sku.code.clone());
        Told { published, sku, parts }
    }
}

async fn rows_at(
    reads: &dyn Reads,
    keys: impl Iterator<Item = StockKey>,
) -> Result<BTreeMap<StockKey, Stock>, StoreError> {
    let keys: Vec<StockKey> = keys.collect();
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(reads.stock_rows(&keys).await?.into_iter().map(|row| (row.key, row)).collect())
}

fn rows_of(listing: &Listing, skus: &BTreeMap<SkuId, Sku>, location: LocationId) -> Vec<(StockKey, i64)> {
    let Some(mapping) = listing.mapping else { return Vec::new() };
    skus.get(&mapping.sku).map(|sku| parts_of(&mapping, sku, location)).unwrap_or_default()
}

async fn skus_of(
    reads: &dyn Reads,
    listings: impl Iterator<Item = &Listing>,
) -> Result<BTreeMap<SkuId, Sku>, StoreError> {
    let ids: BTreeSet<SkuId> =
        listings.filter_map(|listing| listing.mapping).map(|mapping| mapping.sku).collect();
    let ids: Vec<SkuId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    Ok(reads.skus_by_id(&ids).await?.into_iter().map(|sku| (sku.id, sku)).collect())
}
