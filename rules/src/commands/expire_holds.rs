//! Holds end by time.

use crate::command::Context;
use crate::event::EventBody;
use crate::holding::{Cause, needs_of_holder, shift};
use crate::id::{OrderId, ReservationId};
use crate::movement::{Holder, MovementKind};
use crate::order::{Order, OrderState};
use crate::quantity::Quantities;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::reservation::{Reservation, ReservationState};
use crate::stock::StockKey;
use crate::working::{Needs, Scope, Working};

/// Ends the named holds that are still past due when the command is decided.
///
/// The pulse finds them without locks and this looks again under locks, so a stale find is harmless and any number of
/// pulses may run. Nobody depends on the pulse being in time: confirming an overdue hold takes the late path, and a
/// buyer who lacks stock ends overdue holds on the way ([`end_due_on`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpireHolds {
    /// Orders and reservations that were past due when somebody looked.
    pub holders: Vec<Holder>,
}

impl ExpireHolds {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        for holder in &self.holders {
            needs_of_holder(*holder, seen, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut count = 0;
        for holder in &self.holders {
            if end_if_due(scope, context, *holder)? {
                count += 1;
            }
        }
        Ok(Receipt::Expired { count })
    }
}

/// Ends every overdue hold on one stock row, as far as they were loaded.
///
/// # Errors
/// [`Refusal::OutOfRange`] only if the books do not balance.
pub fn end_due_on(scope: &mut Scope<'_>, context: &Context, key: StockKey) -> Result<(), Refusal> {
    for holder in scope.due_on(key) {
        end_if_due(scope, context, holder)?;
    }
    Ok(())
}

/// Ends one hold if it is past due; says whether it was.
pub(crate) fn end_if_due(scope: &mut Scope<'_>, context: &Context, holder: Holder) -> Result<bool, Refusal> {
    match holder {
        Holder::Order(id) => match scope.order(id).cloned() {
            Some(order) if order.overdue(context.now) => end_order(scope, context, order).map(|_| true),
            _ => Ok(false),
        },
        Holder::Reservation(id) => match scope.reservation(id).cloned() {
            Some(reservation) if reservation.overdue(context.now) => {
                end_reservation(scope, context, reservation).map(|_| true)
            }
            _ => Ok(false),
        },
    }
}

/// Ends a pending order: its units go back, and the order remembers how many it lost, for a late confirmation.
pub(crate) fn end_order(
    scope: &mut Scope<'_>,
    context: &Context,
    mut order: Order,
) -> Result<Order, Refusal> {
    let id: OrderId = order.id;
    let cause = Cause::of(Holder::Order(id));
    for line in &mut order.lines {
        let units = std::mem::take(&mut line.reserved);
        line.cancelled += units;
        line.expired += units;
        let delta = Quantities { reserved: -units, ..Quantities::default() };
        shift(scope, context, line.key, MovementKind::Expire, delta, &cause)?;
    }
    order.state = OrderState::Expired;
    order.expires_at = None;
    let _receipt = super::finish_order(scope, context, order, "expired", Vec::new(), None);
    super::order_of(scope, id)
}

/// Ends a held reservation.
pub(crate) fn end_reservation(
    scope: &mut Scope<'_>,
    context: &Context,
    mut reservation: Reservation,
) -> Result<Reservation, Refusal> {
    let id: ReservationId = reservation.id;
    let cause = Cause::of(Holder::Reservation(id));
    for line in &mut reservation.lines {
        let units = line.outstanding();
        line.released += units;
        line.expired += units;
        let delta = Quantities { reserved: -units, ..Quantities::default() };
        shift(scope, context, line.key, MovementKind::Expire, delta, &cause)?;
    }
    // A reservation of which something was allocated has done its work.
    let any = reservation.lines.iter().any(|line| line.allocated > 0);
    reservation.state = if any { ReservationState::Allocated } else { ReservationState::Expired };
    reservation.version += 1;
    reservation.updated_at = context.now.max(reservation.updated_at);
    scope.push_event(context.event(EventBody::ReservationChanged {
        reservation: id,
        step: "expired".to_owned(),
        expires_at: reservation.expires_at,
        order: reservation.order,
    }));
    scope.put_reservation(id, reservation.clone());
    Ok(reservation)
}
