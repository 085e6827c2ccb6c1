//! Units are held without an order.

use crate::command::Context;
use crate::event::EventBody;
use crate::holding::{Cause, LineRequest, by_row, event_lines, explode, guard, needs_of_lines, shift};
use crate::id::ReservationId;
use crate::movement::{Holder, MovementKind};
use crate::quantity::{Millis, Quantities};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::reservation::{Reservation, ReservationLine, ReservationState};
use crate::working::{Needs, Scope, Working};

/// Holds the units of every line, or of none, until `hold_ms` have passed: a cart, a quotation, a queue at a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserve {
    /// Made by the engine.
    pub id: ReservationId,
    /// Whose it is, in the caller's words.
    pub owner: Option<String>,
    /// At least one.
    pub lines: Vec<LineRequest>,
    /// How long, in milliseconds.
    pub hold_ms: Millis,
}

impl Reserve {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_lines(&self.lines, seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let parts = explode(scope, &self.lines)?;
        guard(scope, context, &parts)?;
        let cause = Cause::of(Holder::Reservation(self.id));
        for (key, units) in by_row(&parts) {
            let delta = Quantities { reserved: units, ..Quantities::default() };
            shift(scope, context, key, MovementKind::Reserve, delta, &cause)?;
        }

        // From here on nothing can be refused.
        let lines = parts
            .iter()
            .map(|part| ReservationLine {
                line: part.line(),
                part: part.part,
                item: part.item,
                key: part.key,
                per_item: part.per_item,
                quantity: part.units,
                allocated: 0,
                released: 0,
                expired: 0,
            })
            .collect();
        let reservation = Reservation {
            id: self.id,
            state: ReservationState::Held,
            owner: self.owner.clone(),
            order: None,
            expires_at: context.now.saturating_add(self.hold_ms),
            extensions: 0,
            created_at: context.now,
            updated_at: context.now,
            version: 1,
            lines,
        };
        scope.push_event(context.event(EventBody::ReservationHeld {
            reservation: self.id,
            owner: self.owner.clone(),
            expires_at: reservation.expires_at,
            lines: event_lines(&self.lines),
        }));
        let receipt = receipt(&reservation, context.now);
        scope.put_reservation(self.id, reservation);
        Ok(receipt)
    }
}

/// What a reservation answers.
pub(super) fn receipt(reservation: &Reservation, at: Millis) -> Receipt {
    Receipt::Reservation {
        id: reservation.id,
        state: reservation.state,
        expires_at: reservation.expires_at,
        order: reservation.order,
        version: reservation.version,
        at,
    }
}

/// Stores a reservation with its next version and tells the world.
pub(super) fn finish(
    scope: &mut Scope<'_>,
    context: &Context,
    mut reservation: Reservation,
    step: &str,
) -> Receipt {
    reservation.version += 1;
    reservation.updated_at = context.now.max(reservation.updated_at);
    scope.push_event(context.event(EventBody::ReservationChanged {
        reservation: reservation.id,
        step: step.to_owned(),
        expires_at: reservation.expires_at,
        order: reservation.order,
    }));
    let receipt = receipt(&reservation, context.now);
    scope.put_reservation(reservation.id, reservation);
    receipt
}
