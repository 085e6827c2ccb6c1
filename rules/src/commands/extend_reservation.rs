//! A reservation is held longer.

use crate::command::Context;
use crate::holding::needs_of_holder;
use crate::id::ReservationId;
use crate::movement::Holder;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::reservation::{EXTENSIONS_MAX, LIFE_MAX_MS, ReservationState};
use crate::working::{Needs, Scope, Working};

/// Moves the due time to `hold_ms` from now, at most three times and never beyond 24 hours after the creation (or
/// beyond where it stands already). A hold past due cannot be extended, swept or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtendReservation {
    /// Which.
    pub id: ReservationId,
    /// How long from now, in milliseconds.
    pub hold_ms: Millis,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl ExtendReservation {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_holder(Holder::Reservation(self.id), seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut reservation = super::reservation_of(scope, self.id)?;
        super::check_version(self.expected_version, reservation.version)?;
        if reservation.overdue(context.now) {
            return Err(Refusal::NotHeld { state: ReservationState::Expired });
        }
        if reservation.state != ReservationState::Held {
            return Err(Refusal::NotHeld { state: reservation.state });
        }
        let until = context.now.saturating_add(self.hold_ms);
        let latest = reservation.expires_at.max(reservation.created_at.saturating_add(LIFE_MAX_MS));
        if reservation.extensions >= EXTENSIONS_MAX || until > latest {
            return Err(Refusal::ExtensionLimit { extensions: reservation.extensions });
        }
        reservation.expires_at = until;
        reservation.extensions += 1;
        Ok(super::reserve::finish(scope, context, reservation, "extended"))
    }
}
