//! A reservation is given back.

use crate::command::Context;
use crate::holding::{Cause, needs_of_holder, shift};
use crate::id::ReservationId;
use crate::movement::{Holder, MovementKind};
use crate::quantity::{Quantities, Quantity};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::reservation::{Reservation, ReservationLine, ReservationState};
use crate::working::{Needs, Scope, Working};

use super::LineChoice;

/// Gives held units back, all or some. Releasing what was released or has expired is not an error; what became an order
/// is, for then the order must be cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseReservation {
    /// Which.
    pub id: ReservationId,
    /// Some items of some lines; empty for everything that is held.
    pub lines: Vec<LineChoice>,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl ReleaseReservation {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_holder(Holder::Reservation(self.id), seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        super::check_choices(&self.lines)?;
        let mut reservation = super::reservation_of(scope, self.id)?;
        super::check_version(self.expected_version, reservation.version)?;
        match reservation.state {
            ReservationState::Held => {}
            ReservationState::Released | ReservationState::Expired => {
                return Ok(super::reserve::receipt(&reservation, context.now));
            }
            state @ ReservationState::Allocated => return Err(Refusal::NotHeld { state }),
        }
        let wanted = choose(&reservation, &self.lines, ReservationLine::outstanding)?;

        // From here on nothing can be refused.
        release(scope, context, &mut reservation, &wanted)?;
        if reservation.outstanding() == 0 {
            let any = reservation.lines.iter().any(|line| line.allocated > 0);
            reservation.state = if any { ReservationState::Allocated } else { ReservationState::Released };
        }
        Ok(super::reserve::finish(scope, context, reservation, "released"))
    }
}

/// Units to take from each line of a reservation, in the order of its lines: all that `units` allows, or the chosen items
/// of them.
pub(super) fn choose(
    reservation: &Reservation,
    lines: &[LineChoice],
    units: fn(&ReservationLine) -> Quantity,
) -> Result<Vec<Quantity>, Refusal> {
    if lines.is_empty() {
        return Ok(reservation.lines.iter().map(units).collect());
    }
    let mut wanted = vec![0; reservation.lines.len()];
    for (index, choice) in lines.iter().enumerate() {
        let mut found = false;
        for (taken, line) in
            wanted.iter_mut().zip(&reservation.lines).filter(|(_, line)| line.line == choice.line)
        {
            found = true;
            let outstanding = units(line) / line.per_item;
            if choice.quantity > outstanding {
                return Err(Refusal::ExceedsReserved {
                    line: index,
                    requested: choice.quantity,
                    outstanding,
                });
            }
            *taken = choice.quantity * line.per_item;
        }
        if !found {
            return Err(Refusal::UnknownLine { line: index, number: choice.line });
        }
    }
    Ok(wanted)
}

/// Gives the units back.
pub(super) fn release(
    scope: &mut Scope<'_>,
    context: &Context,
    reservation: &mut Reservation,
    wanted: &[Quantity],
) -> Result<(), Refusal> {
    let cause = Cause::of(Holder::Reservation(reservation.id));
    for (line, &units) in reservation.lines.iter_mut().zip(wanted) {
        line.released += units;
        let delta = Quantities { reserved: -units, ..Quantities::default() };
        shift(scope, context, line.key, MovementKind::Release, delta, &cause)?;
    }
    Ok(())
}
