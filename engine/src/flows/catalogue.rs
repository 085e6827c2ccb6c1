//! Listings are read from a shop.

use std::sync::Arc;

use std::collections::BTreeSet;

use onhand_connector::{Call, Channel, Endpoint, RemoteListing};
use onhand_rules::commands::channels::{MoveCursors, SeenListing, TakeListings};
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::NewJob;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::shop::ShopCursors;
use onhand_rules::{JobBody, Receipt, ShopId};
use onhand_store::MarketOrderFilter;

use super::{Attempt, Flows, done, read};

/// Listings of one command.
const CHUNK: usize = 200;
/// Waiting orders that are looked at together.
const PAGE: usize = 200;

impl Flows {
    pub(super) async fn import_listings(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let same_item = visit.outlet.channel.facts().push_same_item;
        let started = read(self.engine.reads().now().await)?;
        let mut cursor: Option<String> = None;
        let mut count = 0usize;
        loop {
            let at = cursor.as_deref();
            let page =
                |channel: Arc<dyn Channel>, call: Call| async move { channel.listings(&call, at).await };
            let (page, _) = self.ask(&attempt, &mut visit, Endpoint::Listings, page).await?;
            count += page.listings.len();
            self.take_listings(shop, same_item, page.listings).await?;
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        tracing::info!(shop = visit.shop.code, listings = count, "the listings of a shop were read");
        let cursors = ShopCursors { imported_at: started, ..ShopCursors::default() };
        self.submit(MoveCursors { shop, cursors }).await.map(|_| ())
    }

    pub(super) async fn import_item(
        &self,
        attempt: Attempt<'_>,
        shop: ShopId,
        item: &str,
    ) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let same_item = visit.outlet.channel.facts().push_same_item;
        let fetch = |channel: Arc<dyn Channel>, call: Call| async move { channel.item(&call, item).await };
        let (listings, _) = self.ask(&attempt, &mut visit, Endpoint::Listings, fetch).await?;
        if listings.is_empty() {
            return Err(done("obsolete"));
        }
        self.take_listings(shop, same_item, listings).await
    }

    async fn take_listings(
        &self,
        shop: ShopId,
        same_item: bool,
        listings: Vec<RemoteListing>,
    ) -> Result<(), End> {
        let seen: Vec<SeenListing> =
            listings.into_iter().map(|listing| seen_of(listing, same_item)).collect();
        for chunk in seen.chunks(CHUNK) {
            let taken = self.submit(TakeListings { shop, listings: chunk.to_vec() }).await?;
            if let Receipt::Listings { created, changed, same, mapped } = taken {
                tracing::debug!(shop = shop.0, created, changed, same, mapped, "listings were taken in");
                // Only then: a line that is in no item asks for its item each time that its order is taken.
                if created > 0 || mapped > 0 {
                    self.follow_waiting(shop, chunk).await?;
                }
            }
        }
        Ok(())
    }

    /// Orders that waited for these listings are taken again: they are mapped by themselves now, or it is said that
    /// somebody must map them.
    async fn follow_waiting(&self, shop: ShopId, seen: &[SeenListing]) -> Result<(), End> {
        let keys: BTreeSet<(&str, &str)> =
            seen.iter().map(|one| (one.item.as_str(), one.variant.as_str())).collect();
        let state = Some(MarketOrderState::WaitsForMapping);
        let mut filter = MarketOrderFilter { shop: Some(shop), state, ..MarketOrderFilter::default() };
        loop {
            let page = read(self.engine.reads().market_orders(&filter, PAGE).await)?;
            let waits = page.rows.iter().filter(|order| {
                order
                    .waits_for
                    .iter()
                    .any(|(item, variant)| keys.contains(&(item.as_str(), variant.as_str())))
            });
            let fetch = waits.map(|order| NewJob {
                body: JobBody::FetchOrder { shop, reference: order.reference.clone() },
                class: 1,
                run_at: 0,
                cause_at: None,
            });
            let jobs: Vec<NewJob> = fetch.collect();
            if !jobs.is_empty() {
                self.submit(EnqueueJobs { jobs }).await?;
            }
            filter.before =
                page.rows.last().map(|order| (order.received_at, order.shop, order.reference.clone()));
            if !page.more {
                return Ok(());
            }
        }
    }
}

fn seen_of(listing: RemoteListing, same_item: bool) -> SeenListing {
    SeenListing {
        unit: if same_item { listing.key.item.clone() } else { String::new() },
        item: listing.key.item,
        variant: listing.key.variant,
        seller_sku: listing.seller_sku,
        title: listing.title,
        warehouses: listing.warehouses,
        stock: listing.stock,
        promotion_reserved: listing.promotion_reserved,
    }
}
