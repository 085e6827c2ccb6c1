//! A person says what a listing sells.

use super::Urgency;
use crate::command::Context;
use crate::event::{EventBody, Was};
use crate::id::ListingId;
use crate::job::{JobBody, NewJob};
use crate::listing::{Listing, Mapping};
use crate::notice::NoticeKind;
use crate::noticing::{close, needs_of_notice};
use crate::quantity::{QUANTITY_MAX, Quantity};
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Maps a listing to a SKU and a number of units, or takes the mapping away. Marks it dirty, and fetches the orders that
/// waited for it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapListing {
    /// Which.
    pub listing: ListingId,
    /// The version that the caller saw.
    pub expected_version: Option<i64>,
    /// SKU code and units of it in one unit of the listing; `None` unmaps it.
    pub to: Option<(String, Quantity)>,
}

impl MapListing {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        super::needs_of_listing(self.listing, seen, needs);
        if let Some((sku, _)) = &self.to {
            needs.sku_codes.insert(sku.clone());
        }
        let Some(listing) = super::loaded_listing(seen, self.listing) else { return };
        needs.skus.extend(listing.mapping.map(|mapping| mapping.sku));
        let key = (listing.shop, listing.item.clone(), listing.variant.clone());
        needs_of_notice(NoticeKind::Unmapped, &self.listing.0.to_string(), needs);
        for (shop, reference) in seen.sync.waiting_for.get(&key).into_iter().flatten() {
            needs_of_job(&JobBody::FetchOrder { shop: *shop, reference: reference.clone() }, needs);
        }
        needs.sync.waiting_for.insert(key);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut listing = super::listing_of(scope, self.listing)?;
        super::super::check_version(self.expected_version, listing.version)?;
        let mapping = self.mapping(scope)?;
        let same = listing.mapping.map(|m| (m.sku, m.quantity)) == mapping.map(|m| (m.sku, m.quantity));
        if same {
            return Ok(Receipt::Kept { version: listing.version, changed: false });
        }
        let from = was(scope, &listing);
        listing.mapping = mapping;
        listing.hands_off = mapping.is_none();
        // What was told before was told of another SKU: nothing is to be expected of it.
        listing.pushed = None;
        listing.pushed_before = None;
        listing.sold_there = 0;
        listing.edit = None;
        listing.settled = None;
        tell(scope, context, &listing, &self.to, from);
        if mapping.is_some() {
            super::mark_dirty(scope, context, &mut listing, context.now, Urgency::Sale);
            close(scope, context, NoticeKind::Unmapped, &self.listing.0.to_string());
            let key = (listing.shop, listing.item.clone(), listing.variant.clone());
            for (shop, reference) in scope.waiting_for(&key) {
                let body = JobBody::FetchOrder { shop, reference };
                enqueue(scope, context, &NewJob { body, class: 1, run_at: context.now, cause_at: None });
            }
        }
        let version = super::put(scope, context, listing);
        Ok(Receipt::Kept { version, changed: true })
    }

    fn mapping(&self, scope: &mut Scope<'_>) -> Result<Option<Mapping>, Refusal> {
        let Some((code, quantity)) = &self.to else { return Ok(None) };
        if !(1..=QUANTITY_MAX).contains(quantity) {
            return Err(Refusal::OutOfRange);
        }
        match scope.sku_by_code(code) {
            None => Err(Refusal::UnknownSku { line: 0, sku: code.clone() }),
            Some(sku) if sku.archived => Err(Refusal::ArchivedSku { line: 0, sku: code.clone() }),
            Some(sku) => Ok(Some(Mapping { sku: sku.id, quantity: *quantity, automatic: false })),
        }
    }
}

/// What it is mapped to before the change.
fn was(scope: &mut Scope<'_>, listing: &Listing) -> Was {
    let Some(mapping) = listing.mapping else { return Was::Unmapped };
    let sku = scope.sku(mapping.sku).map(|sku| sku.code.clone());
    sku.map_or(Was::NotTold, |sku| Was::Mapped { sku, quantity: mapping.quantity })
}

fn tell(
    scope: &mut Scope<'_>,
    context: &Context,
    listing: &Listing,
    to: &Option<(String, Quantity)>,
    from: Was,
) {
    let step = if to.is_some() { "mapped" } else { "unmapped" };
    let (sku, quantity) = to.clone().map_or((None, None), |(sku, quantity)| (Some(sku), Some(quantity)));
    let shop = super::shop_code(scope, listing.shop);
    let step = step.to_owned();
    scope.push_event(context.event(EventBody::ListingChanged {
        listing: listing.id.0,
        shop,
        step,
        sku,
        quantity,
        from,
        automatic: Some(false),
    }));
}
