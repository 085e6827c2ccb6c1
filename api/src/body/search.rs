//! What is found by a few letters.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One thing that was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hit {
    /// Always `hit`.
    #[schema(example = "hit")]
    pub(crate) object: &'static str,
    /// What it is: `sku`, `order`, `market_order` (an order of a marketplace that has become none here yet), `reservation`,
    /// `job` or `shop`.
    #[schema(example = "sku")]
    pub(crate) kind: &'static str,
    /// With what it is read: a code, or an id.
    pub(crate) id: String,
    /// For people: its name, its reference, whose it is, what it does.
    pub(crate) title: Option<String>,
    /// From which channel, for orders and shops.
    pub(crate) channel: Option<String>,
    /// Where it stands, for what has a state.
    pub(crate) state: Option<String>,
}

impl Hit {
    pub(crate) fn new(kind: &'static str, id: impl Into<String>) -> Self {
        Self { object: "hit", kind, id: id.into(), title: None, channel: None, state: None }
    }
}

/// For what is looked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// The beginning of a SKU's code, words of its name, an order's reference or its marketplace's number, a part of a shop's
    /// name, or an id.
    #[param(min_length = 1, max_length = 200)]
    pub(crate) q: String,
    /// Hits of each kind at most; 6 when nobody says.
    #[param(minimum = 1, maximum = 50)]
    pub(crate) limit: Option<u32>,
}
