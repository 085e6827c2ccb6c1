//! An order is confirmed.

use std::collections::BTreeMap;

use crate::command::Context;
use crate::holding::{Cause, Part, guard, needs_of_holder, needs_of_shortage, shift};
use crate::id::OrderId;
use crate::movement::{Holder, MovementKind};
use crate::order::{Order, OrderState, PaymentState};
use crate::quantity::{Quantities, Quantity};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::stock::StockKey;
use crate::working::{Needs, Scope, Working};

/// Confirming turns holds into allocations: the master figure falls now, once.
///
/// A hold past its time is not honoured, even when the pulse has not reached it yet: the buyer who comes late must not
/// win by our delay. The order expires first and then takes the late path, like any order whose hold is gone: all units
/// are taken again at once if they are still there; if not, and money has come, the order stays expired and its payment
/// must go back (goods or money, never neither); without money it is refused. Confirming twice with the same payment is
/// not an error, because payment providers and marketplaces say things twice. A second payment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmOrder {
    /// Which.
    pub id: OrderId,
    /// The payment that pays for it, if money has come.
    pub payment_reference: Option<String>,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl ConfirmOrder {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        needs_of_holder(Holder::Order(self.id), seen, needs);
        let Some(order) = seen.orders.get(&self.id).and_then(|row| row.now.as_ref()) else {
            return;
        };
        let mut wanted: BTreeMap<StockKey, Quantity> = BTreeMap::new();
        for line in &order.lines {
            // For a hold past due as well as for one already ended: what would have to be taken again.
            *wanted.entry(line.key).or_default() += line.expired + line.reserved;
        }
        if order.state == OrderState::Expired || order.state == OrderState::Pending {
            needs_of_shortage(&wanted, seen, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut order = super::order_of(scope, self.id)?;
        super::check_version(self.expected_version, order.version)?;
        if order.overdue(context.now) {
            order = super::expire_holds::end_order(scope, context, order)?;
        }
        match order.state {
            OrderState::Pending => self.in_time(scope, context, order),
            OrderState::Expired => self.late(scope, context, order),
            OrderState::Cancelled => self.cancelled(scope, context, order),
            OrderState::Confirmed | OrderState::Processing | OrderState::Shipped | OrderState::Delivered => {
                self.again(scope, context, order)
            }
        }
    }

    fn in_time(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        mut order: Order,
    ) -> Result<Receipt, Refusal> {
        let cause = Cause::of(Holder::Order(order.id));
        for line in &mut order.lines {
            let units = std::mem::take(&mut line.reserved);
            line.allocated += units;
            let delta = Quantities { reserved: -units, allocated: units, ..Quantities::default() };
            shift(scope, context, line.key, MovementKind::Allocate, delta, &cause)?;
        }
        self.confirmed(scope, context, order)
    }

    fn late(&self, scope: &mut Scope<'_>, context: &Context, mut order: Order) -> Result<Receipt, Refusal> {
        if order.paid_by().is_some() {
            // Its money goes back or is back: it is not sold a second time.
            return self.cancelled(scope, context, order);
        }
        let parts: Vec<Part> = (0..)
            .zip(&order.lines)
            .filter(|(_, line)| line.expired > 0)
            .map(|(index, line)| Part {
                index,
                part: line.part,
                item: line.item,
                key: line.key,
                per_item: line.per_item,
                units: line.expired,
            })
            .collect();
        // A marketplace's order is a fact: it takes its units again whether they are there or not.
        let (guarded, kind) = if order.forced {
            (Ok(()), MovementKind::ForcedOrder)
        } else {
            (guard(scope, context, &parts), MovementKind::AllocateDirect)
        };
        if let Err(refusal) = guarded {
            let Some(reference) = &self.payment_reference else {
                return Err(refusal);
            };
            order.take_money(reference, PaymentState::RefundPending)?;
            let note = Some(format!("paid after its hold had ended, and the goods are gone: {refusal}"));
            return Ok(super::finish_order(scope, context, order, "refund_due", Vec::new(), note));
        }
        let cause = Cause::of(Holder::Order(order.id));
        for line in &mut order.lines {
            let units = std::mem::take(&mut line.expired);
            line.cancelled -= units;
            line.allocated += units;
            let delta = Quantities { allocated: units, ..Quantities::default() };
            shift(scope, context, line.key, kind, delta, &cause)?;
        }
        order.late = true;
        self.confirmed(scope, context, order)
    }

    fn confirmed(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        mut order: Order,
    ) -> Result<Receipt, Refusal> {
        order.state = OrderState::Confirmed;
        order.expires_at = None;
        if let Some(reference) = &self.payment_reference {
            order.take_money(reference, PaymentState::Paid)?;
        }
        Ok(super::finish_order(scope, context, order, "confirmed", Vec::new(), None))
    }

    /// A cancelled order is never revived. Money that comes for it must go back.
    fn cancelled(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        mut order: Order,
    ) -> Result<Receipt, Refusal> {
        let Some(reference) = &self.payment_reference else {
            return Err(Refusal::WrongState {
                step: "confirm".into(),
                state: order.state,
                fulfilment: order.fulfilment,
            });
        };
        if order.paid_by().is_some() {
            return self.known_or_second(reference, &order, context);
        }
        order.take_money(reference, PaymentState::RefundPending)?;
        let note = Some("paid after it was cancelled".to_owned());
        Ok(super::finish_order(scope, context, order, "refund_due", Vec::new(), note))
    }

    fn again(&self, scope: &mut Scope<'_>, context: &Context, mut order: Order) -> Result<Receipt, Refusal> {
        let Some(reference) = &self.payment_reference else {
            return Ok(super::order_receipt(&order, Vec::new(), context.now));
        };
        if order.paid_by().is_some() {
            return self.known_or_second(reference, &order, context);
        }
        order.take_money(reference, PaymentState::Paid)?;
        Ok(super::finish_order(scope, context, order, "paid", Vec::new(), None))
    }

    /// A payment that is known to have come is said twice; another one is too much. Whoever asks to confirm is refused
    /// and must give it back; whoever reports what happened to a payment is heard (`RecordPayment`).
    fn known_or_second(&self, reference: &str, order: &Order, context: &Context) -> Result<Receipt, Refusal> {
        if order.payment_of(reference).is_some_and(|payment| payment.brought_money()) {
            return Ok(super::order_receipt(order, Vec::new(), context.now));
        }
        let payment_reference = order.paid_by().map(|payment| payment.reference).unwrap_or_default();
        Err(Refusal::DuplicatePayment { payment_reference })
    }
}
