//! Listings are read from a shop.

use std::sync::Arc;

use onhand_connector::{Call, Channel, Endpoint, RemoteListing};
use onhand_rules::commands::channels::{MoveCursors, SeenListing, TakeListings};
use onhand_rules::commands::queue::End;
use onhand_rules::shop::ShopCursors;
use onhand_rules::{Receipt, ShopId};

use super::{Attempt, Flows, done, read};

/// Listings of one command.
const CHUNK: usize = 200;

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
            }
        }
        Ok(())
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
