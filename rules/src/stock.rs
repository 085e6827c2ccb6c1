//! One stock row: a SKU at a location.

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, SkuId};
use crate::quantity::{Millis, Quantities, Quantity};

/// Names a stock row. Its order is the lock order of invariant I7: SKU first, then location, ascending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StockKey {
    /// The SKU, always a simple one.
    pub sku: SkuId,
    /// The location.
    pub location: LocationId,
}

/// The figures of one SKU at one location, as of its last movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// Which row.
    pub key: StockKey,
    /// The four figures.
    pub figures: Quantities,
    /// How far `available` may fall below zero by our own orders; copied from the SKU.
    pub backorder_limit: Quantity,
    /// The number of movements of this row: gapless, and equal to the version of the last one (I1).
    pub version: i64,
    /// When the last movement happened; never earlier than the one before (I14).
    pub changed_at: Millis,
    /// Hash of the last movement, the head of this row's chain (I15). All zero before the first.
    pub head: [u8; 32],
}

impl Stock {
    /// A row nothing has happened to yet.
    #[must_use]
    pub fn empty(key: StockKey, backorder_limit: Quantity) -> Self {
        Self {
            key,
            figures: Quantities::default(),
            backorder_limit,
            version: 0,
            changed_at: 0,
            head: [0; 32],
        }
    }

    /// Units that one of our own orders may still take.
    #[must_use]
    pub fn sellable(&self) -> Quantity {
        self.figures.available().saturating_add(self.backorder_limit)
    }
}
