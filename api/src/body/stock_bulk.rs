//! Many changes of stock in one request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::stock_changes::Change;
use super::{Check, Errors, ITEMS_MAX};

/// Whether the changes depend on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BulkMode {
    /// All or none.
    Atomic,
    /// Each by itself.
    Independent,
}

/// Many changes of stock.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkChange {
    /// Whether they depend on each other.
    pub(crate) mode: BulkMode,
    /// The changes, made in this order. A `set` in a bulk request names `expected`.
    #[schema(min_items = 1, max_items = 1000)]
    pub(crate) items: Vec<Change>,
}

impl Check for BulkChange {
    fn check(&self, errors: &mut Errors) {
        errors.length(format_args!("/items"), self.items.len(), 1..=ITEMS_MAX);
    }
}
