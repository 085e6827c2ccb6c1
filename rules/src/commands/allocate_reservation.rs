//! A reservation becomes an order.

use std::collections::BTreeMap;

use crate::command::Context;
use crate::event::{EventBody, EventLine};
use crate::holding::{Cause, Part, codes, guard, needs_of_holder, needs_of_shortage, shift};
use crate::id::{OrderId, ReservationId};
use crate::movement::{Holder, MovementKind};
use crate::order::{FulfilmentState, Order, OrderLine, OrderState, PaymentState};
use crate::quantity::{Quantities, Quantity};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::reservation::{Reservation, ReservationLine, ReservationState};
use crate::working::{Needs, Scope, Working};

use super::LineChoice;
use super::release_reservation::{choose, release};

/// What happens to held units that are not part of the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remainder {
    /// They go back.
    Release,
    /// They stay held until the reservation's due time.
    Hold,
}

/// Makes a confirmed order of held units, all or some: reserved becomes allocated, and from then on the order owns them.
///
/// A reservation past due takes the late path of [`super::ConfirmOrder`]: it ends first, and the units that the order is
/// to have are taken again at once if they are still there; otherwise the command is refused. Lines that were not chosen
/// play no part in that. What was released by request does not come back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocateReservation {
    /// Which.
    pub id: ReservationId,
    /// The order to make; made by the engine.
    pub order: OrderId,
    /// Channel of the order.
    pub channel: String,
    /// The caller's own number of the order, unique within the channel.
    pub reference: Option<String>,
    /// Some items of some lines; empty for everything that is held.
    pub lines: Vec<LineChoice>,
    /// What happens to the rest.
    pub remainder: Remainder,
    /// The payment that pays for the order.
    pub payment_reference: Option<String>,
    /// The caller's version of the reservation.
    pub expected_version: Option<i64>,
}

impl AllocateReservation {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        if let Some(reference) = &self.reference {
            needs.order_references.insert((self.channel.clone(), reference.clone()));
        }
        needs_of_holder(Holder::Reservation(self.id), seen, needs);
        let Some(reservation) = seen.reservations.get(&self.id).and_then(|row| row.now.as_ref()) else {
            return;
        };
        let mut wanted: BTreeMap<_, Quantity> = BTreeMap::new();
        for line in &reservation.lines {
            *wanted.entry(line.key).or_default() += line.expired + line.outstanding();
        }
        needs_of_shortage(&wanted, seen, needs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        super::check_choices(&self.lines)?;
        let mut reservation = super::reservation_of(scope, self.id)?;
        super::check_version(self.expected_version, reservation.version)?;
        if let Some(reference) = &self.reference
            && let Some(existing) = scope.order_by_reference(&self.channel, reference)
        {
            let (channel, reference) = (self.channel.clone(), reference.clone());
            return Err(Refusal::DuplicateReference { order: existing.to_string(), channel, reference });
        }
        if reservation.overdue(context.now) {
            reservation = super::expire_holds::end_reservation(scope, context, reservation)?;
        }
        let (late, units): (bool, fn(&ReservationLine) -> Quantity) = match reservation.state {
            ReservationState::Held => (false, ReservationLine::outstanding),
            ReservationState::Expired => (true, |line| line.expired),
            state => return Err(Refusal::NotHeld { state }),
        };
        let wanted = choose(&reservation, &self.lines, units)?;
        if wanted.iter().all(|&units| units == 0) {
            return Err(Refusal::NotHeld { state: reservation.state });
        }
        if late {
            self.hold_again(scope, context, &mut reservation, &wanted)?;
        }
        self.allocate(scope, context, &mut reservation, &wanted)?;
        // What nobody chose of a late one is gone already.
        if self.remainder == Remainder::Release {
            let rest: Vec<Quantity> = reservation.lines.iter().map(|line| line.outstanding()).collect();
            release(scope, context, &mut reservation, &rest)?;
        }

        // From here on nothing can be refused.
        let order = self.order(context, &reservation, &wanted, late);
        if reservation.outstanding() == 0 {
            reservation.state = ReservationState::Allocated;
        }
        reservation.order = Some(self.order);
        self.tell(scope, context, &order);
        if let Some(reference) = &self.reference {
            scope.name_order(self.channel.clone(), reference.clone(), self.order);
        }
        scope.put_order(self.order, order);
        Ok(super::reserve::finish(scope, context, reservation, "allocated"))
    }

    /// The late path: takes wanted units that were lost to time again, guarded, all or none.
    fn hold_again(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        reservation: &mut Reservation,
        wanted: &[Quantity],
    ) -> Result<(), Refusal> {
        let again = |(_, (_, units)): &(usize, (&ReservationLine, &Quantity))| **units > 0;
        let parts: Vec<Part> = (0..)
            .zip(reservation.lines.iter().zip(wanted))
            .filter(again)
            .map(|(index, (line, &units))| Part {
                // A refusal names the line of the request where it chose lines.
                index: self.lines.iter().position(|choice| choice.line == line.line).unwrap_or(index),
                part: line.part,
                item: line.item,
                key: line.key,
                per_item: line.per_item,
                units,
            })
            .collect();
        guard(scope, context, &parts)?;
        let cause = Cause::of(Holder::Reservation(reservation.id));
        for (line, &units) in reservation.lines.iter_mut().zip(wanted) {
            line.expired -= units;
            line.released -= units;
            let delta = Quantities { reserved: units, ..Quantities::default() };
            shift(scope, context, line.key, MovementKind::Reserve, delta, &cause)?;
        }
        reservation.state = ReservationState::Held;
        Ok(())
    }

    fn allocate(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        reservation: &mut Reservation,
        wanted: &[Quantity],
    ) -> Result<(), Refusal> {
        let cause = Cause::of(Holder::Order(self.order));
        for (line, &units) in reservation.lines.iter_mut().zip(wanted) {
            line.allocated += units;
            let delta = Quantities { reserved: -units, allocated: units, ..Quantities::default() };
            shift(scope, context, line.key, MovementKind::Allocate, delta, &cause)?;
        }
        Ok(())
    }

    fn order(&self, context: &Context, reservation: &Reservation, wanted: &[Quantity], late: bool) -> Order {
        let lines = reservation
            .lines
            .iter()
            .zip(wanted)
            .filter(|(_, units)| **units > 0)
            .map(|(line, &units)| OrderLine {
                line: line.line,
                part: line.part,
                item: line.item,
                key: line.key,
                per_item: line.per_item,
                ordered: units,
                reserved: 0,
                allocated: units,
                short: 0,
                shipped: 0,
                cancelled: 0,
                expired: 0,
                returned: 0,
                unit_minor: None,
            })
            .collect();
        Order {
            id: self.order,
            channel: self.channel.clone(),
            reference: self.reference.clone(),
            state: OrderState::Confirmed,
            payment: if self.payment_reference.is_some() { PaymentState::Paid } else { PaymentState::None },
            fulfilment: FulfilmentState::None,
            forced: false,
            late,
            payment_reference: self.payment_reference.clone(),
            payments: Vec::new(),
            currency: None,
            expires_at: None,
            created_at: context.now,
            updated_at: context.now,
            version: 1,
            lines,
        }
    }

    fn tell(&self, scope: &mut Scope<'_>, context: &Context, order: &Order) {
        let mut lines: Vec<EventLine> = Vec::new();
        for line in order.lines.iter().filter(|line| line.part == 0) {
            let sku = scope.sku(line.item).map(|sku| sku.code.clone()).unwrap_or_default();
            let (_, location) = codes(scope, line.key);
            lines.push(EventLine { line: line.line, sku, location, quantity: line.ordered / line.per_item });
        }
        scope.push_event(context.event(EventBody::OrderPlaced {
            order: order.id,
            channel: order.channel.clone(),
            reference: order.reference.clone(),
            state: order.state,
            expires_at: None,
            lines,
        }));
    }
}
