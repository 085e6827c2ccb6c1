//! What a shop is told.

use serde::{Deserialize, Serialize};

use crate::id::ShopId;
use crate::quantity::Quantity;

/// Which figure is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// on_hand − reserved − allocated − unavailable: pending orders count.
    #[default]
    Available,
    /// on_hand − allocated − unavailable (Lunara's Master Stock): pending orders do not count, so two shops can sell the
    /// same unit while one of the orders is pending.
    Master,
}

/// The last units go to one shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUnits {
    /// At or below this many units of the basis, other shops are told 0.
    pub units: Quantity,
    /// The one that is told.
    pub shop: ShopId,
}

/// How a figure becomes what a shop is told; steps apply in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublishRule {
    /// From which figure.
    pub basis: Basis,
    /// The last units go to one shop.
    pub last_units: Option<LastUnits>,
    /// Units kept back, 0 and more.
    pub buffer: Quantity,
    /// Per cent of the rest, rounded down, 0 to 100.
    pub percent: u8,
    /// What would be at or below this becomes 0.
    pub zero_at: Quantity,
    /// Never more than this.
    pub cap: Option<Quantity>,
}

impl Default for PublishRule {
    fn default() -> Self {
        Self { basis: Basis::Available, last_units: None, buffer: 0, percent: 100, zero_at: 0, cap: None }
    }
}
