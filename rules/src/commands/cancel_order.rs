//! An order is cancelled, wholly or by line.

use crate::command::Context;
use crate::holding::{Cause, needs_of_holder, shift};
use crate::id::OrderId;
use crate::movement::{Holder, MovementKind};
use crate::order::{FulfilmentState, Order, OrderLine, OrderState};
use crate::quantity::Quantities;
use crate::receipt::{LineReceipt, Receipt};
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

use super::LineChoice;

/// Gives units back that have not been shipped: held units are released, allocated units deallocated, each once.
///
/// Cancelling a whole order of which part is on its way cancels the rest and marks the order for interception; goods on
/// their way come back only through a return. Cancelling what is cancelled is not an error. If money had come for the
/// units, it must go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelOrder {
    /// Which.
    pub id: OrderId,
    /// Some items of some lines; empty for everything that can still be cancelled.
    pub lines: Vec<LineChoice>,
    /// Why, in the caller's words.
    pub reason: Option<String>,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl CancelOrder {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_holder(Holder::Order(self.id), seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        super::check_choices(&self.lines)?;
        let mut order = super::order_of(scope, self.id)?;
        super::check_version(self.expected_version, order.version)?;
        let whole = self.lines.is_empty();
        match order.state {
            OrderState::Cancelled if whole => {
                return Ok(super::order_receipt(&order, Vec::new(), context.now));
            }
            OrderState::Expired if whole => {
                order.state = OrderState::Cancelled;
                order.lines.iter_mut().for_each(|line| line.expired = 0);
                return Ok(super::finish_order(
                    scope,
                    context,
                    order,
                    "cancelled",
                    Vec::new(),
                    self.reason.clone(),
                ));
            }
            OrderState::Pending | OrderState::Confirmed | OrderState::Processing => {}
            state => {
                let fulfilment = order.fulfilment;
                return Err(Refusal::WrongState { step: "cancel".into(), state, fulfilment });
            }
        }
        let exceeds =
            |line, requested, cancellable| Refusal::ExceedsCancellable { line, requested, cancellable };
        let moved = super::choose_items(&order, &self.lines, OrderLine::open, exceeds)?;

        // From here on nothing can be refused.
        give_back(scope, context, &mut order, &moved)?;
        let shipped = order.lines.iter().any(|line| line.shipped > 0);
        order.settle();
        if whole && shipped {
            order.fulfilment = FulfilmentState::Intercept;
        }
        order.owe_money();
        let step = if order.state == OrderState::Cancelled { "cancelled" } else { "part_cancelled" };
        Ok(super::finish_order(scope, context, order, step, moved, self.reason.clone()))
    }
}

/// Releases everything that a pending order holds, because it will not be paid; the order is cancelled.
pub(crate) fn release_all(
    scope: &mut Scope<'_>,
    context: &Context,
    order: &mut Order,
) -> Result<(), Refusal> {
    let all = super::choose_items(order, &[], OrderLine::open, |line, requested, cancellable| {
        Refusal::ExceedsCancellable { line, requested, cancellable }
    })?;
    give_back(scope, context, order, &all)?;
    order.settle();
    Ok(())
}

fn give_back(
    scope: &mut Scope<'_>,
    context: &Context,
    order: &mut Order,
    moved: &[LineReceipt],
) -> Result<(), Refusal> {
    let cause = Cause::of(Holder::Order(order.id));
    for line in &mut order.lines {
        let Some(items) = moved.iter().find(|m| m.line == line.line).map(|m| m.quantity) else {
            continue;
        };
        let units = items * line.per_item;
        let held = units.min(line.reserved);
        line.reserved -= held;
        let delta = Quantities { reserved: -held, ..Quantities::default() };
        shift(scope, context, line.key, MovementKind::Release, delta, &cause)?;
        let allocated = units - held;
        line.allocated -= allocated;
        let delta = Quantities { allocated: -allocated, ..Quantities::default() };
        shift(scope, context, line.key, MovementKind::Deallocate, delta, &cause)?;
        line.cancelled += units;
    }
    Ok(())
}
