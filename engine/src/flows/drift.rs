//! What a marketplace shows is compared with what it was told.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use onhand_connector::{Call, Channel, Class, Endpoint, ListingKey, PushItem, StockSeen};
use onhand_rules::commands::channels::{MoveCursors, Publish, RecordSeen, SeenStock};
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::listing::ListingState;
use onhand_rules::shop::ShopCursors;
use onhand_rules::{Listing, ListingId, ShopId};
use onhand_store::ListingFilter;

use super::push::item;
use super::visit::Visit;
use super::{Attempt, Flows, done, read};

/// How long a figure of a seller must stand; the same as in the rules.
const WINDOW_MS: i64 = 5 * 60_000;
/// Listings that one turn of the sweep looks at.
const SWEEP: usize = 200;

impl Flows {
    pub(super) async fn read_back(&self, attempt: Attempt<'_>, shop: ShopId, unit: &str) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let listings = read(self.engine.reads().listings_of_unit(shop, unit).await)?;
        self.compare(&attempt, &mut visit, listings).await
    }

    pub(super) async fn settle_edit(
        &self,
        attempt: Attempt<'_>,
        shop: ShopId,
        listing: ListingId,
    ) -> Result<(), End> {
        let reads = self.engine.reads();
        let Some(found) = read(reads.listing(listing).await)? else { return Err(done("obsolete")) };
        let Some(edit) = found.edit.as_ref().filter(|edit| !edit.escalated) else {
            return Err(done("obsolete"));
        };
        let (now, until) = (read(reads.now().await)?, edit.since + WINDOW_MS);
        if now < until {
            return Err(End::Snooze { until });
        }
        let mut visit = self.visit(&attempt, shop).await?;
        self.compare(&attempt, &mut visit, vec![found]).await
    }

    /// Reads, and where a figure is not what it should be, fetches the orders up to now and reads again: only what no
    /// order explains is suspected.
    async fn compare(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        listings: Vec<Listing>,
    ) -> Result<(), End> {
        let listings: Vec<Listing> = listings
            .into_iter()
            .filter(|listing| listing.mapping.is_some() && listing.state == ListingState::Active)
            .collect();
        if listings.is_empty() {
            return Err(done("obsolete"));
        }
        let seen = self.read_figures(attempt, visit, &listings).await?;
        let odd = listings.iter().zip(&seen).any(|(listing, seen)| {
            let expected = listing.pushed.map(|pushed| (pushed - listing.sold_there).max(0));
            expected.is_some() && seen.stock.is_some() && seen.stock != expected
        });
        if !odd {
            return self
                .submit(RecordSeen { shop: visit.shop.id, seen, orders_until_now: false })
                .await
                .map(|_| ());
        }
        self.orders_until_now(attempt, visit).await?;
        let mut fresh = Vec::with_capacity(listings.len());
        for listing in &listings {
            fresh.extend(read(self.engine.reads().listing(listing.id).await)?);
        }
        let seen = self.read_figures(attempt, visit, &fresh).await?;
        self.submit(RecordSeen { shop: visit.shop.id, seen, orders_until_now: true }).await.map(|_| ())
    }

    async fn read_figures(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        listings: &[Listing],
    ) -> Result<Vec<SeenStock>, End> {
        let mut groups: BTreeMap<&str, Vec<&Listing>> = BTreeMap::new();
        let same_item = visit.outlet.channel.facts().push_same_item;
        for listing in listings {
            groups.entry(if same_item { &listing.item } else { "" }).or_default().push(listing);
        }
        let most = visit.outlet.channel.facts().read_items_max.max(1);
        let mut seen = BTreeMap::new();
        for chunk in groups.values().flat_map(|group| group.chunks(most)) {
            let items: Vec<PushItem> = chunk.iter().map(|listing| item(listing, 0)).collect();
            let items = items.as_slice();
            let look =
                |channel: Arc<dyn Channel>, call: Call| async move { channel.read_stock(&call, items).await };
            let (found, _) = self.ask(attempt, visit, Endpoint::Listings, look).await?;
            seen.extend(found.into_iter().map(|one| (one.key.clone(), one)));
        }
        Ok(listings.iter().filter_map(|listing| seen_of(listing, &seen)).collect())
    }

    /// The next listings in turn; each is read back by a job of its unit. Dirty ones that no job tells are pushed again.
    pub(super) async fn sweep_drift(&self, _attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let reads = self.engine.reads();
        let Some(found) = read(reads.shop(shop).await)? else { return Err(done("obsolete")) };
        let after = (found.cursors.swept > 0).then_some(ListingId(found.cursors.swept));
        let filter = ListingFilter {
            shop: Some(shop),
            mapped: Some(true),
            state: Some(ListingState::Active),
            after,
            ..ListingFilter::default()
        };
        let page = read(reads.listings(&filter, SWEEP).await)?;
        let units: BTreeSet<String> = page.rows.iter().map(|listing| listing.unit.clone()).collect();
        let now = read(reads.now().await)?;
        let jobs: Vec<NewJob> = units
            .into_iter()
            .map(|unit| NewJob {
                body: JobBody::ReadBack { shop, unit },
                class: 4,
                run_at: now,
                cause_at: None,
            })
            .collect();
        if !jobs.is_empty() {
            self.submit(EnqueueJobs { jobs }).await?;
        }
        let stuck: Vec<(ListingId, i64)> = page
            .rows
            .iter()
            .filter(|listing| {
                listing.dirty() && listing.dirty_since > 0 && now - listing.dirty_since > 60_000
            })
            .map(|listing| (listing.id, listing.dirty_since))
            .collect();
        if !stuck.is_empty() {
            self.submit(Publish { from: None, to: 0, listings: stuck, read_back: false }).await?;
        }
        let last = if page.more { page.rows.last().map_or(0, |listing| listing.id.0) } else { 0 };
        let cursors = ShopCursors { swept: last, swept_at: now, ..ShopCursors::default() };
        self.submit(MoveCursors { shop, cursors }).await.map(|_| ())
    }
}

fn seen_of(listing: &Listing, seen: &BTreeMap<ListingKey, StockSeen>) -> Option<SeenStock> {
    let key = ListingKey { item: listing.item.clone(), variant: listing.variant.clone() };
    let found = seen.get(&key)?;
    let stock = match &found.stock {
        Ok(stock) => Some(*stock),
        Err(failure) if failure.class == Class::Gone => None,
        // One listing that cannot be read says nothing about its stock.
        Err(_) => return None,
    };
    Some(SeenStock {
        listing: listing.id,
        acked: listing.acked,
        stock,
        promotion_reserved: found.promotion_reserved,
    })
}
