//! Operation records: each command's outcome, kept for ever.

use onhand_rules::{OpId, PrincipalId, Receipt, Refusal};
use serde::{Deserialize, Serialize};

/// Under what an outcome is found again. The client's own key comes last and is stored as it is, so that keys that sort
/// by time (UUIDv7, ULID) stay side by side in the index; random keys work and cost about twice as much.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpKey {
    /// Whose key it is: another principal's equal key is another key.
    pub principal: PrincipalId,
    /// [`onhand_rules::Command::number`]: the same key on another kind of command is another key.
    pub kind: u8,
    /// What the client sent as `Idempotency-Key`, at most 255 bytes.
    pub key: String,
}

/// How a command ended. The serialised form is what the database keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done(Receipt),
    /// It was refused, and changed nothing.
    Refused(Refusal),
}

impl Outcome {
    /// The stored form.
    ///
    /// # Panics
    /// Never: receipts and refusals hold nothing that JSON cannot.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// One operation record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpRow {
    /// Under what it is found again.
    pub key: OpKey,
    /// The execution; stands in its movements and events.
    pub id: OpId,
    /// SHA-256 over the request, shortened to 16 bytes: the same key with another request is refused.
    pub fingerprint: [u8; 16],
    /// How it ended.
    pub outcome: Outcome,
    /// Ledger clock, milliseconds.
    pub at: i64,
}

#[cfg(test)]
mod tests {
    use onhand_rules::order::{FulfilmentState, OrderState, PaymentState};
    use onhand_rules::receipt::{LineReceipt, StockReceipt};
    use onhand_rules::reservation::ReservationState;
    use onhand_rules::{OrderId, Quantities, ReservationId};

    use super::*;

    fn order(step: bool) -> Outcome {
        Outcome::Done(Receipt::Order {
            id: OrderId(0x35),
            state: if step { OrderState::Confirmed } else { OrderState::Pending },
            payment: if step { PaymentState::Paid } else { PaymentState::None },
            fulfilment: if step { FulfilmentState::Part } else { FulfilmentState::None },
            expires_at: (!step).then_some(9),
            version: if step { 2 } else { 1 },
            late: step,
            beside: None,
            lines: if step { vec![LineReceipt { line: 1, quantity: 1 }] } else { Vec::new() },
            at: 8,
        })
    }

    fn reservation(step: bool) -> Outcome {
        Outcome::Done(Receipt::Reservation {
            id: ReservationId(7),
            state: if step { ReservationState::Allocated } else { ReservationState::Held },
            expires_at: 9,
            order: step.then_some(OrderId(0x35)),
            version: if step { 2 } else { 1 },
            at: 8,
        })
    }

    fn stock(figure: i64) -> Outcome {
        let figures =
            Quantities { on_hand: figure, reserved: figure, allocated: figure, unavailable: figure };
        Outcome::Done(Receipt::Stock { rows: vec![StockReceipt { figures, version: figure + 1 }], at: 8 })
    }

    #[test]
    fn what_is_left_out_is_put_back() {
        let told = [false, true].into_iter().flat_map(|step| [order(step), reservation(step)]);
        for outcome in told.chain([stock(0), stock(3)]) {
            let json = outcome.to_json();
            assert_eq!(serde_json::from_str::<Outcome>(&json).ok(), Some(outcome), "{json}");
        }
    }

    #[test]
    fn the_first_order_of_a_key_is_kept_in_few_bytes() {
        let id = OrderId(0x35);
        let short = format!(r#"{{"done":{{"did":"order","id":"{id}","expires_at":9,"at":8}}}}"#);
        assert_eq!(order(false).to_json(), short);
        let long = format!(
            r#"{{"done":{{"did":"order","id":"{id}","state":"pending","payment":"none","fulfilment":"none",
            "expires_at":9,"version":1,"late":false,"lines":[],"at":8}}}}"#
        );
        assert_eq!(
            serde_json::from_str::<Outcome>(&long).ok(),
            Some(order(false)),
            "the long form reads as well"
        );
    }
}
