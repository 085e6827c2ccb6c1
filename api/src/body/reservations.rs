//! Reservations.

use onhand_engine::ids;
use onhand_rules::commands::{AllocateReservation, Remainder, Reserve};
use onhand_rules::{Receipt, Reservation, ReservationId, ReservationLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::order_steps::{ChosenLine, check_chosen, choices};
use super::orders::{
    Codes, NewLine, PlacedLine, check_lines, check_ttl, hold_ms, line_requests, placed_lines,
};
use super::{Check, Errors};
use crate::api::Settings;
use crate::time::Time;

/// Units to hold for somebody who has not ordered yet. All lines are held, or none.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReservation {
    /// What is held.
    #[schema(min_items = 1, max_items = 2000)]
    lines: Vec<NewLine>,
    /// How long, in seconds.
    #[schema(minimum = 60, maximum = 604_800)]
    ttl_s: Option<i64>,
    /// Whose it is: a cart, a customer.
    #[schema(min_length = 1, max_length = 200)]
    owner: Option<String>,
}

impl Check for NewReservation {
    fn check(&self, errors: &mut Errors) {
        check_lines(&self.lines, errors);
        for (index, line) in self.lines.iter().enumerate() {
            if line.unit_minor.is_some() {
                errors.push(
                    format_args!("/lines/{index}/unit_minor"),
                    "not_allowed",
                    "a reservation has no prices",
                );
            }
        }
        check_ttl(self.ttl_s, errors);
        errors.maybe_code(format_args!("/owner"), self.owner.as_deref());
    }
}

impl NewReservation {
    pub(crate) fn command(&self, settings: &Settings) -> Reserve {
        Reserve {
            id: ids::reservation(),
            owner: self.owner.clone(),
            lines: line_requests(&self.lines, settings),
            hold_ms: hold_ms(self.ttl_s, settings),
        }
    }
}

/// How much longer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Extension {
    /// From now, in seconds.
    #[schema(minimum = 60, maximum = 604_800)]
    pub(crate) ttl_s: i64,
}

impl Check for Extension {
    fn check(&self, errors: &mut Errors) {
        check_ttl(Some(self.ttl_s), errors);
    }
}

/// What to give back.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// Some items of some lines; everything that is held when missing.
    #[schema(min_items = 1, max_items = 2000)]
    pub(crate) lines: Option<Vec<ChosenLine>>,
}

impl Check for Release {
    fn check(&self, errors: &mut Errors) {
        check_chosen(self.lines.as_ref(), errors);
    }
}

/// What happens to units that are not part of the order.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RemainderChoice {
    /// They go back.
    Release,
    /// They stay held.
    Hold,
}

/// The order to make of held units.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allocation {
    /// The caller's own number of the order, unique within the channel.
    #[schema(min_length = 1, max_length = 200)]
    reference: Option<String>,
    /// Channel of the order; `api` when missing.
    #[schema(min_length = 1, max_length = 200)]
    channel: Option<String>,
    /// Some items of some lines; everything that is held when missing.
    #[schema(min_items = 1, max_items = 2000)]
    lines: Option<Vec<ChosenLine>>,
    /// `release` when missing.
    remainder: Option<RemainderChoice>,
    /// The payment that pays for the order.
    #[schema(min_length = 1, max_length = 200)]
    payment_reference: Option<String>,
}

impl Check for Allocation {
    fn check(&self, errors: &mut Errors) {
        check_chosen(self.lines.as_ref(), errors);
        errors.maybe_code(format_args!("/reference"), self.reference.as_deref());
        errors.maybe_code(format_args!("/channel"), self.channel.as_deref());
        errors.maybe_code(format_args!("/payment_reference"), self.payment_reference.as_deref());
    }
}

impl Allocation {
    pub(crate) fn command(&self, id: ReservationId, expected_version: Option<i64>) -> AllocateReservation {
        AllocateReservation {
            id,
            order: ids::order(),
            channel: self.channel.clone().unwrap_or_else(|| "api".to_owned()),
            reference: self.reference.clone(),
            lines: choices(self.lines.as_ref()),
            remainder: match self.remainder {
                Some(RemainderChoice::Hold) => Remainder::Hold,
                _ => Remainder::Release,
            },
            payment_reference: self.payment_reference.clone(),
            expected_version,
        }
    }
}

/// A reservation after a step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReservationStep<'a> {
    /// Always `reservation`.
    #[schema(example = "reservation")]
    object: &'static str,
    /// Its id.
    #[schema(example = "rsv_01jdq3fz6xf8r9t5z1v4k2m7n0")]
    pub(crate) id: String,
    /// Where it stands.
    state: &'static str,
    /// Whose it is; only when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    /// When the hold ends.
    expires_at: Time,
    /// The order that its units went to.
    order_id: Option<String>,
    /// The version for `If-Match`.
    version: i64,
    /// When.
    at: Time,
    /// Its lines; only when it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    lines: Option<Vec<PlacedLine<'a>>>,
}

impl<'a> ReservationStep<'a> {
    /// From the receipt.
    pub(crate) fn of(receipt: &Receipt) -> Option<Self> {
        let Receipt::Reservation { id, state, expires_at, order, version, at } = receipt else {
            return None;
        };
        Some(Self {
            object: "reservation",
            id: id.to_string(),
            state: state.name(),
            owner: None,
            expires_at: Time(*expires_at),
            order_id: order.map(|order| order.to_string()),
            version: *version,
            at: Time(*at),
            lines: None,
        })
    }

    /// From the request that made it and the receipt.
    pub(crate) fn made(
        request: &'a NewReservation,
        settings: &'a Settings,
        receipt: &Receipt,
    ) -> Option<Self> {
        Some(Self {
            owner: request.owner.as_deref(),
            lines: Some(placed_lines(&request.lines, settings)),
            ..Self::of(receipt)?
        })
    }
}

/// One line of a reservation, in items.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReservationLine)]
pub(crate) struct ReservationLineBody {
    /// Number of the line, from 1.
    line: i32,
    /// Code of what was asked for.
    sku: String,
    /// Code of the location.
    location: String,
    /// Asked for.
    quantity: i64,
    /// Still held.
    outstanding: i64,
    /// Became part of an order.
    allocated: i64,
    /// Given back, by request or by time.
    released: i64,
}

/// Units held for somebody who has not ordered yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reservation)]
pub(crate) struct ReservationBody {
    /// Always `reservation`.
    #[schema(example = "reservation")]
    object: &'static str,
    /// Its id.
    id: String,
    /// Where it stands.
    state: &'static str,
    /// Whose it is.
    owner: Option<String>,
    /// When the hold ends.
    expires_at: Time,
    /// The order that its units went to.
    order_id: Option<String>,
    /// How often it was extended.
    extensions: i32,
    /// The `ETag`.
    version: i64,
    /// When it was made.
    created_at: Time,
    /// When it was last changed.
    updated_at: Time,
    /// Its lines.
    lines: Vec<ReservationLineBody>,
}

impl ReservationBody {
    pub(crate) fn of(row: Reservation, codes: &Codes) -> Self {
        let lines = row
            .lines
            .chunk_by(|a, b| a.line == b.line)
            .filter_map(|parts| parts.first().map(|part| line_of(part, codes)))
            .collect();
        Self {
            object: "reservation",
            id: row.id.to_string(),
            state: row.state.name(),
            owner: row.owner,
            expires_at: Time(row.expires_at),
            order_id: row.order.map(|order| order.to_string()),
            extensions: row.extensions,
            version: row.version,
            created_at: Time(row.created_at),
            updated_at: Time(row.updated_at),
            lines,
        }
    }
}

fn line_of(part: &ReservationLine, codes: &Codes) -> ReservationLineBody {
    let per = part.per_item.max(1);
    ReservationLineBody {
        line: part.line,
        sku: codes.sku(part.item),
        location: codes.location(part.key.location),
        quantity: part.quantity / per,
        outstanding: part.outstanding() / per,
        allocated: part.allocated / per,
        released: part.released / per,
    }
}

/// Which reservations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReservationQuery {
    /// Only in this state.
    pub(crate) state: Option<String>,
    /// Only this owner's.
    pub(crate) owner: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}
