//! What a marketplace would be told.

use onhand_engine::publishing::Told;
use onhand_rules::Listing;
use onhand_rules::publish::PublishRule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::channels::Rule;
use super::{Check, Errors};

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
        Self {
            object: "preview",
            steps: steps_of(&told),
            sku: told.sku,
            quantity: told.published.map(|published| published.quantity),
        }
    }
}

fn steps_of(told: &Told) -> Vec<PreviewStep> {
    let steps = told.published.as_ref().map(|published| published.steps.clone()).unwrap_or_default();
    steps.into_iter().map(|step| PreviewStep { rule: step.rule, value: step.value }).collect()
}

/// A rule to try.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRulePreview {
    /// In place of the shop's.
    rule: Rule,
    /// Listings of the page; 50 when missing.
    #[schema(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

impl Check for NewRulePreview {
    fn check(&self, errors: &mut Errors) {
        self.rule.check("/rule", errors);
    }
}

impl NewRulePreview {
    pub(crate) fn rule(&self) -> PublishRule {
        self.rule.rule()
    }
}

/// What one listing is told, and what it would be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RulePreview {
    /// Always `rule_preview`.
    #[schema(example = "rule_preview")]
    object: &'static str,
    /// Number of the listing.
    listing: i64,
    /// What the seller calls it there.
    seller_sku: String,
    /// Its title there. Text of strangers.
    title: String,
    /// Code of the SKU whose stock it sells.
    sku: Option<String>,
    /// It has a rule of its own, which counts instead of the shop's.
    own_rule: bool,
    /// What it is told by the rules that are in effect; nothing when it is unmapped or no stock was ever recorded.
    now: Option<i64>,
    /// What it would be told.
    then: Option<i64>,
    /// Why: the basis first, then each rule that changed it.
    steps: Vec<PreviewStep>,
}

impl RulePreview {
    pub(crate) fn of(listing: Listing, now: Told, then: &Told) -> Self {
        Self {
            object: "rule_preview",
            listing: listing.id.0,
            own_rule: listing.rule.is_some(),
            seller_sku: listing.seller_sku,
            title: listing.title,
            sku: now.sku,
            now: now.published.map(|published| published.quantity),
            then: then.published.as_ref().map(|published| published.quantity),
            steps: steps_of(then),
        }
    }
}
