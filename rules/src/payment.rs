//! Payments of an order: what is known of each, and what they come to for the order.
//!
//! What happened to a payment is told by somebody else (a provider's webhook, a person at the till), more than once, late
//! and in any order. So a payment never goes by the order of arrival but by rank: money that came outranks a failure,
//! and the end of a dispute outranks its beginning. Amounts are not kept here, as orders carry no sums of money; whoever
//! tells of a refund says whether it was all of the money or part of it.

use serde::{Deserialize, Serialize};

use crate::order::{Order, OrderState, PaymentState};
use crate::quantity::is_default;
use crate::refusal::Refusal;

/// The most payments of one order that are remembered. When there are more, the oldest without money is forgotten.
pub const PAYMENTS_MAX: usize = 50;

/// Whether the buyer's bank disputes a payment. The later member wins, whichever is told first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispute {
    /// It never did.
    #[default]
    None,
    /// It does.
    Open,
    /// It did, and the money is ours.
    Won,
    /// It did, and has given the money back to the buyer.
    Lost,
}

/// What happened to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEvent {
    /// The buyer has begun to pay.
    Pending,
    /// The money is set aside for us.
    Authorised,
    /// The money is ours.
    Succeeded,
    /// An attempt went wrong; `last` when there will be no other with this payment.
    Failed {
        /// There will be no other attempt.
        last: bool,
    },
    /// It was called off before any money came.
    Canceled,
    /// Money went back.
    Refunded {
        /// Not all of it.
        part: bool,
    },
    /// The buyer's bank disputes it.
    Disputed,
    /// The dispute is over, and the money is ours.
    DisputeWon,
    /// The dispute is over, and the money went back to the buyer.
    DisputeLost,
}

impl PaymentEvent {
    /// Whether no money can come of the payment any more.
    #[must_use]
    pub fn ends(self) -> bool {
        matches!(self, Self::Failed { last: true } | Self::Canceled)
    }

    /// Whether it can only happen to a payment that brought money.
    #[must_use]
    pub fn needs_money(self) -> bool {
        matches!(self, Self::Refunded { .. } | Self::Disputed | Self::DisputeWon | Self::DisputeLost)
    }
}

/// What is known of one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The payment's own number.
    pub reference: String,
    /// Where its money stands, a dispute left aside: what it goes back to when the dispute is won.
    pub state: PaymentState,
    /// It failed, and there will be no other attempt.
    #[serde(default, skip_serializing_if = "is_default")]
    pub last: bool,
    /// Whether the bank disputes it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub dispute: Dispute,
}

impl Payment {
    fn of(reference: &str, state: PaymentState) -> Self {
        Self { reference: reference.to_owned(), state, last: false, dispute: Dispute::None }
    }

    /// Whether money came of it, wherever that money is now.
    #[must_use]
    pub fn brought_money(&self) -> bool {
        matches!(
            self.state,
            PaymentState::Paid
                | PaymentState::RefundPending
                | PaymentState::PartRefundPending
                | PaymentState::PartRefunded
                | PaymentState::Refunded
        )
    }

    /// Whether the buyer may still pay with it.
    #[must_use]
    pub fn may_bring_money(&self) -> bool {
        match self.state {
            PaymentState::Pending | PaymentState::Authorised => true,
            PaymentState::Failed => !self.last,
            _ => false,
        }
    }

    /// Its state for people: `disputed` while it is.
    #[must_use]
    pub fn shown(&self) -> PaymentState {
        if self.dispute == Dispute::Open { PaymentState::Disputed } else { self.state }
    }

    /// Whether a state and a reference say all there is to say of it.
    fn is_plain(&self) -> bool {
        !self.last && self.dispute == Dispute::None
    }

    /// How far it has come on the way to money or to its end.
    fn rank(&self) -> u8 {
        match self.state {
            PaymentState::None => 0,
            PaymentState::Pending => 1,
            PaymentState::Authorised => 2,
            PaymentState::Failed if !self.last => 3,
            PaymentState::Failed => 4,
            PaymentState::Canceled => 5,
            _ => 6,
        }
    }

    /// Takes in what happened to it. What it is past already changes nothing; `Succeeded` is the order's to judge
    /// ([`Order::take_money`]).
    fn hear(&mut self, event: PaymentEvent) {
        let mut next = self.clone();
        match event {
            PaymentEvent::Pending => next.state = PaymentState::Pending,
            PaymentEvent::Authorised => next.state = PaymentState::Authorised,
            PaymentEvent::Failed { last } => (next.state, next.last) = (PaymentState::Failed, last),
            PaymentEvent::Canceled => (next.state, next.last) = (PaymentState::Canceled, false),
            PaymentEvent::Succeeded => {}
            PaymentEvent::Refunded { part: false } => self.state = PaymentState::Refunded,
            PaymentEvent::Refunded { part: true } => {
                // Where all of it must go back, a part of it ends nothing.
                if matches!(self.state, PaymentState::Paid | PaymentState::PartRefundPending) {
                    self.state = PaymentState::PartRefunded;
                }
            }
            PaymentEvent::Disputed => self.dispute = self.dispute.max(Dispute::Open),
            PaymentEvent::DisputeWon => self.dispute = self.dispute.max(Dispute::Won),
            PaymentEvent::DisputeLost => {
                self.dispute = Dispute::Lost;
                self.state = PaymentState::Refunded;
            }
        }
        // Another attempt with the same payment is the only way back.
        let again = self.rank() == 3 && !event.needs_money();
        if next.rank() > self.rank() || again {
            *self = next;
        }
    }
}

/// The payment that an order goes by: the first that brought money; else the last that is under way; else the last
/// that the buyer may try again; else the last.
fn lead(payments: &[Payment]) -> Option<&Payment> {
    let under_way =
        |payment: &&Payment| matches!(payment.state, PaymentState::Pending | PaymentState::Authorised);
    let last = || payments.iter().rev();
    let paid = payments.iter().find(|payment| payment.brought_money());
    paid.or_else(|| last().find(under_way))
        .or_else(|| last().find(|payment| payment.may_bring_money()))
        .or_else(|| last().next())
}

/// What all payments come to. A dispute of any of them comes first, as it stops the goods; then money that must go back.
fn sum(payments: &[Payment]) -> PaymentState {
    let Some(lead) = lead(payments) else {
        return PaymentState::None;
    };
    if payments.iter().any(|payment| payment.dispute == Dispute::Open) {
        return PaymentState::Disputed;
    }
    let beside = |payment: &Payment| {
        payment.state == PaymentState::RefundPending && payment.reference != lead.reference
    };
    match lead.state {
        PaymentState::Refunded if payments.iter().any(beside) => PaymentState::RefundPending,
        PaymentState::Paid | PaymentState::PartRefunded if payments.iter().any(beside) => {
            PaymentState::PartRefundPending
        }
        state => state,
    }
}

impl Order {
    /// Every payment that is known, in the order in which they were told of; those with money in the order in which it
    /// came.
    #[must_use]
    pub fn all_payments(&self) -> Vec<Payment> {
        match &self.payment_reference {
            Some(reference) if self.payments.is_empty() => vec![Payment::of(reference, self.payment)],
            _ => self.payments.clone(),
        }
    }

    /// The payment of a reference.
    #[must_use]
    pub fn payment_of(&self, reference: &str) -> Option<Payment> {
        self.all_payments().into_iter().find(|payment| payment.reference == reference)
    }

    /// The payment that brought the money for this order, if money has come.
    #[must_use]
    pub fn paid_by(&self) -> Option<Payment> {
        self.all_payments().into_iter().find(Payment::brought_money)
    }

    /// Whether any of its payments is disputed.
    #[must_use]
    pub fn is_disputed(&self) -> bool {
        self.payment == PaymentState::Disputed
    }

    /// Keeps payments, and what follows from them.
    pub(crate) fn keep_payments(&mut self, mut payments: Vec<Payment>) {
        self.payment = sum(&payments);
        self.payment_reference = lead(&payments).map(|payment| payment.reference.clone());
        if payments.len() == 1 && payments.iter().all(Payment::is_plain) {
            payments.clear();
        }
        self.payments = payments;
    }

    /// The payments after an event other than `Succeeded`, or `None` if it changes nothing.
    ///
    /// # Errors
    /// [`Refusal::NotPaid`] when money is said to have gone back that never came; [`Refusal::OutOfRange`] when there are
    /// more than [`PAYMENTS_MAX`] payments with money.
    pub(crate) fn payments_after(
        &self,
        reference: &str,
        event: PaymentEvent,
    ) -> Result<Option<Vec<Payment>>, Refusal> {
        let mut payments = self.all_payments();
        let at = payments.iter().position(|payment| payment.reference == reference);
        let before = at.map_or_else(|| Payment::of(reference, PaymentState::None), |at| payments[at].clone());
        if event.needs_money() && !before.brought_money() {
            let (payment_reference, state) = (reference.to_owned(), before.state);
            return Err(Refusal::NotPaid { payment_reference, state });
        }
        let mut now = before.clone();
        now.hear(event);
        if now == before {
            return Ok(None);
        }
        match at {
            Some(at) if now.brought_money() => payments[at] = now,
            at => {
                at.map(|at| payments.remove(at));
                payments.push(now);
            }
        }
        make_room(&mut payments)?;
        Ok(Some(payments))
    }

    /// Notes that money came with a payment: `state` says whether it pays for the order or must go back. A payment that
    /// brought money before keeps its place and state.
    ///
    /// # Errors
    /// [`Refusal::OutOfRange`] when there are more than [`PAYMENTS_MAX`] payments with money.
    pub(crate) fn take_money(&mut self, reference: &str, state: PaymentState) -> Result<(), Refusal> {
        let mut payments = self.all_payments();
        if payments.iter().any(|payment| payment.reference == reference && payment.brought_money()) {
            return Ok(());
        }
        payments.retain(|payment| payment.reference != reference);
        payments.push(Payment::of(reference, state));
        make_room(&mut payments)?;
        self.keep_payments(payments);
        Ok(())
    }

    /// Units were cancelled: the money for them must go back, if it has come and is not back already.
    pub(crate) fn owe_money(&mut self) {
        let due = if self.state == OrderState::Cancelled {
            PaymentState::RefundPending
        } else {
            PaymentState::PartRefundPending
        };
        let mut payments = self.all_payments();
        let Some(payment) = payments.iter_mut().find(|payment| payment.brought_money()) else {
            return;
        };
        if matches!(
            payment.state,
            PaymentState::Paid | PaymentState::PartRefundPending | PaymentState::PartRefunded
        ) {
            payment.state = due;
            self.keep_payments(payments);
        }
    }

    /// What is wrong with its money (I10), if anything.
    pub(crate) fn wrong_with_money(&self) -> Option<String> {
        let shown = if self.payments.is_empty() {
            let plain = self.payment != PaymentState::Disputed;
            plain && (self.payment == PaymentState::None) == self.payment_reference.is_none()
        } else {
            let reference = lead(&self.payments).map(|payment| &payment.reference);
            (sum(&self.payments), reference) == (self.payment, self.payment_reference.as_ref())
        };
        if !shown {
            return Some(format!("says {} and not what its payments come to", self.payment.name()));
        }
        let payments = self.all_payments();
        let money = || payments.iter().filter(|payment| payment.brought_money());
        let goes_back =
            |payment: &Payment| matches!(payment.state, PaymentState::RefundPending | PaymentState::Refunded);
        if let Some(second) = money().skip(1).find(|payment| !goes_back(payment)) {
            return Some(format!("was paid a second time by {}, which does not go back", second.reference));
        }
        let first = money().next();
        let fits = match self.state {
            OrderState::Pending => {
                first.is_none() && (payments.is_empty() || payments.iter().any(Payment::may_bring_money))
            }
            OrderState::Cancelled | OrderState::Expired => first.is_none_or(goes_back),
            _ => first.is_none_or(|payment| payment.state != PaymentState::RefundPending),
        };
        (!fits).then(|| format!("is {} and {}: goods or money", self.state.name(), self.payment.name()))
    }
}

/// Forgets the oldest payment without money when there are too many.
fn make_room(payments: &mut Vec<Payment>) -> Result<(), Refusal> {
    if payments.len() > PAYMENTS_MAX {
        let oldest =
            payments.iter().position(|payment| !payment.brought_money()).ok_or(Refusal::OutOfRange)?;
        payments.remove(oldest);
    }
    Ok(())
}

/// The payments of an order as the stores keep them; nothing when there are none to keep.
#[must_use]
pub fn write_payments(payments: &[Payment]) -> Option<String> {
    if payments.is_empty() {
        return None;
    }
    let all: Vec<serde_json::Value> =
        payments.iter().filter_map(|one| serde_json::to_value(one).ok()).collect();
    Some(serde_json::Value::from(all).to_string())
}

/// Reads what [`write_payments`] wrote.
///
/// # Errors
/// What is wrong with the text.
pub fn read_payments(text: Option<&str>) -> Result<Vec<Payment>, String> {
    text.map_or(Ok(Vec::new()), |text| serde_json::from_str(text).map_err(|error| error.to_string()))
}
