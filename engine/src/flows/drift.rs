//! What a marketplace shows is compared with what it was told.

use std::sync::Arc;

use std::collections::{BTreeMap, BTreeSet};

use onhand_connector::{Call, Channel, Class, Endpoint, ListingKey, PushItem, StockSeen};
use onhand_rules::commands::channels::{MoveCursors, Publish, READ_BACK_MS, RecordSeen, SeenStock, Urgency};
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
/// When a figure that was told is read back for the second time, in milliseconds: by then it must show, as the rules say.
const SECOND_LOOK_MS: i64 = 30_000;
/// Until then a look belongs to the push before it, in milliseconds.
const AFTER_PUSH_MS: i64 = 60_000;
/// Listings that one turn of the sweep looks at.
const SWEEP: usize = 200;

impl Flows {
    /// After a push at about two and at thirty seconds, and in turn. A look after a push is left out when the shop's limits
    /// leave little room: the turn comes round.
    pub(super) async fn read_back(&self, attempt: Attempt<'_>, shop: ShopId, unit: &str) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        if visit.outlet.channel.facts().read_items_max == 0 {
            return Err(done("obsolete"));
        }
        let reads = self.engine.reads();
        let listings = read(reads.listings_of_unit(shop, unit).await)?;
        let pushed_at = listings.iter().filter_map(|listing| listing.pushed_at).max().unwrap_or(0);
        let now = visit.now();
        let age = now - pushed_at;
        if age < READ_BACK_MS {
            // Told again meanwhile.
            return Err(End::Snooze { until: pushed_at + READ_BACK_MS });
        }
        // What was sent without an answer may arrive yet: until it cannot, it is looked for again and again.
        let watched = listings.iter().filter_map(Listing::watched_until).any(|until| until > now);
        let until = if age < SECOND_LOOK_MS { pushed_at + SECOND_LOOK_MS } else { now + SECOND_LOOK_MS };
        let early = age < SECOND_LOOK_MS;
        let again = (early || watched).then_some(End::Snooze { until });
        if (watched || age < AFTER_PUSH_MS) && !self.has_room(&visit, Endpoint::Listings).await {
            return Err(again.unwrap_or_else(|| done("skipped")));
        }
        self.compare(&attempt, &mut visit, listings, early).await?;
        again.map_or(Ok(()), Err)
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
        self.compare(&attempt, &mut visit, vec![found], false).await
    }

    /// Reads, and where a figure is not what it should be, fetches the orders up to now and reads again: only what no
    /// order explains has another cause. Soon after a push (`early`) the old figure may show; only new orders are fetched
    /// then, and nothing else is concluded.
    async fn compare(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        listings: Vec<Listing>,
        early: bool,
    ) -> Result<(), End> {
        let listings: Vec<Listing> = listings
            .into_iter()
            .filter(|listing| listing.mapping.is_some() && listing.state == ListingState::Active)
            .collect();
        if listings.is_empty() {
            return Err(done("obsolete"));
        }
        let shop = visit.shop.id;
        let seen = self.read_figures(attempt, visit, &listings).await?;
        let odd = odd_ones(&listings, &seen);
        if odd.is_empty() || (early && !self.peek(attempt, visit).await) {
            return self.submit(RecordSeen { shop, seen, orders_until_now: false }).await.map(|_| ());
        }
        if !early {
            self.orders_from_here(attempt, visit).await?;
        }
        let mut fresh = Vec::with_capacity(listings.len());
        for listing in &listings {
            fresh.extend(read(self.engine.reads().listing(listing.id).await)?);
        }
        let mut seen = self.read_figures(attempt, visit, &fresh).await?;
        for one in &mut seen {
            one.before = odd.get(&one.listing).copied();
        }
        self.submit(RecordSeen { shop, seen, orders_until_now: !early }).await.map(|_| ())
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
            active: Some(true),
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
            let (read_back, urgency) = (false, Urgency::Bulk);
            self.submit(Publish { from: None, to: 0, listings: stuck, read_back, urgency, slots: None })
                .await?;
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
        before: None,
    })
}

/// What is seen, and what should be, where they differ and no campaign says why: a campaign lasts for days, and would have
/// the orders fetched at every look.
fn odd_ones(listings: &[Listing], seen: &[SeenStock]) -> BTreeMap<ListingId, (i64, i64)> {
    let expected: BTreeMap<ListingId, i64> = listings
        .iter()
        .filter_map(|listing| Some((listing.id, (listing.pushed? - listing.sold_there).max(0))))
        .collect();
    let differs = |one: &SeenStock| {
        let (stock, expected) = (one.stock?, *expected.get(&one.listing)?);
        let aside = one.promotion_reserved;
        let campaign = aside > 0 && (stock + aside == expected || stock == aside);
        (stock != expected && !campaign).then_some((one.listing, (stock, expected)))
    };
    seen.iter().filter_map(differs).collect()
}
