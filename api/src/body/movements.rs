//! Movements, who holds what, and why a number is what it is.

use onhand_rules::quantity::Quantities;
use onhand_rules::{Holder, Movement};
use onhand_store::{Figure, HolderUnits};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::time::Time;

/// What changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Delta {
    on_hand: i64,
    reserved: i64,
    allocated: i64,
    unavailable: i64,
}

/// The figures after a movement.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct After {
    on_hand: i64,
    reserved: i64,
    allocated: i64,
    unavailable: i64,
    available: i64,
}

/// One immutable row of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Movement)]
pub(crate) struct MovementBody {
    /// Always `movement`.
    #[schema(example = "movement")]
    object: &'static str,
    /// 1 for the first movement of the row, then one more each time.
    version: i64,
    /// Why the row changed.
    #[schema(example = "reserve")]
    kind: &'static str,
    /// What changed.
    delta: Delta,
    /// The figures after it.
    after: After,
    /// The order on whose behalf it happened.
    order_id: Option<String>,
    /// The reservation on whose behalf it happened.
    reservation_id: Option<String>,
    /// The execution that made it.
    operation_id: String,
    /// Who asked for it.
    actor: String,
    /// From the closed list of reasons.
    reason: Option<String>,
    /// In the caller's words.
    note: Option<String>,
    /// When.
    at: Time,
    /// Hash over this movement and the hash before it.
    hash: String,
}

/// How a principal is shown.
pub(crate) fn actor(id: onhand_rules::PrincipalId) -> String {
    if id == onhand_rules::PrincipalId::SYSTEM { "system".to_owned() } else { format!("prn_{}", id.0) }
}

fn ids(holder: Option<Holder>) -> (Option<String>, Option<String>) {
    match holder {
        None => (None, None),
        Some(Holder::Order(id)) => (Some(id.to_string()), None),
        Some(Holder::Reservation(id)) => (None, Some(id.to_string())),
    }
}

impl MovementBody {
    pub(crate) fn of(row: Movement) -> Self {
        use std::fmt::Write as _;
        let (order_id, reservation_id) = ids(row.holder);
        let Quantities { on_hand, reserved, allocated, unavailable } = row.delta;
        let delta = Delta { on_hand, reserved, allocated, unavailable };
        let available = row.after.available();
        let Quantities { on_hand, reserved, allocated, unavailable } = row.after;
        let mut hash = String::with_capacity(64);
        for byte in row.hash {
            // Writing to a String cannot fail.
            let _always_ok = write!(hash, "{byte:02x}");
        }
        Self {
            object: "movement",
            version: row.version,
            kind: row.kind.name(),
            delta,
            after: After { on_hand, reserved, allocated, unavailable, available },
            order_id,
            reservation_id,
            operation_id: row.op.to_string(),
            actor: actor(row.actor),
            reason: row.reason,
            note: row.note,
            at: Time(row.at),
            hash,
        }
    }
}

/// Units that one line of an order or reservation takes from a stock row.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holder)]
pub(crate) struct HolderBody {
    /// Always `holder`.
    #[schema(example = "holder")]
    object: &'static str,
    /// The order, if it is one.
    order_id: Option<String>,
    /// The reservation, if it is one.
    reservation_id: Option<String>,
    /// Number of the line.
    line: i32,
    /// Number of the component inside the line, from 0.
    part: i32,
    /// Units held.
    reserved: i64,
    /// Units confirmed and not shipped.
    allocated: i64,
    /// When the hold ends.
    expires_at: Option<Time>,
    /// The caller's own number of the order, or the owner of the reservation.
    reference: Option<String>,
    /// Where it can be read.
    url: String,
}

impl HolderBody {
    pub(crate) fn of(row: HolderUnits) -> Self {
        let (order_id, reservation_id) = ids(Some(row.holder));
        let url = match row.holder {
            Holder::Order(id) => format!("/v1/orders/{id}"),
            Holder::Reservation(id) => format!("/v1/reservations/{id}"),
        };
        Self {
            object: "holder",
            order_id,
            reservation_id,
            line: row.line,
            part: row.part,
            reserved: row.reserved,
            allocated: row.allocated,
            expires_at: row.expires_at.map(Time),
            reference: row.reference,
            url,
        }
    }
}

/// A row behind `reserved` or `allocated`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TermRow {
    /// The order, if it is one.
    order_id: Option<String>,
    /// The reservation, if it is one.
    reservation_id: Option<String>,
    /// Number of the line.
    line: i32,
    /// Its units.
    units: i64,
    /// When the hold ends.
    expires_at: Option<Time>,
    /// The caller's own number of the order, or the owner of the reservation.
    reference: Option<String>,
    /// Where it can be read.
    url: String,
}

impl TermRow {
    pub(crate) fn of(row: HolderBody, units: i64) -> Self {
        Self {
            order_id: row.order_id,
            reservation_id: row.reservation_id,
            line: row.line,
            units,
            expires_at: row.expires_at,
            reference: row.reference,
            url: row.url,
        }
    }
}

/// One term of the equation and what stands behind it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Term {
    /// `on_hand`, `reserved`, `allocated` or `unavailable`.
    #[schema(example = "reserved")]
    pub(crate) term: &'static str,
    /// Its value.
    pub(crate) value: i64,
    /// Every movement that changed the term.
    pub(crate) movements_url: String,
    /// The latest movements that changed the term, five at most, among the last 2,000 of the row; `movements_url` has those
    /// before them.
    pub(crate) recent: Vec<MovementBody>,
    /// The orders and reservations behind it; only for `reserved` and `allocated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rows: Option<Vec<TermRow>>,
    /// Whether there are more rows than are told here.
    pub(crate) has_more: bool,
    /// Where all of them are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// What was compared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checks {
    /// Whether the rows add up to the terms. False means that something changed between two reads of this answer, or
    /// that the ledger is damaged: ask again, then run `verify`. Null when there are too many rows to add up here.
    pub(crate) sum_of_rows_equals: Option<bool>,
}

/// Why a number is what it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// Always `explanation`.
    #[schema(example = "explanation")]
    pub(crate) object: &'static str,
    /// Code of the SKU.
    pub(crate) sku: String,
    /// Code of the location.
    pub(crate) location: String,
    /// The equation.
    pub(crate) equation: &'static str,
    /// Its left side.
    pub(crate) available: i64,
    /// The row's version.
    pub(crate) version: i64,
    /// Its right side.
    pub(crate) terms: Vec<Term>,
    /// What was compared.
    pub(crate) checks: Checks,
}

/// A quantity that movements change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Changed {
    /// Physically there.
    OnHand,
    /// Held by pending orders and reservations.
    Reserved,
    /// Confirmed and not yet shipped.
    Allocated,
    /// Not sellable.
    Unavailable,
}

impl Changed {
    pub(crate) fn figure(self) -> Figure {
        match self {
            Self::OnHand => Figure::OnHand,
            Self::Reserved => Figure::Reserved,
            Self::Allocated => Figure::Allocated,
            Self::Unavailable => Figure::Unavailable,
        }
    }
}

/// Which movements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MovementQuery {
    /// Only movements that changed this quantity. 20,000 movements are looked at for one page, so a page can be short or
    /// empty though `has_more` is true: `next_cursor` goes on where it stopped.
    #[param(inline)]
    pub(crate) changed: Option<Changed>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}
