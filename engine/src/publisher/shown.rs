//! Listings that a sale concerns and that show it already.
//!
//! The marketplace where a unit was sold has taken it off its figure itself, so most of the time there is nothing to tell it. A
//! job for each sale that finds this out would be, with three shops, a third of all pushes.
//!
//! It is safe to leave such a listing unmarked by what is read: it is clean, so no push of it is on its way, and everything is
//! read after the change that it is about. Whatever changes later comes with an event of its own, and is looked at again.

use std::collections::{BTreeMap, BTreeSet};

use onhand_rules::commands::channels::PushOutcome;
use onhand_rules::{Listing, ListingId, LocationId, Shop, ShopId};
use onhand_store::Reads;

use crate::jobs::within;
use crate::publishing::{Decision, Locations, Sources, decide};

/// Which of these listings show already what they should.
#[derive(Debug, Default)]
pub(super) struct Shown {
    locations: Locations,
}

impl Shown {
    /// `candidates` with their shops; `sold`: codes of the shops that sold something.
    pub(super) async fn among(
        &self,
        reads: &dyn Reads,
        candidates: &BTreeMap<ListingId, ShopId>,
        sold: &BTreeSet<String>,
    ) -> Result<BTreeSet<ListingId>, String> {
        if sold.is_empty() || candidates.is_empty() {
            return Ok(BTreeSet::new());
        }
        let shops = within(reads.shops()).await?.into_iter().filter(|shop| sold.contains(&shop.code));
        let shops: BTreeMap<ShopId, Shop> = shops.map(|shop| (shop.id, shop)).collect();
        let ids: Vec<ListingId> =
            candidates.iter().filter(|(_, shop)| shops.contains_key(shop)).map(|(id, _)| *id).collect();
        if ids.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut listings = within(reads.listings_by_id(&ids)).await?;
        listings.retain(|listing| !listing.dirty());
        let mut about: Vec<(&Listing, &Shop, LocationId)> = Vec::new();
        for listing in &listings {
            let Some(shop) = shops.get(&listing.shop) else { continue };
            let location = within(self.locations.id(reads, &shop.settings.location)).await?;
            about.extend(location.map(|location| (listing, shop, location)));
        }
        let sources = within(Sources::load(reads, &about)).await?;
        let shows = |(listing, shop, location): &(&Listing, &Shop, LocationId)| {
            // What the marketplace takes at most is the push's to know; whoever sells more than that is marked.
            let told = sources.told(shop, i64::MAX, listing, *location);
            let decision = decide(shop, listing, &told, listing.in_doubt());
            matches!(decision, Decision::Settled(PushOutcome::Same { .. })).then_some(listing.id)
        };
        Ok(about.iter().filter_map(shows).collect())
    }
}
