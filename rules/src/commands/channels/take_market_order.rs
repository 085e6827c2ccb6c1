//! An order was fetched from a marketplace.

use std::collections::{BTreeMap, BTreeSet};

use super::FreeSlots;
use super::market_steps::{self, LineTotals, totals};
use super::telling::{Before, needs_of_telling};
use crate::command::Context;
use crate::commands::PlaceOrder;
use crate::event::EventBody;
use crate::holding::{LineRequest, needs_of_holder};
use crate::id::{JobId, ListingId, OrderId, ShopId};
use crate::job::{JobBody, NewJob};
use crate::listing::Listing;
use crate::market_order::{
    AppliedLine, MarketLine, MarketOrder, MarketOrderState, MarketSnapshot, MarketStatus,
};
use crate::movement::Holder;
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{close, needs_of_notice, raise};
use crate::quantity::Quantity;
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::Shop;
use crate::stock::StockKey;
use crate::working::{Needs, Scope, Working};

/// Applies an order as it was fetched, if it is newer than what we have (version and rank, not the order of arrival): takes,
/// confirms, ships and gives back by line, each once. It is a fact: it may drive stock below zero, which opens a shortfall.
/// Lines whose listing nobody has mapped wait, visibly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeMarketOrder {
    /// Where.
    pub shop: ShopId,
    /// The marketplace's number of it.
    pub reference: String,
    /// As fetched.
    pub snapshot: MarketSnapshot,
    /// The job that fetched it.
    pub job: Option<JobId>,
    /// Who begins with its pushes at once, in the commit that makes them.
    pub slots: Option<FreeSlots>,
}

impl TakeMarketOrder {
    fn subject(&self) -> String {
        format!("{}/{}", self.shop.0, self.reference)
    }

    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs.sync.shops.insert(self.shop);
        needs.sync.market_orders.insert((self.shop, self.reference.clone()));
        let told = [
            NoticeKind::OrderTrouble,
            NoticeKind::UnknownStatus,
            NoticeKind::ReturnReceived,
            NoticeKind::CancelRequested,
        ];
        for kind in told {
            needs_of_notice(kind, &self.subject(), needs);
        }
        let shop = seen.sync.shops.get(&self.shop).and_then(|row| row.now.as_ref());
        if let Some(shop) = shop {
            needs.location_codes.insert(shop.settings.location.clone());
        }
        for line in &self.snapshot.lines {
            let key = (self.shop, line.item.clone(), line.variant.clone());
            needs_of_job(&JobBody::ImportItem { shop: self.shop, item: line.item.clone() }, needs);
            if let Some(Some(id)) = seen.sync.listing_keys.get(&key)
                && let Some(listing) = super::loaded_listing(seen, *id)
            {
                needs_of_notice(NoticeKind::Unmapped, &id.0.to_string(), needs);
                needs_of_sku(listing, shop, seen, needs);
            }
            needs.sync.listing_keys.insert(key);
        }
        let known = seen.sync.market_orders.get(&(self.shop, self.reference.clone()));
        let known = known.and_then(|row| row.now.as_ref());
        let orders: BTreeSet<OrderId> =
            known.iter().flat_map(|o| &o.applied).map(|line| line.order).collect();
        if let Some(shop) = shop {
            let reference = MarketOrder::order_reference(&shop.code, &self.reference, orders.len());
            needs.order_references.insert((shop.channel.clone(), reference));
        }
        for order in orders {
            needs_of_holder(Holder::Order(order), seen, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let Some(shop) = scope.shop(&self.shop).cloned() else {
            return Err(Refusal::NotFound { what: "shop".into(), id: self.shop.0.to_string() });
        };
        let location = scope.location_by_code(&shop.settings.location).map(|location| location.id);
        let named = self.listings(scope);
        let before = location.map(|location| Before::of(scope, named, location));
        let mut receipt = self.apply(scope, context, &shop)?;
        if let (Some(before), Receipt::MarketOrder { pushes, .. }) = (before, &mut receipt) {
            *pushes = before.tell(scope, context, self.slots.as_ref());
        }
        Ok(receipt)
    }

    /// What it names that was ever read.
    fn listings(&self, scope: &mut Scope<'_>) -> BTreeSet<ListingId> {
        let lines = self.snapshot.lines.iter();
        let key = |line: &MarketLine| (self.shop, line.item.clone(), line.variant.clone());
        lines.filter_map(|line| scope.listing_by_key(&key(line))).collect()
    }

    fn apply(&self, scope: &mut Scope<'_>, context: &Context, shop: &Shop) -> Result<Receipt, Refusal> {
        let key = (self.shop, self.reference.clone());
        let known = scope.market_order(&key).cloned();
        if let Some(mut old) = known.clone().filter(|old| !self.is_news(old)) {
            old.stale_news += 1;
            self.depart(scope, context, shop, &mut old)?;
            return Ok(self.keep(scope, context, shop, known.as_ref(), old, false));
        }
        let mut order = known.clone().unwrap_or_else(|| self.first(context));
        self.believe(scope, context, &mut order);
        order.set_trouble(None);
        self.place(scope, context, shop, &mut order)?;
        market_steps::follow(scope, context, &mut order)?;
        market_steps::hold_longer(scope, context, &order, shop.settings.hold_ms);
        self.conclude(scope, context, &mut order);
        order.job = self.job;
        order.updated_at = context.now.max(order.updated_at);
        Ok(self.keep(scope, context, shop, known.as_ref(), order, true))
    }

    fn keep(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        shop: &Shop,
        known: Option<&MarketOrder>,
        mut order: MarketOrder,
        news: bool,
    ) -> Receipt {
        if known.is_none_or(|old| differs(old, &order)) {
            scope.push_event(context.event(EventBody::MarketOrderChanged {
                shop: shop.code.clone(),
                reference: self.reference.clone(),
                state: state_name(order.state).to_owned(),
                status: order.snapshot.raw_status.clone(),
                order: order.applied.first().map(|line| line.order),
            }));
        }
        order.version += 1;
        let receipt = receipt_of(&order, news);
        scope.put_market_order((self.shop, self.reference.clone()), order);
        receipt
    }

    /// What is cancelled stays cancelled, whatever the versions say. Else version first, then rank, then how many units
    /// have gone one way or the other; where a version is missing, rank alone. The order of arrival means nothing. The
    /// same news again is looked at again: a line may have been mapped meanwhile, and every step counts once anyhow.
    fn is_news(&self, old: &MarketOrder) -> bool {
        let (old, new) = (&old.snapshot, &self.snapshot);
        let was = old.status == MarketStatus::Cancelled;
        let is = new.status == MarketStatus::Cancelled && new.known_status;
        if was != is {
            return is;
        }
        let versions = if old.updated_at == 0 || new.updated_at == 0 {
            (0, 0)
        } else {
            (new.updated_at, old.updated_at)
        };
        (versions.0, new.status, moved(new)) >= (versions.1, old.status, moved(old))
    }

    /// Old news that says shipped of units that were cancelled: they have left all the same, and are taken out of the
    /// stock, as they would have been had it come in time. Nothing of this is given back by itself: what is on the road
    /// must not be sold.
    fn depart(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        shop: &Shop,
        order: &mut MarketOrder,
    ) -> Result<(), Refusal> {
        if !self.snapshot.known_status {
            return Ok(());
        }
        let mut gone = Vec::new();
        for (key, total) in totals(&self.snapshot) {
            // What lives and has not been shipped may still be shipped in its course.
            let left = total.shipped - order.living(&key.0, &key.1);
            if left > 0 {
                gone.push((key, left, total));
            }
        }
        if gone.is_empty() {
            return Ok(());
        }
        order.set_trouble(None);
        order.waits_for.clear();
        let keys: Vec<_> = gone.iter().map(|(key, _, _)| key.clone()).collect();
        self.take(scope, context, shop, order, gone, true)?;
        market_steps::ship_all_of(scope, context, order, &keys)?;
        self.conclude(scope, context, order);
        order.updated_at = context.now.max(order.updated_at);
        Ok(())
    }

    fn first(&self, context: &Context) -> MarketOrder {
        MarketOrder {
            shop: self.shop,
            reference: self.reference.clone(),
            state: MarketOrderState::Applied,
            snapshot: self.snapshot.clone(),
            applied: Vec::new(),
            waits_for: Vec::new(),
            trouble: None,
            refusal: None,
            stale_news: 0,
            job: None,
            version: 0,
            received_at: context.now,
            updated_at: context.now,
        }
    }

    /// Takes the snapshot over. A status that nobody knows keeps the states that the lines had, and is never read as a
    /// cancellation.
    fn believe(&self, scope: &mut Scope<'_>, context: &Context, order: &mut MarketOrder) {
        let mut snapshot = self.snapshot.clone();
        if snapshot.known_status {
            close(scope, context, NoticeKind::UnknownStatus, &self.subject());
        } else {
            let former = if order.version == 0 { MarketStatus::Pending } else { order.snapshot.status };
            snapshot.status = former;
            for line in &mut snapshot.lines {
                let was = order
                    .snapshot
                    .lines
                    .iter()
                    .find(|old| old.item == line.item && old.variant == line.variant);
                line.status = was.filter(|_| order.version > 0).map_or(former, |old| old.status);
            }
            let (order, said) = (self.reference.clone(), snapshot.raw_status.clone());
            self.tell(scope, context, NoticeBody::UnknownStatus { order, said });
        }
        if snapshot.returning {
            self.tell(scope, context, NoticeBody::ReturnComing { order: self.reference.clone() });
        }
        // Nobody wants to cancel what has left or is cancelled.
        let open = matches!(snapshot.status, MarketStatus::Pending | MarketStatus::Confirmed);
        if snapshot.cancel_requested.is_none() && open {
            snapshot.cancel_requested = order.snapshot.cancel_requested;
        }
        self.tell_wish(scope, context, order, open && snapshot.cancel_requested == Some(true));
        order.snapshot = snapshot;
    }

    fn tell(&self, scope: &mut Scope<'_>, context: &Context, told: NoticeBody) {
        raise(scope, context, &self.subject(), Some(self.shop), told);
    }

    /// Somebody has to answer a buyer who wants to cancel, once for each time that he asks.
    fn tell_wish(&self, scope: &mut Scope<'_>, context: &Context, order: &MarketOrder, asked: bool) {
        let before = order.version > 0 && order.snapshot.cancel_requested == Some(true);
        if asked && !before {
            self.tell(scope, context, NoticeBody::CancelRequested { order: self.reference.clone() });
        } else if !asked {
            close(scope, context, NoticeKind::CancelRequested, &self.subject());
        }
    }

    /// Takes stock for what has not taken any yet.
    fn place(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        shop: &Shop,
        order: &mut MarketOrder,
    ) -> Result<(), Refusal> {
        order.waits_for.clear();
        let mut wanted = Vec::new();
        for (key, total) in totals(&order.snapshot) {
            // What was cancelled before it took any stock never takes any.
            let missing = total.living() - order.living(&key.0, &key.1);
            if missing > 0 {
                wanted.push((key, missing, total));
            }
        }
        let confirm = market_steps::stage(&order.snapshot) >= MarketStatus::Confirmed;
        self.take(scope, context, shop, order, wanted, confirm)
    }

    /// Takes so many units of these listings.
    fn take(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        shop: &Shop,
        order: &mut MarketOrder,
        wanted: Vec<((String, String), Quantity, LineTotals)>,
        confirm: bool,
    ) -> Result<(), Refusal> {
        let mut found = Vec::new();
        for (key, missing, total) in wanted {
            match self.mapped(scope, context, &key, &total) {
                Some(listing) => found.push((listing, missing, total)),
                None => order.waits_for.push(key),
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        let parts = order.applied.iter().map(|line| line.order).collect::<BTreeSet<_>>().len();
        let reference = MarketOrder::order_reference(&shop.code, &self.reference, parts);
        let currency = order.snapshot.currency.clone();
        let place = PlaceOrder { confirm, currency, ..self.placing(scope, context, shop, reference, &found) };
        match place.decide(scope, context) {
            Ok(_) => {}
            Err(refusal @ Refusal::OutOfRange) => return Err(refusal),
            Err(refusal) => {
                order.set_trouble(Some(refusal));
                return Ok(());
            }
        }
        for (number, (listing, quantity, _)) in (1..).zip(found) {
            let per_unit = listing.mapping.map_or(1, |mapping| mapping.quantity);
            order.applied.push(AppliedLine {
                item: listing.item.clone(),
                variant: listing.variant.clone(),
                listing: listing.id,
                order: place.id,
                line: number,
                quantity,
                per_unit,
                cancelled: 0,
                shipped: 0,
            });
            market_steps::sold_there(scope, context, shop, &order.snapshot, listing, quantity);
        }
        Ok(())
    }

    fn placing(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        shop: &Shop,
        reference: String,
        found: &[(Listing, Quantity, LineTotals)],
    ) -> PlaceOrder {
        let mut lines = Vec::with_capacity(found.len());
        for (listing, quantity, total) in found {
            let Some(mapping) = listing.mapping else { continue };
            let sku = scope.sku(mapping.sku).map(|sku| sku.code.clone()).unwrap_or_default();
            lines.push(LineRequest {
                sku,
                location: shop.settings.location.clone(),
                quantity: quantity.saturating_mul(mapping.quantity),
                // The price is of one unit of the listing; of a multipack it cannot be told for one of ours.
                unit_minor: total.unit_minor.filter(|_| mapping.quantity == 1),
            });
        }
        PlaceOrder {
            id: OrderId(scope.fresh_id(context)),
            channel: shop.channel.clone(),
            reference: Some(reference),
            lines,
            hold_ms: shop.settings.hold_ms,
            confirm: false,
            forced: true,
            payment_reference: None,
            currency: None,
        }
    }

    /// The listing, if it says whose stock it sells. If not, it is said what to do; one that was never read is read now.
    fn mapped(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        key: &(String, String),
        total: &LineTotals,
    ) -> Option<Listing> {
        let id = scope.listing_by_key(&(self.shop, key.0.clone(), key.1.clone()));
        let Some(listing) = id.and_then(|id| scope.listing(&id).cloned()) else {
            let body = JobBody::ImportItem { shop: self.shop, item: key.0.clone() };
            enqueue(scope, context, &NewJob { body, class: 2, run_at: context.now, cause_at: None });
            return None;
        };
        if listing.mapping.is_some() {
            return Some(listing);
        }
        let (title, seller_sku) = (total.title.clone(), total.seller_sku.clone());
        let told = NoticeBody::Unmapped { listing: listing.id.0, title, seller_sku };
        raise(scope, context, &listing.id.0.to_string(), Some(self.shop), told);
        None
    }

    fn conclude(&self, scope: &mut Scope<'_>, context: &Context, order: &mut MarketOrder) {
        order.state = match (&order.trouble, order.waits_for.is_empty()) {
            (Some(_), _) => MarketOrderState::NeedsAttention,
            (None, false) => MarketOrderState::WaitsForMapping,
            (None, true) => MarketOrderState::Applied,
        };
        match &order.trouble {
            Some(trouble) => {
                let (said, code) = (trouble.clone(), order.refusal.as_ref().map(|why| why.code().to_owned()));
                self.tell(
                    scope,
                    context,
                    NoticeBody::OrderTrouble { order: self.reference.clone(), said, code },
                );
            }
            None => close(scope, context, NoticeKind::OrderTrouble, &self.subject()),
        }
        if market_steps::left_in_vain(order) {
            self.tell(scope, context, NoticeBody::ReturnCancelled { order: self.reference.clone() });
        }
    }
}

/// Units that have gone one way or the other: of two snapshots of one version the one that says more is the later one.
fn moved(snapshot: &MarketSnapshot) -> Quantity {
    totals(snapshot).values().map(|total| total.cancelled + total.shipped).sum()
}

fn needs_of_sku(listing: &Listing, shop: Option<&Shop>, seen: &Working, needs: &mut Needs) {
    let Some(mapping) = listing.mapping else { return };
    needs.skus.insert(mapping.sku);
    let (Some(sku), Some(shop)) = (seen.skus.get(&mapping.sku).and_then(|row| row.now.as_ref()), shop) else {
        return;
    };
    needs.sku_codes.insert(sku.code.clone());
    let parts: Vec<_> =
        if sku.is_bundle() { sku.components.iter().map(|c| c.sku).collect() } else { vec![sku.id] };
    for part in parts {
        needs.skus.insert(part);
        needs_of_telling(part, seen, needs);
        if let Some(location) = seen.location_by_code(&shop.settings.location) {
            needs.stock.insert(StockKey { sku: part, location: location.id });
        }
    }
}

fn differs(old: &MarketOrder, new: &MarketOrder) -> bool {
    let (before, after) = (&old.snapshot, &new.snapshot);
    old.state != new.state
        || before.raw_status != after.raw_status
        || before.cancel_requested != after.cancel_requested
        || old.applied != new.applied
}

fn receipt_of(order: &MarketOrder, news: bool) -> Receipt {
    let orders: BTreeMap<OrderId, ()> = order.applied.iter().map(|line| (line.order, ())).collect();
    Receipt::MarketOrder {
        news,
        state: order.state,
        orders: orders.into_keys().collect(),
        pushes: Vec::new(),
    }
}

fn state_name(state: MarketOrderState) -> &'static str {
    match state {
        MarketOrderState::Applied => "applied",
        MarketOrderState::WaitsForMapping => "waits_for_mapping",
        MarketOrderState::NeedsAttention => "needs_attention",
    }
}
