//! Listings are read from a shop.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use onhand_connector::{Call, Channel, Endpoint, RemoteListing};
use onhand_rules::commands::channels::{MoveCursors, RecordSeen, SeenListing, SeenStock, TakeListings};
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::NewJob;
use onhand_rules::listing::ListingState;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::retry::FailureClass;
use onhand_rules::shop::ShopCursors;
use onhand_rules::{JobBody, MarketOrder, Receipt, ShopId};
use onhand_store::MarketOrderFilter;

use super::{Attempt, Flows, done, read};

/// Listings of one command.
const CHUNK: usize = 200;
/// Waiting orders that are looked at together.
const PAGE: usize = 200;

impl Flows {
    pub(super) async fn import_listings(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let started = read(self.engine.reads().now().await)?;
        let all = self.read_listings(&attempt, shop).await;
        // Once for all of it, and also where the rest could not be read: what was taken in may be waited for.
        self.follow_waiting(shop).await?;
        all?;
        let cursors = ShopCursors { imported_at: started, ..ShopCursors::default() };
        self.submit(MoveCursors { shop, cursors }).await.map(|_| ())
    }

    async fn read_listings(&self, attempt: &Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(attempt, shop).await?;
        let same_item = visit.outlet.channel.facts().push_same_item;
        let mut cursor: Option<String> = None;
        let mut count = 0usize;
        loop {
            let at = cursor.as_deref();
            let page =
                |channel: Arc<dyn Channel>, call: Call| async move { channel.listings(&call, at).await };
            let (page, _) = self.ask(attempt, &mut visit, Endpoint::Listings, page).await?;
            count += page.listings.len();
            self.take_listings(shop, same_item, page.listings).await?;
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        tracing::info!(shop = visit.shop.code, listings = count, "the listings of a shop were read");
        Ok(())
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
        let there: BTreeSet<String> = listings.iter().map(|listing| listing.key.variant.clone()).collect();
        let news = self.take_listings(shop, same_item, listings).await?;
        if same_item {
            self.left_behind(shop, item, &there).await?;
        }
        // Items are read again with each message about them, which mostly brings no listing. An attempt before this one may
        // have taken it in and not come so far.
        if news || attempt.job.last_failure.is_some() || attempt.job.replay_of.is_some() {
            self.follow_waiting(shop).await?;
        }
        Ok(())
    }

    /// Variations of an item that were read whole, and are not in it any more, are gone: a write that named them would be
    /// refused with all others of the item.
    async fn left_behind(&self, shop: ShopId, item: &str, there: &BTreeSet<String>) -> Result<(), End> {
        let known = read(self.engine.reads().listings_of_unit(shop, item).await)?;
        let gone = known.into_iter().filter(|listing| {
            listing.item == item && listing.state != ListingState::Gone && !there.contains(&listing.variant)
        });
        let seen: Vec<SeenStock> = gone
            .map(|listing| SeenStock {
                listing: listing.id,
                acked: listing.acked,
                stock: None,
                promotion_reserved: listing.promotion_reserved,
                before: None,
            })
            .collect();
        if seen.is_empty() {
            return Ok(());
        }
        self.submit(RecordSeen { shop, seen, orders_until_now: false }).await.map(|_| ())
    }

    /// Has items read again that a push has found to be otherwise than we know: the next attempt writes what is there then.
    /// That this fails is no reason for the push to end otherwise; its next attempt asks again.
    pub(super) async fn read_again(&self, shop: ShopId, items: BTreeSet<String>) {
        let jobs: Vec<NewJob> = items
            .into_iter()
            .map(|item| NewJob {
                body: JobBody::ImportItem { shop, item },
                class: 1,
                run_at: 0,
                cause_at: None,
            })
            .collect();
        if jobs.is_empty() {
            return;
        }
        if let Err(end) = self.submit(EnqueueJobs { jobs }).await {
            tracing::debug!(shop = shop.0, ?end, "items that have changed could not be asked for");
        }
    }

    /// Whether a listing is new, or mapped by itself.
    async fn take_listings(
        &self,
        shop: ShopId,
        same_item: bool,
        listings: Vec<RemoteListing>,
    ) -> Result<bool, End> {
        let mut news = false;
        let seen: Vec<SeenListing> =
            listings.into_iter().map(|listing| seen_of(listing, same_item)).collect();
        for chunk in seen.chunks(CHUNK) {
            let taken = self.submit(TakeListings { shop, listings: chunk.to_vec() }).await?;
            if let Receipt::Listings { created, changed, same, mapped } = taken {
                tracing::debug!(shop = shop.0, created, changed, same, mapped, "listings were taken in");
                news |= created > 0 || mapped > 0;
            }
        }
        Ok(news)
    }

    /// Orders that can go on are taken again: what they wait for is mapped by now, or nobody has been told yet to map it.
    /// That is asked of what is kept and not of what this attempt has read, so nothing is lost with an attempt that was cut
    /// off before it came here: its job runs again, and finds the same.
    async fn follow_waiting(&self, shop: ShopId) -> Result<(), End> {
        let state = Some(MarketOrderState::WaitsForMapping);
        let mut filter = MarketOrderFilter { shop: Some(shop), state, ..MarketOrderFilter::default() };
        let mut known = BTreeMap::new();
        loop {
            let page = read(self.engine.reads().market_orders(&filter, PAGE).await)?;
            let mut jobs = Vec::new();
            for order in &page.rows {
                if self.can_go_on(order, &mut known).await? {
                    let body = JobBody::FetchOrder { shop, reference: order.reference.clone() };
                    jobs.push(NewJob { body, class: 1, run_at: 0, cause_at: None });
                }
            }
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

    /// `known`: what was found out of listings already, as many orders wait for few.
    async fn can_go_on(
        &self,
        order: &MarketOrder,
        known: &mut BTreeMap<(String, String), bool>,
    ) -> Result<bool, End> {
        for key in &order.waits_for {
            let moves = match known.get(key) {
                Some(moves) => *moves,
                None => {
                    let moves = self.is_news(order.shop, key).await?;
                    known.insert(key.clone(), moves);
                    moves
                }
            };
            if moves {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether an order that waits for this listing does not know what is known of it. One that was never read is no news: a
    /// line that is in no item asks for its item each time that its order is taken.
    async fn is_news(&self, shop: ShopId, (item, variant): &(String, String)) -> Result<bool, End> {
        let reads = self.engine.reads();
        let Some(listing) = read(reads.listing_by_key(shop, item, variant).await)? else { return Ok(false) };
        if listing.mapping.is_some() {
            return Ok(true);
        }
        let key = Notice::key(NoticeKind::Unmapped, &listing.id.0.to_string());
        Ok(read(reads.notice(&key).await)?.is_none())
    }
}

/// Whether a write failed because the marketplace keeps the item otherwise than we know: in other warehouses, or with other
/// models. A database of ours that is busy has the same class; reading an item once more does no harm.
pub(super) fn is_otherwise(end: &End) -> bool {
    matches!(end, End::Failed { class: FailureClass::Conflict, .. })
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
        theirs: listing.theirs,
    }
}
