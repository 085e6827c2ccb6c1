//! Goods of an order leave the building.

use crate::command::Context;
use crate::holding::{Cause, codes, needs_of_holder, shift};
use crate::id::OrderId;
use crate::movement::{Holder, MovementKind};
use crate::order::{Order, OrderState};
use crate::payment::{Dispute, Payment};
use crate::quantity::Quantities;
use crate::receipt::{LineReceipt, Receipt};
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

use super::LineChoice;

/// Ships allocated units, all or some, as often as there are parcels. Only confirmed units can be shipped, and only
/// goods that are in the building: a forced order without goods waits for a count or a receipt.
///
/// While a payment of the order is disputed nothing leaves by itself: goods that are gone cannot be kept for the money
/// that may go back. Whoever ships must say that he knows of it (`despite_dispute`); what a marketplace says has left,
/// has left. It is the one step that a dispute stops: holds, cancellations and returns go on as always, as they only
/// bring goods back.
///
/// A bundle ships whole. Cancelling and shipping race on the order's one row: one of them finds the other's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipOrder {
    /// Which.
    pub id: OrderId,
    /// Some items of some lines; empty for everything that is allocated.
    pub lines: Vec<LineChoice>,
    /// Carrier and tracking number, in the caller's words.
    pub tracking: Option<String>,
    /// Ship although a payment of it is disputed.
    pub despite_dispute: bool,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl ShipOrder {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_holder(Holder::Order(self.id), seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        super::check_choices(&self.lines)?;
        let mut order = super::order_of(scope, self.id)?;
        super::check_version(self.expected_version, order.version)?;
        if !matches!(order.state, OrderState::Confirmed | OrderState::Processing) {
            return Err(Refusal::WrongState {
                step: "ship".into(),
                state: order.state,
                fulfilment: order.fulfilment,
            });
        }
        if order.is_disputed() && !self.despite_dispute {
            let open = |payment: &Payment| payment.dispute == Dispute::Open;
            let disputed = order.all_payments().into_iter().find(open);
            let payment_reference = disputed.map(|payment| payment.reference).unwrap_or_default();
            return Err(Refusal::PaymentDisputed { payment_reference });
        }
        let exceeds = |line, requested, shippable| Refusal::ExceedsShippable { line, requested, shippable };
        let moved = super::choose_items(&order, &self.lines, |line| line.allocated, exceeds)?;
        self.check_on_hand(scope, &order, &moved)?;

        // From here on nothing can be refused.
        let cause = Cause { note: self.tracking.clone(), ..Cause::of(Holder::Order(order.id)) };
        for line in &mut order.lines {
            let Some(items) = moved.iter().find(|m| m.line == line.line).map(|m| m.quantity) else {
                continue;
            };
            let units = items * line.per_item;
            line.allocated -= units;
            line.shipped += units;
            let delta = Quantities { on_hand: -units, allocated: -units, ..Quantities::default() };
            shift(scope, context, line.key, MovementKind::Ship, delta, &cause)?;
        }
        order.settle();
        let step = if order.state == OrderState::Shipped { "shipped" } else { "part_shipped" };
        Ok(super::finish_order(scope, context, order, step, moved, self.tracking.clone()))
    }

    /// Several lines may take from one stock row: compare their sum.
    fn check_on_hand(
        &self,
        scope: &mut Scope<'_>,
        order: &Order,
        moved: &[LineReceipt],
    ) -> Result<(), Refusal> {
        let mut wanted = std::collections::BTreeMap::new();
        for line in &order.lines {
            let Some(at) = moved.iter().position(|m| m.line == line.line) else {
                continue;
            };
            let entry = wanted.entry(line.key).or_insert((at, 0));
            entry.1 += moved[at].quantity * line.per_item;
        }
        for (key, (index, requested)) in wanted {
            let on_hand = scope.stock_row(key).map_or(0, |stock| stock.figures.on_hand);
            if on_hand < requested {
                let (sku, _) = codes(scope, key);
                return Err(Refusal::NotOnHand { line: index, sku, requested, on_hand });
            }
        }
        Ok(())
    }
}
