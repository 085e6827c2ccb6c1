//! Changes of stock: adjust, set, count, move.

use onhand_rules::Receipt;
use onhand_rules::commands::{Expected, Reason, StockItem};
use onhand_rules::quantity::QUANTITY_MAX;
use onhand_rules::receipt::StockReceipt;
use onhand_rules::text::TEXT_MAX;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::any_change::AnyChange;
use super::orders::place;
use super::{Check, Errors};
use crate::api::Settings;
use crate::problem::{self, Problem};
use crate::time::Time;

/// Why stock changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChangeReason {
    /// A mistake is put right.
    Correction,
    /// Goods came in.
    Received,
    /// A customer's return goes back to stock.
    ReturnRestock,
    /// Broken.
    Damaged,
    /// Gone.
    TheftOrLoss,
    /// Given away.
    PromotionOrDonation,
    /// Counted.
    CycleCount,
    /// From a file.
    Import,
}

impl ChangeReason {
    fn rule(self) -> Reason {
        match self {
            Self::Correction => Reason::Correction,
            Self::Received => Reason::Received,
            Self::ReturnRestock => Reason::ReturnRestock,
            Self::Damaged => Reason::Damaged,
            Self::TheftOrLoss => Reason::TheftOrLoss,
            Self::PromotionOrDonation => Reason::PromotionOrDonation,
            Self::CycleCount => Reason::CycleCount,
            Self::Import => Reason::Import,
        }
    }
}

/// `on_hand` changes by a difference; downward only as far as nothing is promised to anybody.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adjustment {
    /// Code of a simple SKU.
    #[schema(min_length = 1, max_length = 200, example = "TSHIRT-M")]
    pub(crate) sku: String,
    /// Code of the location; the default location when missing.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) location: Option<String>,
    /// Units more, or (negative) fewer; not 0.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000, example = 10)]
    pub(crate) quantity: i64,
    /// Why.
    pub(crate) reason: ChangeReason,
    /// In the caller's words.
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
    /// The caller's document; kept at the end of the note.
    #[schema(max_length = 1000)]
    pub(crate) reference_uri: Option<String>,
}

impl Adjustment {
    /// The note with the document at its end.
    fn full_note(&self) -> Option<String> {
        match (&self.note, &self.reference_uri) {
            (Some(note), Some(uri)) => Some(format!("{note} [{uri}]")),
            (None, Some(uri)) => Some(format!("[{uri}]")),
            (note, None) => note.clone(),
        }
    }
}

impl Check for Adjustment {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/sku"), &self.sku);
        errors.maybe_code(format_args!("/location"), self.location.as_deref());
        errors.range(format_args!("/quantity"), self.quantity, -QUANTITY_MAX..=QUANTITY_MAX);
        if self.quantity == 0 {
            errors.push(format_args!("/quantity"), "out_of_bounds", "must not be 0");
        }
        errors.maybe_text(format_args!("/note"), self.note.as_deref());
        errors.maybe_text(format_args!("/reference_uri"), self.reference_uri.as_deref());
        if self.full_note().is_some_and(|note| note.len() > TEXT_MAX) {
            let detail = format!("note and reference_uri together must not be longer than {TEXT_MAX} bytes");
            errors.push(format_args!("/note"), "invalid_text", detail);
        }
    }
}

/// `on_hand` becomes a value, if it is what the caller believes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Setting {
    /// Code of a simple SKU.
    #[schema(min_length = 1, max_length = 200, example = "TSHIRT-M")]
    pub(crate) sku: String,
    /// Code of the location; the default location when missing.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) location: Option<String>,
    /// The new value.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub(crate) on_hand: i64,
    /// The value that the caller saw; this or `If-Match` is required, and both are compared.
    #[schema(minimum = 0)]
    pub(crate) expected: Option<i64>,
    /// Why; `correction` when missing.
    pub(crate) reason: Option<ChangeReason>,
    /// In the caller's words.
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
}

impl Check for Setting {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/sku"), &self.sku);
        errors.maybe_code(format_args!("/location"), self.location.as_deref());
        errors.range(format_args!("/on_hand"), self.on_hand, 0..=QUANTITY_MAX);
        if let Some(expected) = self.expected {
            errors.range(format_args!("/expected"), expected, 0..=i64::MAX);
        }
        errors.maybe_text(format_args!("/note"), self.note.as_deref());
    }
}

/// `on_hand` becomes what was counted, whatever is promised: a count is a fact.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    /// Code of a simple SKU.
    #[schema(min_length = 1, max_length = 200, example = "TSHIRT-M")]
    pub(crate) sku: String,
    /// Code of the location; the default location when missing.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) location: Option<String>,
    /// What is there.
    #[schema(minimum = 0, maximum = 1_000_000_000)]
    pub(crate) counted: i64,
    /// That it is so, although it is ten times the figure or more, or a tenth or less, of more than 100 units: without
    /// this such a count of a row that has moved before is refused (`unlikely_count`).
    // Not written when missing: a request of an older client is known again by what it was then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) confirmed: bool,
    /// In the caller's words.
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
}

impl Check for Count {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/sku"), &self.sku);
        errors.maybe_code(format_args!("/location"), self.location.as_deref());
        errors.range(format_args!("/counted"), self.counted, 0..=QUANTITY_MAX);
        errors.maybe_text(format_args!("/note"), self.note.as_deref());
    }
}

/// Whether units can be sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UnitState {
    /// They can.
    Sellable,
    /// Damaged, in quarantine or kept as a buffer.
    Unavailable,
}

/// One end of a move.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveEnd {
    /// Code of the location; the default location when missing.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) location: Option<String>,
    /// `sellable` when missing.
    pub(crate) state: Option<UnitState>,
}

impl MoveEnd {
    fn state(&self) -> UnitState {
        self.state.unwrap_or(UnitState::Sellable)
    }
}

/// Units go from one location to another, or from one state to the other at one location.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    /// Code of a simple SKU.
    #[schema(min_length = 1, max_length = 200, example = "TSHIRT-M")]
    pub(crate) sku: String,
    /// Units.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    pub(crate) quantity: i64,
    /// Where they are.
    pub(crate) from: MoveEnd,
    /// Where they go.
    pub(crate) to: MoveEnd,
    /// In the caller's words.
    #[schema(max_length = 1000)]
    pub(crate) note: Option<String>,
}

impl Check for Move {
    fn check(&self, errors: &mut Errors) {
        errors.code(format_args!("/sku"), &self.sku);
        errors.quantity(format_args!("/quantity"), self.quantity);
        errors.maybe_code(format_args!("/from/location"), self.from.location.as_deref());
        errors.maybe_code(format_args!("/to/location"), self.to.location.as_deref());
        errors.maybe_text(format_args!("/note"), self.note.as_deref());
    }
}

/// One change in the words of a bulk request.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "action", rename_all = "snake_case", try_from = "AnyChange")]
pub(crate) enum Change {
    /// By a difference.
    Adjust(Adjustment),
    /// To a value.
    Set(Setting),
    /// To what was counted.
    Count(Count),
    /// From one place or state to another.
    Move(Move),
}

impl Check for Change {
    fn check(&self, errors: &mut Errors) {
        match self {
            Self::Adjust(change) => change.check(errors),
            Self::Set(change) => change.check(errors),
            Self::Count(change) => change.check(errors),
            Self::Move(change) => change.check(errors),
        }
    }
}

/// A change as the rules take it, and whose rows its receipt has.
pub(crate) trait StockChange {
    /// The item; `version` is that of `If-Match`.
    fn item(&self, settings: &Settings, version: Option<i64>) -> Result<StockItem, Problem>;
    /// Its SKU.
    fn sku(&self) -> &str;
    /// The locations of its rows: one, or two for a move between locations.
    fn locations<'a>(&'a self, settings: &'a Settings) -> (&'a str, Option<&'a str>);
}

/// The change, if the row has the version of `If-Match`.
fn matched(version: Option<i64>, item: StockItem) -> StockItem {
    match version {
        Some(version) => StockItem::Matched { version, item: Box::new(item) },
        None => item,
    }
}

impl StockChange for Adjustment {
    fn item(&self, settings: &Settings, version: Option<i64>) -> Result<StockItem, Problem> {
        let item = StockItem::Adjust {
            sku: self.sku.clone(),
            location: place(self.location.as_deref(), settings).to_owned(),
            delta: self.quantity,
            reason: self.reason.rule(),
            note: self.full_note(),
        };
        Ok(matched(version, item))
    }

    fn sku(&self) -> &str {
        &self.sku
    }

    fn locations<'a>(&'a self, settings: &'a Settings) -> (&'a str, Option<&'a str>) {
        (place(self.location.as_deref(), settings), None)
    }
}

impl StockChange for Setting {
    fn item(&self, settings: &Settings, version: Option<i64>) -> Result<StockItem, Problem> {
        // Whoever names both is told of whichever is stale.
        let (expected, version) = match (self.expected, version) {
            (Some(expected), version) => (Expected::OnHand(expected), version),
            (None, Some(version)) => (Expected::Version(version), None),
            (None, None) => {
                return Err(Problem::new(
                    &problem::PRECONDITION_REQUIRED,
                    problem::PRECONDITION_REQUIRED.advice,
                ));
            }
        };
        let item = StockItem::Set {
            sku: self.sku.clone(),
            location: place(self.location.as_deref(), settings).to_owned(),
            on_hand: self.on_hand,
            expected,
            reason: self.reason.unwrap_or(ChangeReason::Correction).rule(),
            note: self.note.clone(),
        };
        Ok(matched(version, item))
    }

    fn sku(&self) -> &str {
        &self.sku
    }

    fn locations<'a>(&'a self, settings: &'a Settings) -> (&'a str, Option<&'a str>) {
        (place(self.location.as_deref(), settings), None)
    }
}

impl StockChange for Count {
    fn item(&self, settings: &Settings, version: Option<i64>) -> Result<StockItem, Problem> {
        let item = StockItem::Count {
            sku: self.sku.clone(),
            location: place(self.location.as_deref(), settings).to_owned(),
            counted: self.counted,
            confirmed: self.confirmed,
            note: self.note.clone(),
        };
        Ok(matched(version, item))
    }

    fn sku(&self) -> &str {
        &self.sku
    }

    fn locations<'a>(&'a self, settings: &'a Settings) -> (&'a str, Option<&'a str>) {
        (place(self.location.as_deref(), settings), None)
    }
}

impl StockChange for Move {
    fn item(&self, settings: &Settings, version: Option<i64>) -> Result<StockItem, Problem> {
        let from = place(self.from.location.as_deref(), settings);
        let to = place(self.to.location.as_deref(), settings);
        let states = (self.from.state(), self.to.state());
        let restate = |quantity| StockItem::Restate {
            sku: self.sku.clone(),
            location: from.to_owned(),
            quantity,
            reason: Reason::Correction,
            note: self.note.clone(),
        };
        let refuse = |pointer: &str, detail: &str| {
            let mut errors = Errors::default();
            errors.push(format_args!("{pointer}"), "not_allowed", detail);
            Err(errors.into_result().err().unwrap_or_else(|| Problem::invalid(Vec::new())))
        };
        let item = match (from == to, states) {
            (true, (UnitState::Sellable, UnitState::Unavailable)) => restate(self.quantity),
            (true, (UnitState::Unavailable, UnitState::Sellable)) => restate(-self.quantity),
            (true, _) => return refuse("/to", "either the location or the state must differ"),
            (false, (UnitState::Sellable, UnitState::Sellable)) => StockItem::Transfer {
                sku: self.sku.clone(),
                from: from.to_owned(),
                to: to.to_owned(),
                quantity: self.quantity,
                note: self.note.clone(),
            },
            (false, _) => {
                return refuse(
                    "/to/state",
                    "only sellable units go to another location; change their state first or afterwards",
                );
            }
        };
        Ok(matched(version, item))
    }

    fn sku(&self) -> &str {
        &self.sku
    }

    fn locations<'a>(&'a self, settings: &'a Settings) -> (&'a str, Option<&'a str>) {
        let from = place(self.from.location.as_deref(), settings);
        let to = place(self.to.location.as_deref(), settings);
        (from, (from != to).then_some(to))
    }
}

impl StockChange for Change {
    fn item(&self, settings: &Settings, version: Option<i64>) -> Result<StockItem, Problem> {
        match self {
            Self::Adjust(change) => change.item(settings, version),
            Self::Set(change) => change.item(settings, version),
            Self::Count(change) => change.item(settings, version),
            Self::Move(change) => change.item(settings, version),
        }
    }

    fn sku(&self) -> &str {
        match self {
            Self::Adjust(change) => &change.sku,
            Self::Set(change) => &change.sku,
            Self::Count(change) => &change.sku,
            Self::Move(change) => &change.sku,
        }
    }

    fn locations<'a>(&'a self, settings: &'a Settings) -> (&'a str, Option<&'a str>) {
        match self {
            Self::Adjust(change) => change.locations(settings),
            Self::Set(change) => change.locations(settings),
            Self::Count(change) => change.locations(settings),
            Self::Move(change) => change.locations(settings),
        }
    }
}

/// A stock row after a change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StockChange)]
pub(crate) struct StockChanged<'a> {
    /// Always `stock_change`.
    #[schema(example = "stock_change")]
    object: &'static str,
    /// Code of the SKU.
    sku: &'a str,
    /// Code of the location.
    location: &'a str,
    /// Physically there.
    on_hand: i64,
    /// Held by pending orders and reservations.
    reserved: i64,
    /// Confirmed and not yet shipped.
    allocated: i64,
    /// Not sellable.
    unavailable: i64,
    /// `on_hand − reserved − allocated − unavailable`.
    available: i64,
    /// The row's version.
    version: i64,
    /// When.
    at: Time,
    /// Where the units of a move between locations went.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    to: Option<Box<StockChanged<'a>>>,
}

impl<'a> StockChanged<'a> {
    fn row(sku: &'a str, location: &'a str, row: &StockReceipt, at: i64) -> Self {
        let figures = &row.figures;
        Self {
            object: "stock_change",
            sku,
            location,
            on_hand: figures.on_hand,
            reserved: figures.reserved,
            allocated: figures.allocated,
            unavailable: figures.unavailable,
            available: figures.available(),
            version: row.version,
            at: Time(at),
            to: None,
        }
    }

    /// What one change did; takes its rows off the front of `rows`.
    pub(crate) fn of<C: StockChange>(
        change: &'a C,
        settings: &'a Settings,
        rows: &mut std::slice::Iter<'_, StockReceipt>,
        at: i64,
    ) -> Option<Self> {
        let (from, to) = change.locations(settings);
        let mut first = Self::row(change.sku(), from, rows.next()?, at);
        if let Some(to) = to {
            first.to = Some(Box::new(Self::row(change.sku(), to, rows.next()?, at)));
        }
        Some(first)
    }

    /// What a request of one change did.
    pub(crate) fn only<C: StockChange>(
        change: &'a C,
        settings: &'a Settings,
        receipt: &Receipt,
    ) -> Option<Self> {
        let Receipt::Stock { rows, at } = receipt else { return None };
        Self::of(change, settings, &mut rows.iter(), *at)
    }
}
