//! Listings.

use onhand_engine::publishing::Told;
use onhand_engine::suggesting::{Likeness, Suggestion};
use onhand_rules::commands::channels::{MapListing, ResolveEdit, SetListingRule};
use onhand_rules::{Listing, ListingId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::channels::{Policy, Rule};
use super::{Check, Errors};
use crate::time::Time;

/// A figure on the marketplace that we did not put there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Edit {
    /// What is shown.
    seen: i64,
    /// What should be.
    expected: i64,
    /// Since when.
    since: Time,
    /// A person must decide.
    escalated: bool,
}

/// One sellable variation in a shop.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Listing)]
pub(crate) struct ListingBody {
    /// Always `listing`.
    #[schema(example = "listing")]
    object: &'static str,
    /// Its number.
    id: i64,
    /// Number of the shop.
    shop_id: i64,
    /// The marketplace's id of the item.
    item: String,
    /// The marketplace's id of the variation.
    variant: String,
    /// What the seller calls it there.
    seller_sku: String,
    /// Its title there. Text of strangers.
    title: String,
    /// Id of the SKU whose stock it sells.
    sku_id: Option<String>,
    /// Code of that SKU.
    sku: Option<String>,
    /// Units of the SKU in one unit of it.
    quantity: Option<i64>,
    /// Mapped by its seller SKU and not by a person.
    automatic: bool,
    /// The marketplace does not know it any more.
    gone: bool,
    /// Its own rule.
    rule: Option<Rule>,
    /// What its rule tells now; nothing while it is unmapped or no stock was ever recorded.
    should: Option<i64>,
    /// What the marketplace has acknowledged.
    pushed: Option<i64>,
    /// When.
    pushed_at: Option<Time>,
    /// What was last read there.
    seen: Option<i64>,
    /// When; to a minute where nothing was new.
    seen_at: Option<Time>,
    /// Something is not told yet.
    waiting: bool,
    /// A figure that we did not put there.
    edit: Option<Edit>,
    /// How the last write failed.
    trouble: Option<String>,
    /// The `ETag`.
    pub(crate) version: i64,
}

impl ListingBody {
    pub(crate) fn of(row: Listing, told: Told) -> Self {
        Self {
            object: "listing",
            id: row.id.0,
            shop_id: row.shop.0,
            waiting: row.dirty(),
            gone: row.state == onhand_rules::listing::ListingState::Gone,
            sku_id: row.mapping.map(|mapping| format!("sku_{}", mapping.sku.0)),
            sku: told.sku,
            should: told.published.map(|published| published.quantity),
            quantity: row.mapping.map(|mapping| mapping.quantity),
            automatic: row.mapping.is_some_and(|mapping| mapping.automatic),
            rule: row.rule.as_ref().map(Rule::of),
            pushed: row.pushed,
            pushed_at: row.pushed_at.map(Time),
            seen: row.seen,
            seen_at: row.seen_at.map(Time),
            edit: row.edit.map(|edit| Edit {
                seen: edit.seen,
                expected: edit.expected,
                since: Time(edit.since),
                escalated: edit.escalated,
            }),
            trouble: row.trouble,
            version: row.version,
            item: row.item,
            variant: row.variant,
            seller_sku: row.seller_sku,
            title: row.title,
        }
    }
}

/// Which listings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListingQuery {
    /// Code of the shop.
    pub(crate) shop: Option<String>,
    /// Code of the SKU.
    pub(crate) sku: Option<String>,
    /// Exactly this seller SKU.
    pub(crate) seller_sku: Option<String>,
    /// Only mapped (`true`) or unmapped (`false`) ones.
    pub(crate) mapped: Option<bool>,
    /// Only those with something to be told.
    pub(crate) waiting: Option<bool>,
    /// Only those with a figure that we did not put there.
    pub(crate) edited: Option<bool>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// Whose stock a listing sells; without `sku` nobody's.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMapping {
    /// Code of the SKU; may be a bundle.
    sku: Option<String>,
    /// Units of it in one unit of the listing.
    #[schema(minimum = 1)]
    quantity: Option<i64>,
}

impl Check for NewMapping {
    fn check(&self, errors: &mut Errors) {
        if let Some(sku) = &self.sku {
            errors.code(format_args!("/sku"), sku);
        }
        if self.quantity.is_some_and(|quantity| quantity < 1) {
            errors.push(format_args!("/quantity"), "out_of_range", "must be at least 1");
        }
    }
}

impl NewMapping {
    pub(crate) fn command(&self, listing: ListingId, expected_version: Option<i64>) -> MapListing {
        let to = self.sku.clone().map(|sku| (sku, self.quantity.unwrap_or(1)));
        MapListing { listing, expected_version, to }
    }
}

/// A rule of a listing's own; without one the shop's counts.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRule {
    rule: Option<Rule>,
}

impl Check for NewRule {
    fn check(&self, errors: &mut Errors) {
        if let Some(rule) = &self.rule {
            rule.check("/rule", errors);
        }
    }
}

impl NewRule {
    pub(crate) fn command(&self, listing: ListingId, expected_version: Option<i64>) -> SetListingRule {
        SetListingRule { listing, expected_version, rule: self.rule.as_ref().map(Rule::rule) }
    }
}

/// What becomes of a figure that stands in its window.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    policy: Policy,
}

impl Check for Decision {
    fn check(&self, _errors: &mut Errors) {}
}

impl Decision {
    pub(crate) fn command(&self, listing: ListingId) -> ResolveEdit {
        ResolveEdit { listing, policy: self.policy.policy() }
    }
}

/// How many suggestions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuggestionQuery {
    /// At most; 10 when nobody says.
    #[param(minimum = 1, maximum = 50)]
    pub(crate) limit: Option<u32>,
}

/// A SKU that a listing may be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Suggestion)]
pub(crate) struct SuggestionView {
    /// Always `suggestion`.
    #[schema(example = "suggestion")]
    object: &'static str,
    /// Its code.
    sku: String,
    /// Its name.
    name: String,
    /// 0 to 100: 100 is the same code, 90 nearly the same, below that the share of words in common.
    score: u8,
    /// `same_code`, `nearly_same_code` (but for case, spaces and punctuation) or `common_words` (of titles and codes).
    reason: &'static str,
}

impl SuggestionView {
    pub(crate) fn of(found: Suggestion) -> Self {
        Self {
            object: "suggestion",
            sku: found.sku,
            name: found.name,
            score: found.score,
            reason: match found.likeness {
                Likeness::SameCode => "same_code",
                Likeness::NearlySameCode => "nearly_same_code",
                Likeness::CommonWords => "common_words",
            },
        }
    }
}

/// What a listing may be. A person decides.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SuggestionList {
    /// Always `list`.
    #[schema(example = "list")]
    pub(crate) object: &'static str,
    /// The best first.
    pub(crate) data: Vec<SuggestionView>,
    /// Whether every SKU was looked at: beyond 50,000 only the exact code is sure to be found.
    pub(crate) complete: bool,
}
