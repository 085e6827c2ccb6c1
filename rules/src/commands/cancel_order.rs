//! An order is cancelled, wholly or by line.

use crate::command::Context;
use crate::holding::{Cause, needs_of_holder, shift};
use crate::id::OrderId;
use crate::movement::{Holder, MovementKind};
use crate::order::{FulfilmentState, Order, OrderState, PaymentState};
use crate::quantity::{Quantities, Quantity};
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
        let moved = if whole { all_open(&order) } else { self.chosen(&order)? };

        // From here on nothing can be refused.
        give_back(scope, context, &mut order, &moved)?;
        let shipped = order.lines.iter().any(|line| line.shipped > 0);
        order.settle();
        if whole && shipped {
            order.fulfilment = FulfilmentState::Intercept;
        }
        if order.payment == PaymentState::Paid || order.payment == PaymentState::PartRefundPending {
            order.payment = if order.state == OrderState::Cancelled {
                PaymentState::RefundPending
            } else {
                PaymentState::PartRefundPending
            };
        }
        let step = if order.state == OrderState::Cancelled { "cancelled" } else { "part_cancelled" };
        Ok(super::finish_order(scope, context, order, step, moved, self.reason.clone()))
    }

    fn chosen(&self, order: &Order) -> Result<Vec<LineReceipt>, Refusal> {
        let mut moved = Vec::with_capacity(self.lines.len());
        for (index, choice) in self.lines.iter().enumerate() {
            let Some(cancellable) = items_open(order, choice.line) else {
                return Err(Refusal::UnknownLine { line: index, number: choice.line });
            };
            if choice.quantity > cancellable {
                let requested = choice.quantity;
                return Err(Refusal::ExceedsCancellable { line: index, requested, cancellable });
            }
            moved.push(LineReceipt { line: choice.line, quantity: choice.quantity });
        }
        Ok(moved)
    }
}

/// Items of a line that can still be cancelled, or `None` if there is no such line.
fn items_open(order: &Order, number: i32) -> Option<Quantity> {
    order.lines.iter().filter(|line| line.line == number).map(|line| line.open() / line.per_item).min()
}

fn all_open(order: &Order) -> Vec<LineReceipt> {
    let mut numbers: Vec<i32> = order.lines.iter().map(|line| line.line).collect();
    numbers.dedup();
    numbers
        .into_iter()
        .filter_map(|line| {
            let quantity = items_open(order, line).filter(|&items| items > 0)?;
            Some(LineReceipt { line, quantity })
        })
        .collect()
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
