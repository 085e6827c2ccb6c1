//! Whole units and whole milliseconds. There is no floating point anywhere in this crate.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;

/// Units of a SKU. Signed, because a difference may be negative.
pub type Quantity = i64;

/// Milliseconds since 1970-01-01T00:00:00Z on the ledger clock, which never goes back.
pub type Millis = i64;

/// The most units that one line, adjustment or count may name. Far above any warehouse, far below overflow.
pub const QUANTITY_MAX: Quantity = 1_000_000_000;

/// The most units that any stock figure may reach.
pub const FIGURE_MAX: Quantity = 1_000_000_000_000_000;

/// The four figures of one stock row, or a change of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
// What is stored with every command is small: a figure that is zero is not written.
#[serde(default)]
pub struct Quantities {
    /// Physically in the building.
    #[serde(skip_serializing_if = "is_default")]
    pub on_hand: Quantity,
    /// Held by pending orders and reservations; can expire.
    #[serde(skip_serializing_if = "is_default")]
    pub reserved: Quantity,
    /// Confirmed and not yet shipped.
    #[serde(skip_serializing_if = "is_default")]
    pub allocated: Quantity,
    /// Damaged, in quarantine or kept as a safety buffer.
    #[serde(skip_serializing_if = "is_default")]
    pub unavailable: Quantity,
}

/// Whether a stored field may be left out, because its reader puts the same value there.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One: what a stored number is that was left out, where one is what it mostly is.
pub(crate) fn one<N: From<u8>>() -> N {
    N::from(1)
}

/// Whether a stored number may be left out, because its reader puts [`one`] there.
pub(crate) fn is_one<N: From<u8> + PartialEq>(value: &N) -> bool {
    *value == one()
}

impl Quantities {
    /// What may still be promised: `on_hand − reserved − allocated − unavailable`. Negative only through external
    /// facts (a marketplace order, a count) or within a backorder limit.
    #[must_use]
    pub fn available(&self) -> Quantity {
        self.on_hand - self.reserved - self.allocated - self.unavailable
    }

    /// `on_hand − allocated − unavailable`, the figure that falls at confirmation (Lunara's Master Stock).
    #[must_use]
    pub fn master(&self) -> Quantity {
        self.on_hand - self.allocated - self.unavailable
    }

    /// The sum of both.
    ///
    /// # Errors
    /// [`Refusal::OutOfRange`] when a figure would fall below zero or pass [`FIGURE_MAX`].
    pub fn plus(&self, delta: &Self) -> Result<Self, Refusal> {
        let add = |a: Quantity, b: Quantity| {
            a.checked_add(b).filter(|sum| (0..=FIGURE_MAX).contains(sum)).ok_or(Refusal::OutOfRange)
        };
        Ok(Self {
            on_hand: add(self.on_hand, delta.on_hand)?,
            reserved: add(self.reserved, delta.reserved)?,
            allocated: add(self.allocated, delta.allocated)?,
            unavailable: add(self.unavailable, delta.unavailable)?,
        })
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}
