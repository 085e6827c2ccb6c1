//! Marking what a sale concerns in the commit that makes it, instead of when the publisher has read of it.
//!
//! The publisher stays the one who answers for it: the event of the stock row names the listings that were dealt with here
//! (`EventBody::StockChanged`), and it marks all others that the row concerns. So what is left out here, and what comes under the
//! SKU while the commit is on its way, is told a little later, and never not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::{FreeSlots, Urgency, loaded_listing, mark_dirty, put};
use crate::command::Context;
use crate::id::{JobId, ListingId, LocationId, ShopId, SkuId};
use crate::job::{Job, JobBody};
use crate::listing::{Listing, ListingState};
use crate::publish::{Decision, decide, figure, parts_of};
use crate::quantity::Quantities;
use crate::queueing::needs_of_job;
use crate::stock::StockKey;
use crate::working::{Judged, Needs, Scope, Working};

/// Asks for the listings that a change of this SKU's stock concerns, and for what marks them. Not for their shops: two replicas
/// that take orders of two shops would wait for each other.
pub(super) fn needs_of_telling(sku: SkuId, seen: &Working, needs: &mut Needs) {
    needs.bundles_of.insert(sku);
    let bundles = seen.bundles_of.get(&sku).into_iter().flatten();
    for sells in std::iter::once(&sku).chain(bundles) {
        needs.sync.listings_of.insert(*sells);
        for id in seen.sync.listings_of.get(sells).into_iter().flatten() {
            if let Some(listing) = loaded_listing(seen, *id) {
                let (shop, unit) = (listing.shop, listing.unit.clone());
                needs_of_job(&JobBody::PushStock { shop, unit }, needs);
            }
        }
    }
}

/// The stock rows behind some listings as they are before a sale, to tell afterwards which of them changed.
pub(super) struct Before {
    rows: BTreeMap<StockKey, i64>,
    listings: BTreeSet<ListingId>,
    location: LocationId,
}

impl Before {
    /// Of the listings that an order names; those that nobody has mapped have no rows.
    pub(super) fn of(scope: &mut Scope<'_>, listings: BTreeSet<ListingId>, location: LocationId) -> Self {
        let mut rows = BTreeMap::new();
        for id in &listings {
            for (key, _) in parts(scope, *id, location) {
                rows.insert(key, version(scope, key));
            }
        }
        Self { rows, listings, location }
    }

    /// Marks what the rows that changed since concern, and begins with as many of the pushes as there are slots for. What shows
    /// already what it should is left as it is: the marketplace where the units were sold has taken them off itself.
    pub(super) fn tell(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        slots: Option<&FreeSlots>,
    ) -> Vec<Job> {
        let mut pushes = BTreeSet::new();
        for (row, before) in &self.rows {
            let version = version(scope, *row);
            if version == *before {
                continue;
            }
            for listing in concerned(scope, row.sku) {
                if let Some(marked) = self.tell_one(scope, context, listing, &mut pushes) {
                    scope.note_judged(Judged { row: *row, version, listing, marked });
                }
            }
        }
        slots.map(|slots| slots.fill(scope, context, &pushes)).unwrap_or_default()
    }

    /// Whether it was marked; `None` if nothing can be said to it.
    fn tell_one(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        id: ListingId,
        pushes: &mut BTreeSet<(JobId, ShopId)>,
    ) -> Option<bool> {
        // Its push begins after the commit, and reads what all of the batch has made of the figure.
        if scope.is_marked(id) {
            return Some(true);
        }
        let mut listing = scope.listing(&id).cloned()?;
        if listing.state != ListingState::Active || listing.mapping.is_none() {
            return None;
        }
        if self.shows(scope, context, &listing) {
            return Some(false);
        }
        let push = mark_dirty(scope, context, &mut listing, context.now, Urgency::Sale);
        pushes.extend(push.map(|job| (job, listing.shop)));
        put(scope, context, listing);
        Some(true)
    }

    /// Whether a listing of the order, of which every row is known here, shows what it should. Of others it is not asked: it
    /// would nearly always be no.
    fn shows(&self, scope: &mut Scope<'_>, context: &Context, listing: &Listing) -> bool {
        if !self.listings.contains(&listing.id) || listing.dirty() {
            return false;
        }
        let Some(shop) = scope.shop(&listing.shop).cloned() else { return false };
        let mut figures: Vec<(Quantities, i64)> = Vec::new();
        for (row, units) in parts(scope, listing.id, self.location) {
            // Unknown is not zero, and nothing is told of it.
            let Some(stock) = scope.stock_row(row) else { return false };
            figures.push((stock.figures, units));
        }
        let rule = listing.rule.as_ref().unwrap_or(&shop.settings.rule);
        // What the marketplace takes at most is the push's to know; whoever sells more than that is marked.
        let told = figure(rule, shop.id, &figures, listing.sales.in_an_hour(context.now), i64::MAX);
        matches!(decide(&shop, listing, Some(&told), listing.in_doubt()), Decision::Same(_))
    }
}

/// Listings of the SKU and of the bundles that it is a part of.
fn concerned(scope: &mut Scope<'_>, sku: SkuId) -> BTreeSet<ListingId> {
    let mut found = scope.listings_of(&sku);
    for bundle in scope.bundles_of(sku) {
        found.extend(scope.listings_of(&bundle));
    }
    found
}

/// The rows behind a listing, with units of each in one of it.
fn parts(scope: &mut Scope<'_>, id: ListingId, location: LocationId) -> Vec<(StockKey, i64)> {
    let Some(mapping) = scope.listing(&id).and_then(|listing| listing.mapping) else { return Vec::new() };
    scope.sku(mapping.sku).map(|sku| parts_of(&mapping, sku, location)).unwrap_or_default()
}

/// 0 where there is no row yet.
fn version(scope: &mut Scope<'_>, row: StockKey) -> i64 {
    scope.stock_row(row).map_or(0, |stock| stock.version)
}
