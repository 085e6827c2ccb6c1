//! Thresholds of low stock.

use onhand_rules::Quantity;
use onhand_rules::quantity::QUANTITY_MAX;
use onhand_rules::setting::Setting;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Check, Errors};

/// When stock runs low.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LowStock {
    /// Always `low_stock`.
    #[schema(example = "low_stock")]
    object: &'static str,
    /// At or below so many available units at a location; null: no threshold of its own.
    units: Option<Quantity>,
    /// What counts: its own, else that of all SKUs; null: nothing is told.
    in_force: Option<Quantity>,
}

impl LowStock {
    /// Of one SKU (`own`) or of all (`None`).
    pub(crate) fn of(own: Option<Option<Quantity>>, all: Option<Quantity>) -> Self {
        let units = own.unwrap_or(all);
        Self { object: "low_stock", units, in_force: units.or(all) }
    }
}

/// The threshold in a row of settings.
pub(crate) fn units_of(rows: &[(String, Setting)], wanted: &str) -> Option<Quantity> {
    rows.iter().find_map(|(key, setting)| match setting {
        Setting::LowStock { units } if key == wanted => Some(*units),
        _ => None,
    })
}

/// A threshold to be set.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LowStockChange {
    /// At or below so many available units at a location a notice opens; null or left out: no threshold here.
    #[schema(minimum = 0, maximum = 1_000_000_000_i64, example = 5)]
    pub(crate) units: Option<Quantity>,
}

impl Check for LowStockChange {
    fn check(&self, errors: &mut Errors) {
        if let Some(units) = self.units {
            errors.range(format_args!("/units"), units, 0..=QUANTITY_MAX);
        }
    }
}
