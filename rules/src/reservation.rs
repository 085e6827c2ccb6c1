//! Reservations: units held for somebody who has not ordered yet.

use serde::{Deserialize, Serialize};

use crate::id::{OrderId, ReservationId, SkuId};
use crate::order::names;
use crate::quantity::{Millis, Quantity};
use crate::stock::StockKey;

/// Where a reservation stands. It is held, and leaves that state once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// Units are held until `expires_at`.
    #[default]
    Held,
    /// At least one unit became part of an order; nothing is held any more.
    Allocated,
    /// Given back by request.
    Released,
    /// Given back by time.
    Expired,
}

names!(ReservationState {
    Held = "held",
    Allocated = "allocated",
    Released = "released",
    Expired = "expired",
});

/// One part of one reserved line; see [`crate::OrderLine`] for lines and parts.
///
/// Each unit is in exactly one place (I4): `quantity = outstanding + allocated + released`, all at least 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReservationLine {
    /// Number of the line, from 1.
    pub line: i32,
    /// Number of the component inside the line, from 0.
    pub part: i32,
    /// What was asked for: the bundle, or the SKU itself.
    pub item: SkuId,
    /// Whose stock is held.
    pub key: StockKey,
    /// Units of the component in one item.
    pub per_item: Quantity,
    /// Units asked for.
    pub quantity: Quantity,
    /// Units that became part of an order.
    pub allocated: Quantity,
    /// Units given back, by request or by time.
    pub released: Quantity,
    /// Those of the released units that were lost to time and that a late allocation may take back.
    pub expired: Quantity,
}

impl ReservationLine {
    /// Units still held.
    #[must_use]
    pub fn outstanding(&self) -> Quantity {
        self.quantity - self.allocated - self.released
    }
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// Made by the engine.
    pub id: ReservationId,
    /// Where it stands.
    pub state: ReservationState,
    /// Whose it is, in the caller's words (a cart, a customer).
    pub owner: Option<String>,
    /// The order that took its units, the last one if there were several.
    pub order: Option<OrderId>,
    /// When the hold ends.
    pub expires_at: Millis,
    /// How often it was extended; at most [`EXTENSIONS_MAX`].
    pub extensions: i32,
    /// Ledger clock.
    pub created_at: Millis,
    /// Ledger clock.
    pub updated_at: Millis,
    /// Rises by one with each change; the `ETag`.
    pub version: i64,
    /// Lines, ordered by (line, part).
    pub lines: Vec<ReservationLine>,
}

/// How often one reservation may be extended.
pub const EXTENSIONS_MAX: i32 = 3;
/// How long a reservation may live in all, counted from its creation: 24 hours, or its first window if that is longer.
pub const LIFE_MAX_MS: Millis = 24 * 60 * 60 * 1000;
/// Shortest window of a hold: one minute.
pub const HOLD_MIN_MS: Millis = 60 * 1000;
/// Longest window of a hold: seven days, for bank transfers.
pub const HOLD_MAX_MS: Millis = 7 * 24 * 60 * 60 * 1000;
/// Window of a hold when nobody names one: sixty minutes, as Lunara's.
pub const HOLD_DEFAULT_MS: Millis = 60 * 60 * 1000;

impl Reservation {
    /// Whether it is past due at `now`, swept or not.
    #[must_use]
    pub fn overdue(&self, now: Millis) -> bool {
        self.state == ReservationState::Held && self.expires_at <= now
    }

    /// Units still held over all lines.
    #[must_use]
    pub fn outstanding(&self) -> Quantity {
        self.lines.iter().map(ReservationLine::outstanding).sum()
    }
}
