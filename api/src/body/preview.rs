//! What a marketplace would be told.

use onhand_engine::publishing::Told;
use serde::Serialize;
use utoipa::ToSchema;

/// One step from a figure to what is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PreviewStep {
    /// Which rule.
    rule: String,
    /// What is left after it.
    value: i64,
}

/// What a marketplace would be told now, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    /// Always `preview`.
    #[schema(example = "preview")]
    object: &'static str,
    /// Code of the SKU.
    sku: Option<String>,
    /// What it would be told; nothing when the listing is unmapped or no stock was ever recorded.
    quantity: Option<i64>,
    /// The basis first, then each rule that changed it.
    steps: Vec<PreviewStep>,
}

impl Preview {
    pub(crate) fn of(told: Told) -> Self {
        let steps = told.published.as_ref().map(|published| published.steps.clone()).unwrap_or_default();
        Self {
            object: "preview",
            sku: told.sku,
            quantity: told.published.map(|published| published.quantity),
            steps: steps.into_iter().map(|step| PreviewStep { rule: step.rule, value: step.value }).collect(),
        }
    }
}
