//! SKUs, bundles and locations.

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, SkuId};
use crate::quantity::{Millis, Quantity};

/// One part of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// A simple SKU; bundles of bundles are refused ([`crate::Refusal::NestedBundle`]).
    pub sku: SkuId,
    /// Units of it in one bundle, at least 1.
    pub quantity: Quantity,
}

/// Something that is sold. With components it is virtual: it has no stock of its own, and its parts are held instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// Small number, never reused.
    pub id: SkuId,
    /// The text that people and marketplaces use, kept exactly as given (leading zeros and case included). Unique.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Empty for a simple SKU. A multipack is a bundle with one component.
    pub components: Vec<Component>,
    /// How far `available` may fall below zero by our own orders. 0 is the normal case. It is copied into each stock
    /// row, so that a sale needs to lock nothing else.
    pub backorder_limit: Quantity,
    /// No longer sold: new orders and reservations are refused, the ledger stays.
    pub archived: bool,
    /// Rises by one with each change; the `ETag`.
    pub version: i64,
    /// Ledger clock.
    pub created_at: Millis,
    /// Ledger clock.
    pub updated_at: Millis,
}

impl Sku {
    /// Whether its parts are held instead of it.
    #[must_use]
    pub fn is_bundle(&self) -> bool {
        !self.components.is_empty()
    }
}

/// A place that holds stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Small number, never reused.
    pub id: LocationId,
    /// Unique code.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// No longer used: new orders, reservations and receipts are refused.
    pub archived: bool,
    /// Rises by one with each change; the `ETag`.
    pub version: i64,
    /// Ledger clock.
    pub created_at: Millis,
}
