//! One file for each thing that can happen. A file reads from top to bottom: the rule in prose, the struct, `needs`,
//! then `decide`, which checks in a fixed order, and from where it says so can no longer refuse.

mod allocate_reservation;
mod api_keys;
mod cancel_order;
mod change_stock;
pub mod channels;
mod confirm_order;
mod deliver_order;
pub mod expire_holds;
mod extend_reservation;
pub mod identity;
mod locations;
mod place_order;
pub mod queue;
mod record_payment;
mod release_reservation;
mod reserve;
mod return_order;
mod ship_order;
mod skus;

pub use allocate_reservation::{AllocateReservation, Remainder};
pub use api_keys::{CreateApiKey, NoteKeyUse, RevokeApiKey};
pub use cancel_order::CancelOrder;
pub use change_stock::{ChangeStock, Expected, Reason, StockItem};
pub use confirm_order::ConfirmOrder;
pub use deliver_order::DeliverOrder;
pub use expire_holds::ExpireHolds;
pub use extend_reservation::ExtendReservation;
pub use locations::{CreateLocation, UpdateLocation};
pub use place_order::PlaceOrder;
pub use record_payment::RecordPayment;
pub use release_reservation::ReleaseReservation;
pub use reserve::Reserve;
pub use return_order::{Condition, ReturnLine, ReturnOrder};
pub use ship_order::ShipOrder;
pub use skus::{CreateSku, UpdateSku};

use crate::command::Context;
use crate::event::{EventBody, EventLine};
use crate::quantity::Quantity;
use crate::receipt::{LineReceipt, Receipt};
use crate::refusal::Refusal;
use crate::working::Scope;
use crate::{Order, OrderLine};

/// One line of a step on an order or reservation that exists: the number of a line and how many items of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineChoice {
    /// Number of the line, from 1.
    pub line: i32,
    /// Items, at least 1.
    pub quantity: Quantity,
}

/// Refuses a step that names the same line twice: which of the two was meant?
fn check_choices(lines: &[LineChoice]) -> Result<(), Refusal> {
    let mut seen = std::collections::BTreeSet::new();
    for (index, choice) in lines.iter().enumerate() {
        if choice.quantity < 1 || choice.quantity > crate::quantity::QUANTITY_MAX {
            return Err(Refusal::OutOfRange);
        }
        if !seen.insert(choice.line) {
            return Err(Refusal::Repeated { line: index, name: format!("line {}", choice.line) });
        }
    }
    Ok(())
}

/// Items of a line, by the units that each of its parts can give, or `None` if there is no such line. A bundle counts whole.
fn items_of(order: &Order, number: i32, units: fn(&OrderLine) -> Quantity) -> Option<Quantity> {
    order.lines.iter().filter(|line| line.line == number).map(|line| units(line) / line.per_item).min()
}

/// The items that a step moves: the chosen ones, or everything that `units` allows.
fn choose_items(
    order: &Order,
    chosen: &[LineChoice],
    units: fn(&OrderLine) -> Quantity,
    exceeds: fn(usize, Quantity, Quantity) -> Refusal,
) -> Result<Vec<LineReceipt>, Refusal> {
    if chosen.is_empty() {
        let mut numbers: Vec<i32> = order.lines.iter().map(|line| line.line).collect();
        numbers.dedup();
        let all = numbers.into_iter().filter_map(|line| {
            let quantity = items_of(order, line, units).filter(|&items| items > 0)?;
            Some(LineReceipt { line, quantity })
        });
        return Ok(all.collect());
    }
    let mut moved = Vec::with_capacity(chosen.len());
    for (index, &LineChoice { line, quantity }) in chosen.iter().enumerate() {
        let Some(possible) = items_of(order, line, units) else {
            return Err(Refusal::UnknownLine { line: index, number: line });
        };
        if quantity > possible {
            return Err(exceeds(index, quantity, possible));
        }
        moved.push(LineReceipt { line, quantity });
    }
    Ok(moved)
}

/// Checks the caller's version, when one was given.
fn check_version(expected: Option<i64>, actual: i64) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != actual => Err(Refusal::StaleVersion { expected, actual }),
        _ => Ok(()),
    }
}

/// Stores an order with its next version and tells the world.
fn finish_order(
    scope: &mut Scope<'_>,
    context: &Context,
    mut order: Order,
    step: &str,
    lines: Vec<LineReceipt>,
    note: Option<String>,
) -> Receipt {
    order.version += 1;
    order.updated_at = context.now.max(order.updated_at);
    let told = event_lines_of(scope, &order, &lines);
    scope.push_event(context.event(EventBody::OrderChanged {
        order: order.id,
        step: step.to_owned(),
        state: order.state,
        payment_state: order.payment,
        fulfilment_state: order.fulfilment,
        lines: told,
        note,
    }));
    let receipt = order_receipt(&order, lines, context.now);
    scope.put_order(order.id, order);
    receipt
}

/// What an order answers.
fn order_receipt(order: &Order, lines: Vec<LineReceipt>, at: i64) -> Receipt {
    Receipt::Order {
        id: order.id,
        state: order.state,
        payment: order.payment,
        fulfilment: order.fulfilment,
        expires_at: order.expires_at,
        version: order.version,
        late: order.late,
        beside: None,
        lines,
        at,
    }
}

/// The named lines of an order, with codes, for an event.
fn event_lines_of(scope: &mut Scope<'_>, order: &Order, lines: &[LineReceipt]) -> Vec<EventLine> {
    lines
        .iter()
        .filter_map(|moved| {
            let line = order.lines.iter().find(|l| l.line == moved.line)?;
            let sku = scope.sku(line.item).map(|s| s.code.clone())?;
            let location = scope.location(line.key.location).map(|l| l.code.clone())?;
            Some(EventLine { line: moved.line, sku, location, quantity: moved.quantity })
        })
        .collect()
}

/// The order, or a refusal that says there is none.
fn order_of(scope: &mut Scope<'_>, id: crate::OrderId) -> Result<Order, Refusal> {
    scope.order(id).cloned().ok_or_else(|| Refusal::NotFound { what: "order".into(), id: id.to_string() })
}

/// The reservation, or a refusal that says there is none.
fn reservation_of(scope: &mut Scope<'_>, id: crate::ReservationId) -> Result<crate::Reservation, Refusal> {
    scope
        .reservation(id)
        .cloned()
        .ok_or_else(|| Refusal::NotFound { what: "reservation".into(), id: id.to_string() })
}
