//! Shops.

use onhand_rules::ShopId;
use onhand_rules::commands::channels::UpdateShop;
use onhand_rules::publish::{Basis, LastUnits, PublishRule, Velocity};
use onhand_rules::quantity::QUANTITY_MAX;
use onhand_rules::shop::{Disconnection, EditPolicy, PollFirst, Shop, ShopSettings};
use onhand_store::Staleness;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::jobs::{FailureView, Wait};
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
    /// Units kept back by how fast the listing sells: what is sold in so many minutes at the speed of the last hour. Of this
    /// and `buffer` the larger one counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1440)]
    velocity_minutes: Option<u32>,
    /// But never more units than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0)]
    velocity_most: Option<i64>,
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

/// The longest hold and silence that can be set: a year, in seconds.
const SECONDS_MAX: i64 = 366 * 86_400;

impl Rule {
    /// What is wrong with the rule that stands at `pointer`.
    pub(crate) fn check(&self, pointer: &str, errors: &mut Errors) {
        errors.range(format_args!("{pointer}/percent"), self.percent.into(), 0..=100);
        errors.range(format_args!("{pointer}/buffer"), self.buffer, 0..=QUANTITY_MAX);
        errors.range(format_args!("{pointer}/zero_at"), self.zero_at, 0..=QUANTITY_MAX);
        if let Some(cap) = self.cap {
            errors.range(format_args!("{pointer}/cap"), cap, 0..=QUANTITY_MAX);
        }
        if let Some(units) = self.last_units {
            errors.range(format_args!("{pointer}/last_units"), units, 0..=QUANTITY_MAX);
        }
        if self.last_units.is_some() != self.last_units_shop.is_some() {
            let detail = "last_units and last_units_shop go together";
            errors.push(format_args!("{pointer}/last_units"), "conflict", detail);
        }
    }

    pub(crate) fn of(rule: &PublishRule) -> Self {
        Self {
            basis: match rule.basis {
                Basis::Available => BasisName::Available,
                Basis::Master => BasisName::Master,
            },
            last_units: rule.last_units.map(|last| last.units),
            last_units_shop: rule.last_units.map(|last| last.shop.0),
            buffer: rule.buffer,
            velocity_minutes: rule.velocity.map(|velocity| velocity.minutes),
            velocity_most: rule.velocity.map(|velocity| velocity.most),
            percent: rule.percent,
            zero_at: rule.zero_at,
            cap: rule.cap,
        }
    }

    pub(crate) fn rule(&self) -> PublishRule {
        let last_units = self.last_units.zip(self.last_units_shop);
        PublishRule {
            basis: match self.basis {
                BasisName::Available => Basis::Available,
                BasisName::Master => Basis::Master,
            },
            last_units: last_units.map(|(units, shop)| LastUnits { units, shop: ShopId(shop) }),
            buffer: self.buffer,
            velocity: self
                .velocity_minutes
                .map(|minutes| Velocity { minutes, most: self.velocity_most.unwrap_or(i64::MAX) }),
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

    pub(crate) fn policy(self) -> EditPolicy {
        match self {
            Self::Adopt => EditPolicy::Adopt,
            Self::Cap => EditPolicy::Cap,
            Self::Reject => EditPolicy::Reject,
        }
    }
}

/// Whether new orders are looked for before a figure is written.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PollFirstName {
    /// Never.
    Off,
    /// Where few units are left for the speed at which they sell, as far as the shop's limits leave room.
    #[default]
    Auto,
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
    /// Whether new orders are looked for before a small figure is pushed.
    #[serde(default)]
    poll_first: PollFirstName,
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
            poll_first: match settings.poll_first {
                PollFirst::Off => PollFirstName::Off,
                PollFirst::Auto => PollFirstName::Auto,
            },
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
    /// Why it is disconnected, in English; the marketplace's own code and words where it has refused.
    reason: Option<String>,
    /// The same for programs and other languages. `by_person`: somebody has disconnected it here. `grant_refused`: the
    /// marketplace does not take its authorisation any more. There are no others.
    #[schema(example = "grant_refused")]
    reason_code: Option<&'static str>,
    /// Of `grant_refused`: the marketplace's code, with which `reason` then begins; ours where it has none.
    #[schema(example = "error_auth")]
    reason_error: Option<String>,
    /// What people set.
    settings: Settings,
    /// When its owner must consent again, if known.
    grant_ends: Option<Time>,
    /// The last good answer.
    answered_at: Option<Time>,
    /// The last webhook.
    webhook_at: Option<Time>,
    /// The marketplace's clock minus ours, as last measured; less than two seconds count as none.
    clock_offset_ms: i64,
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
        let why = shop.state_reason.as_deref().map(Disconnection::of);
        Self {
            object: "shop",
            id: shop.id.0,
            state: state.and_then(|state| state.as_str().map(str::to_owned)).unwrap_or_default(),
            reason_code: why.as_ref().map(Disconnection::name),
            reason_error: match why {
                Some(Disconnection::Refused { code, .. }) if !code.is_empty() => Some(code),
                _ => None,
            },
            reason: shop.state_reason,
            settings: Settings::of(&shop.settings),
            grant_ends: shop.grant_until.map(Time),
            answered_at: shop.health.answered_at.map(Time),
            webhook_at: shop.health.webhook_at.map(Time),
            clock_offset_ms: shop.health.clock_offset,
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
        let Some(settings) = &self.settings else { return };
        errors.code(format_args!("/settings/location"), &settings.location);
        settings.rule.check("/settings/rule", errors);
        errors.range(format_args!("/settings/hold_seconds"), settings.hold_seconds, 1..=SECONDS_MAX);
        let stale = settings.stale_after_seconds;
        errors.range(format_args!("/settings/stale_after_seconds"), stale, 60..=SECONDS_MAX);
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
            poll_first: match new.poll_first {
                PollFirstName::Off => PollFirst::Off,
                PollFirstName::Auto => PollFirst::Auto,
            },
        });
        UpdateShop { shop: shop.id, expected_version, name: self.name.clone(), settings, paused: self.paused }
    }
}

/// Which marketplace to connect a shop of, or which known shop to authorise again.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewConsent {
    /// `shopee`, `tiktok` or `lazada`, for a new shop.
    pub(crate) channel: Option<String>,
    /// Or the code of a shop that is known.
    pub(crate) shop: Option<String>,
}

impl Check for NewConsent {
    fn check(&self, errors: &mut Errors) {
        errors.maybe_code(format_args!("/channel"), self.channel.as_deref());
        if self.channel.is_some() == self.shop.is_some() {
            errors.push(format_args!("/channel"), "required", "name either a channel or a shop");
        }
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

/// Which listings to push.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PushChoice {
    /// Their numbers; empty means every mapped listing of the shop.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub(crate) listings: Vec<i64>,
    /// Read back what stands there too. Without it, a figure that we believe to be there is not looked at.
    #[serde(default = "yes")]
    pub(crate) read_back: bool,
}

fn yes() -> bool {
    true
}

impl Check for PushChoice {
    fn check(&self, errors: &mut Errors) {
        errors.length(format_args!("/listings"), self.listings.len(), 0..=super::ITEMS_MAX);
    }
}

/// What became of a test of the connection.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Probe {
    /// Always `probe`.
    #[schema(example = "probe")]
    pub(crate) object: &'static str,
    /// Whether the marketplace answered; nothing when that is not known yet.
    pub(crate) answered: Option<bool>,
    /// How it failed.
    pub(crate) failure: Option<FailureView>,
    /// What keeps us from asking.
    pub(crate) waits: Vec<Wait>,
    /// From the question to the answer, in milliseconds.
    pub(crate) took_ms: i64,
    /// The job that asked.
    pub(crate) job_id: Option<String>,
    /// The shop as it is now.
    pub(crate) shop: ShopBody,
}
