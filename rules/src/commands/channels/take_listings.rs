//! Listings were read from a shop.

use std::collections::{BTreeMap, BTreeSet};

use super::Urgency;
use crate::command::Context;
use crate::event::{EventBody, Was};
use crate::id::{ListingId, ShopId};
use crate::job::JobBody;
use crate::listing::{Listing, ListingState, Mapping};
use crate::notice::NoticeKind;
use crate::noticing::{close, needs_of_notice};
use crate::publish::Sales;
use crate::quantity::Quantity;
use crate::queueing::needs_of_job;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Takes listings in. A new one whose seller SKU is exactly the code of one SKU of ours, and which no other listing of the
/// shop bears, is mapped by itself; everything else waits for a person. Nothing is created silently (pain 22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeListings {
    /// Where.
    pub shop: ShopId,
    /// At most 500.
    pub listings: Vec<SeenListing>,
}

/// One listing as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenListing {
    /// Their ids.
    pub item: String,
    /// Their ids.
    pub variant: String,
    /// May be empty, and may be used more than once.
    pub seller_sku: String,
    /// Text of strangers.
    pub title: String,
    /// Their places of stock.
    pub warehouses: Vec<String>,
    /// What is written together; empty: in groups of twenty, as they come.
    pub unit: String,
    /// What buyers can take there.
    pub stock: Quantity,
    /// Put aside by a campaign; `None` where this answer does not say.
    pub promotion_reserved: Option<Quantity>,
    /// Why its stock is the marketplace's to keep, if it is.
    pub theirs: Option<String>,
}

/// Listings of one write where the marketplace takes any: Lazada advises twenty.
const GROUP: i64 = 20;

impl TakeListings {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        needs.counters = true;
        for found in &self.listings {
            let key = (self.shop, found.item.clone(), found.variant.clone());
            if let Some(Some(id)) = seen.sync.listing_keys.get(&key) {
                super::needs_of_listing(*id, seen, needs);
                if let Some(listing) = super::loaded_listing(seen, *id) {
                    if let Some(aside) = found.promotion_reserved {
                        super::needs_of_promotion(listing, aside, needs);
                    }
                    if listing.state != ListingState::Active {
                        needs_of_notice(NoticeKind::ListingTrouble, &listing.id.0.to_string(), needs);
                    }
                }
            }
            needs.sync.listing_keys.insert(key);
            if !found.seller_sku.is_empty() {
                needs.sync.seller_skus.insert((self.shop, found.seller_sku.clone()));
                needs.sku_codes.insert(found.seller_sku.clone());
            }
            if !found.unit.is_empty() {
                needs_of_job(&JobBody::PushStock { shop: self.shop, unit: found.unit.clone() }, needs);
            }
        }
        // Groups of twenty are named by numbers that are given out later: any of these may be met.
        if let Some(counters) = seen.counters.as_ref().and_then(|row| row.now) {
            let first = counters.next_listing;
            let last = first + i64::try_from(self.listings.len()).unwrap_or(0);
            for group in first / GROUP..=last / GROUP {
                needs_of_job(&JobBody::PushStock { shop: self.shop, unit: format!("g{group}") }, needs);
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if scope.shop(&self.shop).is_none() {
            return Err(Refusal::NotFound { what: "shop".into(), id: self.shop.0.to_string() });
        }
        let mut named: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for found in &self.listings {
            named.entry(&found.seller_sku).or_default().insert((&found.item, &found.variant));
        }
        let (mut created, mut changed, mut same, mut mapped) = (0, 0, 0, 0);
        for found in &self.listings {
            let alone = named.get(found.seller_sku.as_str()).is_some_and(|keys| keys.len() == 1);
            let key = (self.shop, found.item.clone(), found.variant.clone());
            let known = scope.listing_by_key(&key).and_then(|id| scope.listing(&id).cloned());
            let is_new = known.is_none();
            let before = known.clone();
            let mut listing = match known {
                Some(listing) => found.refresh(listing),
                None => found.fresh(scope, self.shop, context)?,
            };
            if let Some(mapping) = self.automatic(scope, &listing, alone) {
                listing.mapping = Some(mapping);
                super::mark_dirty(scope, context, &mut listing, context.now, Urgency::Bulk);
                mapped += 1;
            }
            if let Some(before) = &before {
                match (before.state, listing.state) {
                    (ListingState::Gone | ListingState::Theirs, ListingState::Active) => {
                        super::came_back(scope, context, &mut listing);
                    }
                    (ListingState::Gone, ListingState::Theirs) => {
                        let subject = listing.id.0.to_string();
                        close(scope, context, NoticeKind::ListingTrouble, &subject);
                    }
                    _ => {}
                }
                super::promotion_fell(scope, context, before.promotion_reserved, &mut listing);
                if before.warehouses != listing.warehouses && listing.dirty() {
                    // A write that named the old places was refused, or will be: it need not wait any longer.
                    super::mark_dirty(scope, context, &mut listing, context.now, Urgency::Person);
                }
            }
            if is_new {
                created += 1;
                scope.name_listing(key, &listing.seller_sku, listing.id);
            } else if before.as_ref() == Some(&listing) {
                same += 1;
                continue;
            } else {
                changed += 1;
            }
            let was_mapped = before.as_ref().is_some_and(|before| before.mapping.is_some());
            if is_new || before.is_some_and(|b| b.mapping != listing.mapping || b.state != listing.state) {
                tell(scope, context, &listing, is_new, was_mapped);
            }
            super::put(scope, context, listing);
        }
        Ok(Receipt::Listings { created, changed, same, mapped })
    }

    /// The mapping that needs no person: the seller's code is exactly a SKU's, and no other listing of the shop bears it.
    fn automatic(&self, scope: &mut Scope<'_>, listing: &Listing, alone: bool) -> Option<Mapping> {
        if listing.mapping.is_some() || listing.hands_off || listing.seller_sku.is_empty() || !alone {
            return None;
        }
        let bearers = scope.listings_by_seller_sku(&(self.shop, listing.seller_sku.clone()));
        if bearers.iter().any(|id| *id != listing.id) {
            return None;
        }
        let sku = scope.sku_by_code(&listing.seller_sku).filter(|sku| !sku.archived)?;
        Some(Mapping { sku: sku.id, quantity: 1, automatic: true })
    }
}

fn tell(scope: &mut Scope<'_>, context: &Context, listing: &Listing, is_new: bool, was_mapped: bool) {
    let step = if is_new { "found" } else { "changed" }.to_owned();
    let shop = super::shop_code(scope, listing.shop);
    // Only an exact seller SKU maps by itself, so that is the code.
    let sku = listing.mapping.filter(|m| m.automatic).map(|_| listing.seller_sku.clone());
    let quantity = listing.mapping.map(|m| m.quantity);
    // A reading maps what was not mapped, and changes no mapping that there is.
    let mapped_now = listing.mapping.is_some() && !was_mapped;
    scope.push_event(context.event(EventBody::ListingChanged {
        listing: listing.id.0,
        shop,
        step,
        sku,
        quantity,
        from: if mapped_now { Was::Unmapped } else { Was::NotTold },
        automatic: mapped_now.then_some(true),
    }));
}

impl SeenListing {
    fn refresh(&self, mut listing: Listing) -> Listing {
        listing.seller_sku.clone_from(&self.seller_sku);
        listing.title.clone_from(&self.title);
        listing.warehouses.clone_from(&self.warehouses);
        listing.promotion_reserved = self.promotion_reserved.unwrap_or(listing.promotion_reserved);
        if !self.unit.is_empty() {
            listing.unit.clone_from(&self.unit);
        }
        match &self.theirs {
            Some(why) => {
                listing.state = ListingState::Theirs;
                listing.trouble = Some(why.clone());
                listing.acked = listing.desired;
                listing.dirty_since = 0;
            }
            None => {
                if listing.state == ListingState::Theirs {
                    listing.trouble = None;
                }
                listing.state = ListingState::Active;
            }
        }
        listing
    }

    fn fresh(&self, scope: &mut Scope<'_>, shop: ShopId, context: &Context) -> Result<Listing, Refusal> {
        let number = scope.next_number(|counters| &mut counters.next_listing)?;
        let unit = if self.unit.is_empty() { format!("g{}", number / GROUP) } else { self.unit.clone() };
        Ok(Listing {
            id: ListingId(number),
            shop,
            item: self.item.clone(),
            variant: self.variant.clone(),
            seller_sku: self.seller_sku.clone(),
            title: self.title.clone(),
            warehouses: self.warehouses.clone(),
            unit,
            state: if self.theirs.is_some() { ListingState::Theirs } else { ListingState::Active },
            mapping: None,
            hands_off: false,
            rule: None,
            desired: 0,
            acked: 0,
            pushed: None,
            pushed_at: None,
            pushed_before: None,
            dirty_since: 0,
            seen: Some(self.stock),
            seen_at: Some(context.now),
            promotion_reserved: self.promotion_reserved.unwrap_or(0),
            sold_there: 0,
            unsure: false,
            unanswered: Vec::new(),
            sales: Sales::default(),
            edit: None,
            settled: None,
            trouble: self.theirs.clone(),
            version: 0,
            created_at: context.now,
            updated_at: context.now,
        })
    }
}
