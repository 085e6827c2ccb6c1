//! Stock as it is read.

use onhand_store::StockView;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::skus::ComponentBody;
use crate::time::Time;

/// One SKU at one location.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stock)]
pub(crate) struct StockBody {
    /// Always `stock`.
    #[schema(example = "stock")]
    pub(crate) object: &'static str,
    /// Code of the SKU.
    pub(crate) sku: String,
    /// Name of the SKU; only in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Code of the location.
    pub(crate) location: String,
    /// Physically there.
    pub(crate) on_hand: i64,
    /// Held by pending orders and reservations.
    pub(crate) reserved: i64,
    /// Confirmed and not yet shipped.
    pub(crate) allocated: i64,
    /// Not sellable.
    pub(crate) unavailable: i64,
    /// `on_hand − reserved − allocated − unavailable`.
    pub(crate) available: i64,
    /// `on_hand − allocated − unavailable`.
    pub(crate) master: i64,
    /// How far `available` may fall below zero by own orders.
    pub(crate) backorder_limit: i64,
    /// The `ETag`: the number of movements.
    pub(crate) version: i64,
    /// When the last movement happened; missing before the first.
    pub(crate) changed_at: Option<Time>,
    /// The instant that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) as_of: Option<Time>,
}

impl StockBody {
    pub(crate) fn of(view: StockView) -> Self {
        let (row, figures) = (view.stock, view.stock.figures);
        Self {
            object: "stock",
            sku: view.sku,
            name: None,
            location: view.location,
            on_hand: figures.on_hand,
            reserved: figures.reserved,
            allocated: figures.allocated,
            unavailable: figures.unavailable,
            available: figures.available(),
            master: figures.master(),
            backorder_limit: row.backorder_limit,
            version: row.version,
            changed_at: (row.version > 0).then_some(Time(row.changed_at)),
            as_of: None,
        }
    }
}

/// What a location has of a bundle.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BundleStock {
    /// Code of the location.
    pub(crate) location: String,
    /// Whole bundles that can be had there.
    pub(crate) available: i64,
}

/// A SKU over all locations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkuStock {
    /// Always `sku_stock`.
    #[schema(example = "sku_stock")]
    pub(crate) object: &'static str,
    /// Code of the SKU.
    pub(crate) sku: String,
    /// `simple` or `bundle`.
    pub(crate) kind: &'static str,
    /// Sum over the locations; missing for a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) on_hand: Option<i64>,
    /// Sum over the locations; missing for a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reserved: Option<i64>,
    /// Sum over the locations; missing for a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allocated: Option<i64>,
    /// Sum over the locations; missing for a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unavailable: Option<i64>,
    /// Sum over the locations; for a bundle derived from its components, location by location.
    pub(crate) available: i64,
    /// The rows of a simple SKU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) locations: Option<Vec<StockBody>>,
    /// Where a bundle can be had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bundles: Option<Vec<BundleStock>>,
    /// The parts of a bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) components: Option<Vec<ComponentBody>>,
    /// The instant that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) as_of: Option<Time>,
}

/// Which stock rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StockQuery {
    /// Only this SKU.
    pub(crate) sku: Option<String>,
    /// Only SKUs whose codes begin so.
    pub(crate) prefix: Option<String>,
    /// Only SKUs from this code on: to begin in the middle of a long list.
    pub(crate) from: Option<String>,
    /// Only this location.
    pub(crate) location: Option<String>,
    /// Only rows with less than this available.
    pub(crate) available_below: Option<i64>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// As of when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOfQuery {
    /// An instant of the past (RFC 3339); now when missing.
    pub(crate) as_of: Option<String>,
}
