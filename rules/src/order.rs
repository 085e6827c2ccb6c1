//! Orders: their lines, their three axes of state, and which step leads where.

use serde::{Deserialize, Serialize};

use crate::id::{OrderId, SkuId};
use crate::payment::Payment;
use crate::quantity::{Millis, Quantity};
use crate::stock::StockKey;

/// Where an order stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Placed; its units are held until `expires_at`.
    #[default]
    Pending,
    /// Confirmed; its units are allocated.
    Confirmed,
    /// Part of it has been shipped.
    Processing,
    /// Every unit that was not cancelled has been shipped.
    Shipped,
    /// The buyer has it.
    Delivered,
    /// Cancelled before anything was shipped.
    Cancelled,
    /// Not confirmed in time.
    Expired,
}

/// Where its money stands: what all payments of the order come to ([`crate::payment`] says how). A single payment has
/// one of these states too, but neither `none` nor `disputed`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentState {
    /// Nothing is known of a payment.
    #[default]
    None,
    /// The buyer has begun to pay; nothing is sure.
    Pending,
    /// The money is set aside for us and not taken yet.
    Authorised,
    /// Paid in full.
    Paid,
    /// An attempt to pay went wrong.
    Failed,
    /// The payment was called off before any money came.
    Canceled,
    /// Paid, and the money must go back: the goods were gone or the order was cancelled.
    RefundPending,
    /// Paid, and part of the money must go back: units were cancelled, or it was paid a second time.
    PartRefundPending,
    /// Part of the money went back, and nothing more has to.
    PartRefunded,
    /// All of the money went back.
    Refunded,
    /// The buyer's bank disputes a payment: nobody knows whose the money is.
    Disputed,
}

/// Where its goods stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfilmentState {
    /// Nothing was shipped.
    #[default]
    None,
    /// Part was shipped.
    Part,
    /// All was shipped.
    Shipped,
    /// The buyer has it.
    Delivered,
    /// Cancellation was asked for when goods were already on their way.
    Intercept,
    /// Part came back.
    PartReturned,
    /// All came back.
    Returned,
}

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every state, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The stable name, as stored and as shown in the API.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
            /// The state of a stable name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use names;

names!(OrderState {
    Pending = "pending",
    Confirmed = "confirmed",
    Processing = "processing",
    Shipped = "shipped",
    Delivered = "delivered",
    Cancelled = "cancelled",
    Expired = "expired",
});
names!(PaymentState {
    None = "none",
    Pending = "pending",
    Authorised = "authorised",
    Paid = "paid",
    Failed = "failed",
    Canceled = "canceled",
    RefundPending = "refund_pending",
    PartRefundPending = "part_refund_pending",
    PartRefunded = "part_refunded",
    Refunded = "refunded",
    Disputed = "disputed",
});
names!(FulfilmentState {
    None = "none",
    Part = "part",
    Shipped = "shipped",
    Delivered = "delivered",
    Intercept = "intercept",
    PartReturned = "part_returned",
    Returned = "returned",
});

/// One part of one ordered line: for a simple SKU the line itself, for a bundle one row for each component.
///
/// The line equation (I5): `ordered = reserved + allocated + shipped + cancelled`, and `0 ≤ returned ≤ shipped`.
/// All quantities are units of [`OrderLine::key`]'s SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Number of the line, from 1, in the order in which the caller named them.
    pub line: i32,
    /// Number of the component inside the line, from 0; always 0 for a simple SKU.
    pub part: i32,
    /// What was ordered: the bundle, or the SKU itself.
    pub item: SkuId,
    /// Whose stock it takes.
    pub key: StockKey,
    /// Units of the component in one item, at least 1.
    pub per_item: Quantity,
    /// Units ordered.
    pub ordered: Quantity,
    /// Units held and not yet confirmed.
    pub reserved: Quantity,
    /// Units confirmed and not yet shipped.
    pub allocated: Quantity,
    /// How many of the allocated units had no goods when a marketplace forced the order in.
    pub short: Quantity,
    /// Units shipped.
    pub shipped: Quantity,
    /// Units cancelled or expired.
    pub cancelled: Quantity,
    /// Those of the cancelled units that were lost to time and that a late confirmation may take back.
    pub expired: Quantity,
    /// Units that came back.
    pub returned: Quantity,
    /// Price of one item in minor units of the order's currency.
    pub unit_minor: Option<i64>,
}

impl OrderLine {
    /// Units that can still be cancelled.
    #[must_use]
    pub fn open(&self) -> Quantity {
        self.reserved + self.allocated
    }

    /// The line equation I5.
    #[must_use]
    pub fn balances(&self) -> bool {
        let parts = [
            self.reserved,
            self.allocated,
            self.short,
            self.shipped,
            self.cancelled,
            self.expired,
            self.returned,
        ];
        parts.iter().all(|&q| q >= 0)
            && self.per_item >= 1
            && self.ordered == self.reserved + self.allocated + self.shipped + self.cancelled
            && self.returned <= self.shipped
            && self.expired <= self.cancelled
            && self.short <= self.ordered
    }
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Made by the engine.
    pub id: OrderId,
    /// Where it came from: `api`, or a marketplace's name.
    pub channel: String,
    /// The caller's own number, unique within the channel.
    pub reference: Option<String>,
    /// Where it stands.
    pub state: OrderState,
    /// Where its money stands; follows from what is known of its payments.
    pub payment: PaymentState,
    /// Where its goods stand.
    pub fulfilment: FulfilmentState,
    /// Taken as a fact from a marketplace, without regard to stock.
    pub forced: bool,
    /// Confirmed after its hold had ended.
    pub late: bool,
    /// The payment that it goes by: the one that paid for it, else the one that may yet.
    pub payment_reference: Option<String>,
    /// All its payments, where there is more to say than `payment` and `payment_reference` do; else empty.
    pub payments: Vec<Payment>,
    /// ISO 4217 code of the lines' prices, in capitals.
    pub currency: Option<String>,
    /// When its hold ends; only while pending.
    pub expires_at: Option<Millis>,
    /// Ledger clock.
    pub created_at: Millis,
    /// Ledger clock.
    pub updated_at: Millis,
    /// Rises by one with each change; the `ETag`.
    pub version: i64,
    /// Lines, ordered by (line, part).
    pub lines: Vec<OrderLine>,
}

impl Order {
    /// Whether its hold is past due at `now`, swept or not: the buyer who comes late must not win by our delay.
    #[must_use]
    pub fn overdue(&self, now: Millis) -> bool {
        self.state == OrderState::Pending && self.expires_at.is_some_and(|due| due <= now)
    }

    /// Sets `state` and `fulfilment` from what the lines say, after units were shipped or cancelled.
    pub fn settle(&mut self) {
        let sum = |f: fn(&OrderLine) -> Quantity| self.lines.iter().map(f).sum::<Quantity>();
        let (open, shipped, returned) = (sum(OrderLine::open), sum(|l| l.shipped), sum(|l| l.returned));
        if open == 0 && shipped == 0 {
            self.state = OrderState::Cancelled;
            self.expires_at = None;
            return;
        }
        if shipped > 0 && self.state != OrderState::Delivered {
            self.state = if open == 0 { OrderState::Shipped } else { OrderState::Processing };
        }
        self.fulfilment = match (shipped, returned) {
            (0, _) => FulfilmentState::None,
            (s, r) if r == s && open == 0 => FulfilmentState::Returned,
            (_, r) if r > 0 => FulfilmentState::PartReturned,
            _ if self.fulfilment == FulfilmentState::Intercept => FulfilmentState::Intercept,
            _ if self.state == OrderState::Delivered => FulfilmentState::Delivered,
            _ if open == 0 => FulfilmentState::Shipped,
            _ => FulfilmentState::Part,
        };
    }
}
