//! SKUs and bundles.

use std::collections::BTreeMap;

use onhand_rules::commands::{CreateSku, UpdateSku};
use onhand_rules::quantity::QUANTITY_MAX;
use onhand_rules::{Receipt, Sku, SkuId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Check, Errors, ITEMS_MAX};
use crate::time::Time;

/// Components of one bundle at most.
const COMPONENTS_MAX: usize = 200;

/// One part of a bundle.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Component)]
pub(crate) struct ComponentBody {
    /// Code of a simple SKU.
    #[schema(min_length = 1, max_length = 200, example = "TSHIRT-M")]
    pub(crate) sku: String,
    /// Units of it in one bundle.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub(crate) quantity: i64,
}

fn check_components(components: Option<&Vec<ComponentBody>>, errors: &mut Errors) {
    let Some(components) = components else { return };
    errors.length(format_args!("/components"), components.len(), 0..=COMPONENTS_MAX);
    for (index, part) in components.iter().enumerate() {
        errors.code(format_args!("/components/{index}/sku"), &part.sku);
        errors.quantity(format_args!("/components/{index}/quantity"), part.quantity);
    }
}

fn pairs(components: &[ComponentBody]) -> Vec<(String, i64)> {
    components.iter().map(|part| (part.sku.clone(), part.quantity)).collect()
}

/// Something that is sold, to be created.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSku {
    /// Its code, kept exactly as given.
    #[schema(min_length = 1, max_length = 200, example = "TSHIRT-M")]
    pub(crate) sku: String,
    /// What it is called; the code when missing.
    #[schema(max_length = 1000)]
    pub(crate) name: Option<String>,
    /// The parts of a bundle; none for a simple SKU.
    #[schema(max_items = 200)]
    pub(crate) components: Option<Vec<ComponentBody>>,
    /// How far `available` may fall below zero by own orders.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub(crate) backorder_limit: Option<i64>,
}

impl Check for NewSku {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/sku"), &self.sku);
        errors.maybe_text(format_args!("/name"), self.name.as_deref());
        if let Some(limit) = self.backorder_limit {
            errors.range(format_args!("/backorder_limit"), limit, 0..=QUANTITY_MAX);
        }
        check_components(self.components.as_ref(), errors);
    }
}

impl NewSku {
    pub(crate) fn command(&self) -> CreateSku {
        CreateSku {
            code: self.sku.clone(),
            name: self.name.clone().unwrap_or_else(|| self.sku.clone()),
            components: self.components.as_deref().map(pairs).unwrap_or_default(),
            backorder_limit: self.backorder_limit.unwrap_or(0),
        }
    }
}

/// What to change; what is missing stays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SkuChange {
    /// What it is called.
    #[schema(max_length = 1000)]
    pub(crate) name: Option<String>,
    /// How far `available` may fall below zero by own orders.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub(crate) backorder_limit: Option<i64>,
    /// Whether it is no longer sold.
    pub(crate) archived: Option<bool>,
    /// The parts of a bundle from now on.
    #[schema(max_items = 200)]
    pub(crate) components: Option<Vec<ComponentBody>>,
}

impl Check for SkuChange {
    fn check(&self, errors: &mut Errors) {
        errors.maybe_text(format_args!("/name"), self.name.as_deref());
        if let Some(limit) = self.backorder_limit {
            errors.range(format_args!("/backorder_limit"), limit, 0..=QUANTITY_MAX);
        }
        check_components(self.components.as_ref(), errors);
    }
}

impl SkuChange {
    pub(crate) fn command(&self, code: &str, expected_version: Option<i64>) -> UpdateSku {
        UpdateSku {
            code: code.to_owned(),
            name: self.name.clone(),
            backorder_limit: self.backorder_limit,
            archived: self.archived,
            components: self.components.as_deref().map(pairs),
            expected_version,
        }
    }
}

/// Several SKUs, each created by itself.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSkus {
    /// The SKUs.
    #[schema(min_items = 1, max_items = 1000)]
    pub(crate) skus: Vec<NewSku>,
}

impl Check for NewSkus {
    fn check(&self, errors: &mut Errors) {
        errors.length(format_args!("/skus"), self.skus.len(), 1..=ITEMS_MAX);
    }
}

/// Something that is sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Sku)]
pub(crate) struct SkuBody {
    /// Always `sku`.
    #[schema(example = "sku")]
    object: &'static str,
    /// Never reused.
    #[schema(example = "sku_12")]
    id: String,
    /// Its code.
    sku: String,
    /// What it is called.
    name: String,
    /// `simple`, or `bundle` when it has components.
    kind: &'static str,
    /// The parts of a bundle.
    components: Vec<ComponentBody>,
    /// How far `available` may fall below zero by own orders.
    backorder_limit: i64,
    /// Whether it is no longer sold.
    archived: bool,
    /// The `ETag`.
    pub(crate) version: i64,
    /// When it was created.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
}

/// `simple` or `bundle`.
pub(crate) fn kind(bundle: bool) -> &'static str {
    if bundle { "bundle" } else { "simple" }
}

impl SkuBody {
    pub(crate) fn of(row: Sku, codes: &BTreeMap<SkuId, String>) -> Self {
        let components: Vec<ComponentBody> = row
            .components
            .iter()
            .map(|part| ComponentBody {
                sku: codes.get(&part.sku).cloned().unwrap_or_default(),
                quantity: part.quantity,
            })
            .collect();
        Self {
            object: "sku",
            id: format!("sku_{}", row.id.0),
            kind: kind(!components.is_empty()),
            sku: row.code,
            name: row.name,
            components,
            backorder_limit: row.backorder_limit,
            archived: row.archived,
            version: row.version,
            created_at: Time(row.created_at),
            updated_at: Time(row.updated_at),
        }
    }

    /// What a creation made, from the request and its receipt.
    pub(crate) fn made(request: &NewSku, receipt: &Receipt) -> Option<Self> {
        let Receipt::Sku { id, version, created_at, updated_at } = receipt else {
            return None;
        };
        let components = request.components.clone().unwrap_or_default();
        Some(Self {
            object: "sku",
            id: format!("sku_{}", id.0),
            sku: request.sku.clone(),
            name: request.name.clone().unwrap_or_else(|| request.sku.clone()),
            kind: kind(!components.is_empty()),
            components,
            backorder_limit: request.backorder_limit.unwrap_or(0),
            archived: false,
            version: *version,
            created_at: Time(*created_at),
            updated_at: Time(*updated_at),
        })
    }
}

/// What a change of a SKU did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SkuChanged<'a> {
    /// Always `sku_change`.
    #[schema(example = "sku_change")]
    pub(crate) object: &'static str,
    /// Never reused.
    pub(crate) id: String,
    /// Its code.
    pub(crate) sku: &'a str,
    /// Its version now.
    pub(crate) version: i64,
    /// When it was created.
    pub(crate) created_at: Time,
    /// When it was last changed.
    pub(crate) updated_at: Time,
    /// What was asked for.
    pub(crate) changed: &'a SkuChange,
}

/// Which SKUs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SkuQuery {
    /// Only codes that begin with this.
    pub(crate) prefix: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}
