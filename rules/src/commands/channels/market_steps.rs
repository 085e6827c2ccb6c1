//! The steps of a marketplace's order on the orders of ours that it became. Each compares what the marketplace says in
//! all with what was done so far, so that saying it twice does it once.

use std::collections::{BTreeMap, BTreeSet};

use super::put;
use crate::command::Context;
use crate::commands::{CancelOrder, ConfirmOrder, DeliverOrder, LineChoice, ShipOrder, finish_order};
use crate::id::OrderId;
use crate::listing::Listing;
use crate::market_order::{AppliedLine, MarketOrder, MarketSnapshot, MarketStatus};
use crate::order::OrderState;
use crate::quantity::{Millis, Quantity};
use crate::refusal::Refusal;
use crate::shop::Shop;
use crate::working::Scope;

/// An order that is older says nothing of how fast a listing sells now.
const LATELY_MS: Millis = 60 * 60_000;
/// Nearer to the last figure than this, an order may be older or younger than it: the marketplace tells the second, its clock is
/// known to two, and a write may take twenty until it is acknowledged.
const ABOUT_MS: Millis = 30_000;

/// What a snapshot says of one listing over all its lines.
#[derive(Debug, Clone, Default)]
pub(super) struct LineTotals {
    /// Units bought, including `cancelled`.
    pub(super) quantity: Quantity,
    /// Units cancelled.
    pub(super) cancelled: Quantity,
    /// Units that have left.
    pub(super) shipped: Quantity,
    pub(super) unit_minor: Option<i64>,
    pub(super) seller_sku: String,
    pub(super) title: String,
}

impl LineTotals {
    /// Units that were bought and not cancelled.
    pub(super) fn living(&self) -> Quantity {
        self.quantity - self.cancelled
    }
}

/// By (item, variant). A marketplace may tell one listing in several lines, by status.
pub(super) fn totals(snapshot: &MarketSnapshot) -> BTreeMap<(String, String), LineTotals> {
    let mut sums: BTreeMap<(String, String), LineTotals> = BTreeMap::new();
    for line in &snapshot.lines {
        let sum = sums.entry((line.item.clone(), line.variant.clone())).or_default();
        let cancelled = if line.status == MarketStatus::Cancelled {
            line.quantity
        } else {
            line.cancelled.clamp(0, line.quantity)
        };
        sum.quantity += line.quantity.max(0);
        sum.cancelled += cancelled;
        if line.status == MarketStatus::Shipped {
            sum.shipped += line.quantity - cancelled;
        }
        sum.unit_minor = sum.unit_minor.or(line.unit_minor);
        sum.seller_sku.clone_from(&line.seller_sku);
        sum.title.clone_from(&line.title);
    }
    sums
}

/// How far the lines that are not cancelled have come at least.
pub(super) fn stage(snapshot: &MarketSnapshot) -> MarketStatus {
    let living = snapshot.lines.iter().filter(|line| line.status != MarketStatus::Cancelled);
    living.map(|line| line.status).min().unwrap_or(MarketStatus::Cancelled)
}

impl MarketOrder {
    /// What became of one listing.
    pub(super) fn applied_of<'a>(
        &'a self,
        item: &'a str,
        variant: &'a str,
    ) -> impl Iterator<Item = &'a AppliedLine> + 'a {
        self.applied.iter().filter(move |line| line.item == item && line.variant == variant)
    }
}

impl MarketOrder {
    /// Units of one listing that took stock and were not given back.
    pub(super) fn living(&self, item: &str, variant: &str) -> Quantity {
        self.applied_of(item, variant).map(|line| line.quantity - line.cancelled).sum()
    }
}

/// Whether more of a listing has left than is bought of it by now.
pub(super) fn left_in_vain(order: &MarketOrder) -> bool {
    totals(&order.snapshot).iter().any(|((item, variant), total)| {
        order.applied_of(item, variant).map(|line| line.shipped).sum::<Quantity>() > total.living()
    })
}

/// Ships whatever lives of these listings: it has left, whatever was said of the order since.
pub(super) fn ship_all_of(
    scope: &mut Scope<'_>,
    context: &Context,
    order: &mut MarketOrder,
    keys: &[(String, String)],
) -> Result<(), Refusal> {
    let orders: BTreeSet<OrderId> = order.applied.iter().map(|line| line.order).collect();
    for id in orders {
        let of = |line: &AppliedLine| {
            line.order == id && keys.iter().any(|key| key.0 == line.item && key.1 == line.variant)
        };
        let lines = order.applied.iter().enumerate();
        let moves: Vec<(usize, Quantity)> = lines
            .filter(|(_, line)| of(line))
            .map(|(index, line)| (index, line.quantity - line.cancelled - line.shipped))
            .filter(|(_, units)| *units > 0)
            .collect();
        ship_moves(scope, context, order, id, &moves)?;
    }
    Ok(())
}

/// Confirms, gives back and ships what the snapshot says beyond what was done.
pub(super) fn follow(
    scope: &mut Scope<'_>,
    context: &Context,
    order: &mut MarketOrder,
) -> Result<(), Refusal> {
    let orders: BTreeSet<OrderId> = order.applied.iter().map(|line| line.order).collect();
    let confirmed = matches!(stage(&order.snapshot), MarketStatus::Confirmed | MarketStatus::Shipped);
    for id in orders {
        let state = scope.order(id).map(|found| found.state);
        if confirmed && matches!(state, Some(OrderState::Pending | OrderState::Expired)) {
            let confirm = ConfirmOrder { id, payment_reference: None, expected_version: None };
            note(order, confirm.decide(scope, context).map(|_| ()))?;
        }
        give_back(scope, context, order, id)?;
        ship(scope, context, order, id)?;
        if order.snapshot.completed && scope.order(id).is_some_and(|found| found.state == OrderState::Shipped)
        {
            let deliver = DeliverOrder { id, expected_version: None };
            note(order, deliver.decide(scope, context).map(|_| ()))?;
        }
    }
    Ok(())
}

/// What the marketplace still says is pending, it still holds for its buyer, and so do we: `hold_ms` from now, if less than half
/// of that is left. What has ended already is not taken back, because others may have bought it meanwhile.
pub(super) fn hold_longer(
    scope: &mut Scope<'_>,
    context: &Context,
    market_order: &MarketOrder,
    hold_ms: Millis,
) {
    let orders: BTreeSet<OrderId> = market_order.applied.iter().map(|line| line.order).collect();
    for id in orders {
        let Some(mut order) = scope.order(id).cloned() else { continue };
        let until = context.now.saturating_add(hold_ms);
        let soon = order.expires_at.is_some_and(|due| due > context.now && due - context.now < hold_ms / 2);
        if order.state == OrderState::Pending && soon {
            order.expires_at = Some(until);
            let _receipt = finish_order(scope, context, order, "extended", Vec::new(), None);
        }
    }
}

/// A step that cannot be done now is trouble for a person to see, not a reason to do nothing at all.
fn note(order: &mut MarketOrder, result: Result<(), Refusal>) -> Result<bool, Refusal> {
    match result {
        Ok(()) => Ok(true),
        Err(refusal @ Refusal::OutOfRange) => Err(refusal),
        Err(refusal) => {
            order.set_trouble(Some(refusal));
            Ok(false)
        }
    }
}

/// Units of the listing to move on the order `id`: index into `applied`, and quantity. `excess` says for one listing how
/// many units there are to move in all.
fn moves_of(
    order: &MarketOrder,
    id: OrderId,
    excess: impl Fn(&LineTotals, &[&AppliedLine]) -> Quantity,
) -> Vec<(usize, Quantity)> {
    let mut moves = Vec::new();
    for ((item, variant), total) in totals(&order.snapshot) {
        let lines: Vec<&AppliedLine> = order.applied_of(&item, &variant).collect();
        let mut left = excess(&total, &lines);
        for (index, line) in order.applied.iter().enumerate() {
            if line.order != id || line.item != item || line.variant != variant {
                continue;
            }
            let here = left.min(line.quantity - line.cancelled - line.shipped);
            if here > 0 {
                moves.push((index, here));
                left -= here;
            }
        }
    }
    moves
}

fn choices(order: &MarketOrder, moves: &[(usize, Quantity)]) -> Vec<LineChoice> {
    moves
        .iter()
        .filter_map(|&(index, quantity)| {
            let line = order.applied.get(index)?;
            Some(LineChoice { line: line.line, quantity: quantity * line.per_unit })
        })
        .collect()
}

fn give_back(
    scope: &mut Scope<'_>,
    context: &Context,
    order: &mut MarketOrder,
    id: OrderId,
) -> Result<(), Refusal> {
    let moves = moves_of(order, id, |total, lines| {
        lines.iter().map(|line| line.quantity - line.cancelled).sum::<Quantity>() - total.living()
    });
    if moves.is_empty() {
        return Ok(());
    }
    let expired = scope.order(id).is_some_and(|found| found.state == OrderState::Expired);
    let everything = order.snapshot.status == MarketStatus::Cancelled;
    if expired && !everything {
        // Its hold has ended, so there is nothing to give back of it; if it is confirmed late, the rest is said again.
        return Ok(());
    }
    let lines = if expired { Vec::new() } else { choices(order, &moves) };
    let reason = Some("cancelled on the marketplace".to_owned());
    let cancel = CancelOrder { id, lines, reason, expected_version: None };
    if !note(order, cancel.decide(scope, context).map(|_| ()))? {
        return Ok(());
    }
    for (index, quantity) in moves {
        let Some(line) = order.applied.get_mut(index) else { continue };
        line.cancelled += quantity;
        let id = line.listing;
        // The marketplace gives its own stock back by itself.
        if let Some(mut listing) = scope.listing(&id).filter(|listing| listing.sold_there > 0).cloned() {
            listing.sold_there = (listing.sold_there - quantity).max(0);
            super::put(scope, context, listing);
        }
    }
    Ok(())
}

fn ship(
    scope: &mut Scope<'_>,
    context: &Context,
    order: &mut MarketOrder,
    id: OrderId,
) -> Result<(), Refusal> {
    let moves = moves_of(order, id, |total, lines| {
        total.shipped - lines.iter().map(|line| line.shipped).sum::<Quantity>()
    });
    ship_moves(scope, context, order, id, &moves)
}

fn ship_moves(
    scope: &mut Scope<'_>,
    context: &Context,
    order: &mut MarketOrder,
    id: OrderId,
    moves: &[(usize, Quantity)],
) -> Result<(), Refusal> {
    if moves.is_empty() {
        return Ok(());
    }
    let tracking = Some("shipped on the marketplace".to_owned());
    let lines = choices(order, moves);
    let ship = ShipOrder { id, lines, tracking, despite_dispute: true, expected_version: None };
    if note(order, ship.decide(scope, context).map(|_| ()))? {
        for (index, quantity) in moves {
            if let Some(line) = order.applied.get_mut(*index) {
                line.shipped += quantity;
            }
        }
    }
    Ok(())
}

/// The marketplace has deducted these units itself, unless the order is older than the figure that we wrote over it. And
/// the listing sells that fast, unless the order is an old one that was only heard of now.
pub(super) fn sold_there(
    scope: &mut Scope<'_>,
    context: &Context,
    shop: &Shop,
    snapshot: &MarketSnapshot,
    mut listing: Listing,
    quantity: Quantity,
) {
    let ordered_at = snapshot.created_at - shop.health.clock_offset;
    let deducted = listing.pushed_at.is_some_and(|at| ordered_at > at);
    let lately = context.now - ordered_at < LATELY_MS;
    // As if it were older: too little is shown then, and never too much.
    let unsure = !deducted && listing.pushed_at.is_some_and(|at| at - ordered_at < ABOUT_MS);
    if deducted {
        listing.sold_there += quantity;
    }
    listing.unsure |= unsure;
    if lately {
        listing.sales.add(quantity, context.now);
    }
    if deducted || unsure || lately {
        put(scope, context, listing);
    }
}
