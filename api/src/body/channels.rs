//! Shops and listings.

use onhand_rules::commands::channels::{MapListing, ResolveEdit, SetListingRule, UpdateShop};
use onhand_rules::publish::{Basis, LastUnits, PublishRule};
use onhand_rules::shop::{EditPolicy, Shop, ShopSettings};
use onhand_rules::{Listing, ListingId, ShopId};
use onhand_store::Staleness;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Check, Errors};
use crate::time::Time;

/// How a figure becomes what a shop is told; steps apply in the order of the members.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// `available`, or `master`: units of pending orders are then offered twice.
    #[schema(example = "available")]
    basis: BasisName,
    /// At or below so many units, only this shop is told any.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_units: Option<i64>,
    /// The number of the shop that gets the last units.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_units_shop: Option<i64>,
    /// Units kept back.
    #[serde(default)]
    #[schema(minimum = 0)]
    buffer: i64,
    /// Per cent of the rest, rounded down.
    #[serde(default = "whole")]
    #[schema(minimum = 0, maximum = 100)]
    percent: u8,
    /// What would be at or below this becomes 0.
    #[serde(default)]
    #[schema(minimum = 0)]
    zero_at: i64,
    /// Never more than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    cap: Option<i64>,
}

/// Which figure is published.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BasisName {
    Available,
    Master,
}

fn whole() -> u8 {
    100
}

impl Rule {
    fn of(rule: &PublishRule) -> Self {
        Self {
            basis: match rule.basis {
                Basis::Available => BasisName::Available,
                Basis::Master => BasisName::Master,
            },
            last_units: rule.last_units.map(|last| last.units),
            last_units_shop: rule.last_units.map(|last| last.shop.0),
            buffer: rule.buffer,
            percent: rule.percent,
            zero_at: rule.zero_at,
            cap: rule.cap,
        }
    }

    fn rule(&self) -> PublishRule {
        let last_units = self.last_units.zip(self.last_units_shop);
        PublishRule {
            basis: match self.basis {
                BasisName::Available => Basis::Available,
                BasisName::Master => Basis::Master,
            },
            last_units: last_units.map(|(units, shop)| LastUnits { units, shop: ShopId(shop) }),
            buffer: self.buffer,
            percent: self.percent,
            zero_at: self.zero_at,
            cap: self.cap,
        }
    }
}

/// What becomes of a figure that a seller set on the marketplace himself.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Policy {
    /// The difference goes into our stock.
    Adopt,
    /// It becomes the listing's cap.
    Cap,
    /// Our figure is pushed again.
    Reject,
}

impl Policy {
    fn of(policy: EditPolicy) -> Self {
        match policy {
            EditPolicy::Adopt => Self::Adopt,
            EditPolicy::Cap => Self::Cap,
            EditPolicy::Reject => Self::Reject,
        }
    }

    fn policy(self) -> EditPolicy {
        match self {
            Self::Adopt => EditPolicy::Adopt,
            Self::Cap => EditPolicy::Cap,
            Self::Reject => EditPolicy::Reject,
        }
    }
}

/// What people set on a shop.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Code of the location whose stock it sells.
    location: String,
    /// What is published.
    rule: Rule,
    /// Seconds that a pending order of it holds stock.
    #[schema(minimum = 1)]
    hold_seconds: i64,
    /// What becomes of a seller's own edit after five minutes.
    edits: Policy,
    /// Seconds without a sign of life after which it is stale.
    #[schema(minimum = 60)]
    stale_after_seconds: i64,
    /// Whether figures are pushed at all.
    push: bool,
}

impl Settings {
    fn of(settings: &ShopSettings) -> Self {
        Self {
            location: settings.location.clone(),
            rule: Rule::of(&settings.rule),
            hold_seconds: settings.hold_ms / 1_000,
            edits: Policy::of(settings.edits),
            stale_after_seconds: settings.stale_after_ms / 1_000,
            push: settings.push,
        }
    }
}

/// A connected account on a marketplace. Its credentials are never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shop)]
pub(crate) struct ShopBody {
    /// Always `shop`.
    #[schema(example = "shop")]
    object: &'static str,
    /// Its number.
    id: i64,
    /// Its code.
    shop: String,
    /// `shopee`, `tiktok` or `lazada`.
    channel: String,
    /// As the marketplace calls it.
    account: String,
    /// For people.
    name: String,
    /// `connected`, `disconnected` or `paused`.
    state: String,
    /// Why not connected.
    reason: Option<String>,
    /// What people set.
    settings: Settings,
    /// When its owner must consent again, if known.
    grant_ends: Option<Time>,
    /// The last good answer.
    answered_at: Option<Time>,
    /// The last webhook.
    webhook_at: Option<Time>,
    /// Orders that changed before this were seen.
    orders_until: Option<Time>,
    /// When its listings were last read.
    imported_at: Option<Time>,
    /// Until when its breaker keeps requests back.
    failing_until: Option<Time>,
    /// Listings whose figure is not told yet.
    waiting: i64,
    /// The oldest change that is not told yet.
    waiting_since: Option<Time>,
    /// The `ETag`.
    pub(crate) version: i64,
}

impl ShopBody {
    pub(crate) fn of(shop: Shop, stale: Option<&Staleness>) -> Self {
        let some = |at: i64| (at > 0).then_some(Time(at));
        let state = serde_json::to_value(shop.state).ok();
        Self {
            object: "shop",
            id: shop.id.0,
            state: state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default(),
            reason: shop.state_reason,
            settings: Settings::of(&shop.settings),
            grant_ends: shop.grant_until.map(Time),
            answered_at: shop.health.answered_at.map(Time),
            webhook_at: shop.health.webhook_at.map(Time),
            orders_until: some(shop.cursors.orders_until),
            imported_at: some(shop.cursors.imported_at),
            failing_until: shop.health.open_until.map(Time),
            waiting: stale.map_or(0, |stale| stale.dirty),
            waiting_since: stale.map(|stale| Time(stale.oldest)),
            version: shop.version,
            shop: shop.code,
            channel: shop.channel,
            account: shop.account,
            name: shop.name,
        }
    }
}

/// What to change; what is missing stays.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShopChange {
    /// For people.
    #[schema(max_length = 1000)]
    name: Option<String>,
    /// The settings, whole.
    settings: Option<Settings>,
    /// Its jobs wait (`true`), or go on.
    paused: Option<bool>,
}

impl Check for ShopChange {
    fn check(&self, errors: &mut Errors) {
        errors.maybe_text(format_args!("/name"), self.name.as_deref());
        if let Some(settings) = &self.settings {
            errors.code(format_args!("/settings/location"), &settings.location);
        }
    }
}

impl ShopChange {
    pub(crate) fn command(&self, shop: &Shop, expected_version: Option<i64>) -> UpdateShop {
        let settings = self.settings.as_ref().map(|new| ShopSettings {
            location: new.location.clone(),
            rule: new.rule.rule(),
            hold_ms: new.hold_seconds.saturating_mul(1_000),
            edits: new.edits.policy(),
            stale_after_ms: new.stale_after_seconds.saturating_mul(1_000),
            push: new.push,
        });
        UpdateShop { shop: shop.id, expected_version, name: self.name.clone(), settings, paused: self.paused }
    }
}

/// Which marketplace to connect a shop of.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsent {
    /// `shopee`, `tiktok` or `lazada`.
    pub(crate) channel: String,
}

impl Check for NewConsent {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/channel"), &self.channel);
    }
}

/// Where the owner of the shop must go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentPage {
    /// Always `consent`.
    #[schema(example = "consent")]
    pub(crate) object: &'static str,
    /// The marketplace's page; good for ten minutes.
    pub(crate) url: String,
}

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
    /// Number of the SKU whose stock it sells.
    sku_id: Option<String>,
    /// Units of the SKU in one unit of it.
    quantity: Option<i64>,
    /// Mapped by its seller SKU and not by a person.
    automatic: bool,
    /// The marketplace does not know it any more.
    gone: bool,
    /// Its own rule.
    rule: Option<Rule>,
    /// What the marketplace has acknowledged.
    pushed: Option<i64>,
    /// When.
    pushed_at: Option<Time>,
    /// What was last read there.
    seen: Option<i64>,
    /// When.
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
    pub(crate) fn of(row: Listing) -> Self {
        Self {
            object: "listing",
            id: row.id.0,
            shop_id: row.shop.0,
            waiting: row.dirty(),
            gone: row.state == onhand_rules::listing::ListingState::Gone,
            sku_id: row.mapping.map(|mapping| format!("sku_{}", mapping.sku.0)),
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
    fn check(&self, _errors: &mut Errors) {}
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

/// What a change did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changed {
    /// Always `change`.
    #[schema(example = "change")]
    pub(crate) object: &'static str,
    /// Whether anything had to change.
    pub(crate) changed: bool,
    /// The version now; 0 where there is none.
    pub(crate) version: i64,
}
