//! Something happened to a payment of an order.

use crate::command::Context;
use crate::holding::needs_of_holder;
use crate::id::OrderId;
use crate::movement::Holder;
use crate::order::{Order, OrderState, PaymentState};
use crate::payment::{Payment, PaymentEvent};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

use super::ConfirmOrder;

/// Takes in what a payment provider, or a person at the till, says of a payment. It is a fact and not a request: what the
/// order is past already is answered with the order as it stands, and nothing is written.
///
/// - Money that came confirms the order, as [`ConfirmOrder`] with a payment does: in time, late, or not at all when the goods
///   are gone or the order was cancelled, and then it must go back. A second payment never pays for anything: it is
///   kept beside the first and must go back.
/// - The buyer may try again after a failure, with this payment or another, for as long as his hold lasts. When no payment of
///   a pending order can bring money any more, its units are released and it is cancelled.
/// - Nothing else moves stock: refunds and disputes are about money, and goods come back only through a return.
/// - A failure is not heard of a payment whose money has come. The end of a dispute is not undone by its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPayment {
    /// Which order.
    pub id: OrderId,
    /// The payment's own number.
    pub payment_reference: String,
    /// What happened to it.
    pub event: PaymentEvent,
    /// More about it, in the caller's words.
    pub note: Option<String>,
    /// The caller's version.
    pub expected_version: Option<i64>,
}

impl RecordPayment {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        match self.event {
            PaymentEvent::Succeeded => self.confirmation().needs(seen, needs),
            _ => needs_of_holder(Holder::Order(self.id), seen, needs),
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let order = super::order_of(scope, self.id)?;
        super::check_version(self.expected_version, order.version)?;
        let receipt = match (self.event, order.paid_by()) {
            (PaymentEvent::Succeeded, None) => self.confirmation().decide(scope, context)?,
            (PaymentEvent::Succeeded, Some(first)) => self.second(scope, context, order, &first)?,
            _ => self.heard(scope, context, order)?,
        };
        let order = super::order_of(scope, self.id)?;
        Ok(self.answer(receipt, &order))
    }

    fn confirmation(&self) -> ConfirmOrder {
        let payment_reference = Some(self.payment_reference.clone());
        ConfirmOrder { id: self.id, payment_reference, expected_version: self.expected_version }
    }

    /// The order was paid for already. Whether it has its goods or its money goes back: this payment must go back.
    fn second(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        mut order: Order,
        first: &Payment,
    ) -> Result<Receipt, Refusal> {
        let known = order.payment_of(&self.payment_reference);
        if known.is_some_and(|payment| payment.brought_money()) {
            return Ok(super::order_receipt(&order, Vec::new(), context.now));
        }
        order.take_money(&self.payment_reference, PaymentState::RefundPending)?;
        let note =
            format!("{} has paid for it already; give {} back", first.reference, self.payment_reference);
        Ok(super::finish_order(scope, context, order, "second_payment", Vec::new(), Some(note)))
    }

    fn heard(&self, scope: &mut Scope<'_>, context: &Context, mut order: Order) -> Result<Receipt, Refusal> {
        let Some(payments) = order.payments_after(&self.payment_reference, self.event)? else {
            return Ok(super::order_receipt(&order, Vec::new(), context.now));
        };
        // A hold past its time has ended, whether the pulse was there or not.
        if self.event.ends() && order.overdue(context.now) {
            order = super::expire_holds::end_order(scope, context, order)?;
        }
        order.keep_payments(payments);
        let hopeless = !order.all_payments().iter().any(Payment::may_bring_money);
        let step = if self.event.ends() && order.state == OrderState::Pending && hopeless {
            super::cancel_order::release_all(scope, context, &mut order)?;
            "cancelled"
        } else {
            self.step()
        };
        Ok(super::finish_order(scope, context, order, step, Vec::new(), Some(self.words())))
    }

    /// What the feed calls it.
    fn step(&self) -> &'static str {
        match self.event {
            PaymentEvent::Pending => "payment_pending",
            PaymentEvent::Authorised => "payment_authorised",
            PaymentEvent::Succeeded => "paid",
            PaymentEvent::Failed { .. } => "payment_failed",
            PaymentEvent::Canceled => "payment_canceled",
            PaymentEvent::Refunded { part: false } => "refunded",
            PaymentEvent::Refunded { part: true } => "part_refunded",
            PaymentEvent::Disputed => "disputed",
            PaymentEvent::DisputeWon => "dispute_won",
            PaymentEvent::DisputeLost => "dispute_lost",
        }
    }

    /// Which payment, and what more there is to say of it.
    fn words(&self) -> String {
        match &self.note {
            Some(note) => format!("{}: {note}", self.payment_reference),
            None => self.payment_reference.clone(),
        }
    }

    /// Says how this payment stands, where the order goes by another.
    fn answer(&self, mut receipt: Receipt, order: &Order) -> Receipt {
        let state = order.payment_of(&self.payment_reference).map(|payment| payment.shown());
        if let Receipt::Order { payment, beside, .. } = &mut receipt {
            *beside = state.filter(|state| state != payment);
        }
        receipt
    }
}
