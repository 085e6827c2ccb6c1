//! Payments of orders.

use onhand_rules::order::PaymentState;
use onhand_rules::payment::{Payment, PaymentEvent};
use onhand_rules::{Order, Receipt};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::order_steps::OrderStep;
use super::{Check, Errors};

/// What happened to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PaymentEventName {
    /// The buyer has begun to pay.
    Pending,
    /// The money is set aside and not taken yet.
    Authorised,
    /// The money has come.
    Succeeded,
    /// An attempt went wrong; with `final` there will be no other with this payment.
    Failed,
    /// It was called off before any money came.
    Canceled,
    /// All of the money went back; with `part` some of it.
    Refunded,
    /// The buyer's bank disputes it.
    Disputed,
    /// The dispute is over, and the money is ours.
    DisputeWon,
    /// The dispute is over, and the money went back to the buyer.
    DisputeLost,
}

/// What happened to a payment of the order, in the words of no particular provider. Use the provider's own number of
/// the event as the `Idempotency-Key`: then an event that is delivered twice is heard once, however late.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaymentNews {
    /// The payment's own number.
    #[schema(min_length = 1, max_length = 200, example = "pi_1")]
    pub(crate) payment_reference: String,
    /// What happened.
    pub(crate) event: PaymentEventName,
    /// There will be no other attempt with this payment; only with `failed`.
    #[serde(rename = "final")]
    pub(crate) last: Option<bool>,
    /// Some of the money, not all of it; only with `refunded`.
    pub(crate) part: Option<bool>,
    /// More about it, for people.
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
}

impl Check for PaymentNews {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/payment_reference"), &self.payment_reference);
        errors.maybe_text(format_args!("/note"), self.note.as_deref());
        if self.last.is_some() && self.event != PaymentEventName::Failed {
            errors.push(format_args!("/final"), "not_allowed", "only together with event: failed");
        }
        if self.part.is_some() && self.event != PaymentEventName::Refunded {
            errors.push(format_args!("/part"), "not_allowed", "only together with event: refunded");
        }
    }
}

impl PaymentNews {
    /// As the rules take it.
    pub(crate) fn event(&self) -> PaymentEvent {
        match self.event {
            PaymentEventName::Pending => PaymentEvent::Pending,
            PaymentEventName::Authorised => PaymentEvent::Authorised,
            PaymentEventName::Succeeded => PaymentEvent::Succeeded,
            PaymentEventName::Failed => PaymentEvent::Failed { last: self.last.unwrap_or(false) },
            PaymentEventName::Canceled => PaymentEvent::Canceled,
            PaymentEventName::Refunded => PaymentEvent::Refunded { part: self.part.unwrap_or(false) },
            PaymentEventName::Disputed => PaymentEvent::Disputed,
            PaymentEventName::DisputeWon => PaymentEvent::DisputeWon,
            PaymentEventName::DisputeLost => PaymentEvent::DisputeLost,
        }
    }
}

/// One payment of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentBody {
    /// The payment's own number.
    #[schema(example = "pi_1")]
    payment_reference: String,
    /// Where its money stands. One that came after the order was paid for is `refund_pending`: give it back.
    #[schema(example = "paid")]
    state: &'static str,
}

impl PaymentBody {
    fn new(payment: Payment) -> Self {
        Self { state: payment.shown().name(), payment_reference: payment.reference }
    }

    /// Every payment that is known of an order.
    pub(crate) fn all_of(order: &Order) -> Vec<Self> {
        order.all_payments().into_iter().map(Self::new).collect()
    }
}

/// An order after something happened to a payment of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentStep {
    #[serde(flatten)]
    order: OrderStep,
    /// How the payment stands that was told of.
    payment: PaymentBody,
}

impl PaymentStep {
    /// From the request and its receipt.
    pub(crate) fn of(request: &PaymentNews, receipt: &Receipt) -> Option<Self> {
        let Receipt::Order { payment, beside, .. } = receipt else { return None };
        let state: PaymentState = beside.unwrap_or(*payment);
        let payment =
            PaymentBody { payment_reference: request.payment_reference.clone(), state: state.name() };
        Some(Self { order: OrderStep::of(receipt)?, payment })
    }
}
