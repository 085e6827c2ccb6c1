//! Events as they are told. The `data` of each type is written out here, so that the feed is a contract of its own.

use onhand_rules::EventBody;
use onhand_rules::event::EventLine;
use onhand_store::EventRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::movements::actor;
use crate::frame::origin_parts;
use crate::time::Time;

/// One line of an order or reservation.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    line: i32,
    sku: String,
    location: String,
    quantity: i64,
}

fn lines(told: Vec<EventLine>) -> Vec<Line> {
    told.into_iter()
        .map(|EventLine { line, sku, location, quantity }| Line { line, sku, location, quantity })
        .collect()
}

/// What happened.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Data {
    Stock {
        sku: String,
        location: String,
        on_hand: i64,
        reserved: i64,
        allocated: i64,
        unavailable: i64,
        available: i64,
        version: i64,
    },
    Shortfall {
        sku: String,
        location: String,
        available: i64,
    },
    Placed {
        order_id: String,
        channel: String,
        reference: Option<String>,
        state: &'static str,
        expires_at: Option<Time>,
        lines: Vec<Line>,
    },
    Order {
        order_id: String,
        step: String,
        state: &'static str,
        payment_state: &'static str,
        fulfilment_state: &'static str,
        lines: Vec<Line>,
        note: Option<String>,
    },
    Held {
        reservation_id: String,
        owner: Option<String>,
        expires_at: Time,
        lines: Vec<Line>,
    },
    Reservation {
        reservation_id: String,
        step: String,
        expires_at: Time,
        order_id: Option<String>,
    },
    Sku {
        sku: String,
        version: i64,
        archived: bool,
    },
    Location {
        location: String,
        version: i64,
        archived: bool,
    },
    ApiKey {
        api_key_id: String,
        name: String,
        revoked: bool,
    },
    /// Events of the queue and of the channels: the members are those of the stored form.
    Other(serde_json::Value),
}

impl Data {
    fn of(body: EventBody) -> Self {
        match body {
            EventBody::StockChanged {
                sku,
                location,
                on_hand,
                reserved,
                allocated,
                unavailable,
                available,
                version,
                // Between a sale and the publisher: numbers that mean nothing to others.
                told: _,
            } => Self::Stock { sku, location, on_hand, reserved, allocated, unavailable, available, version },
            EventBody::StockShortfall { sku, location, available }
            | EventBody::StockShortfallCleared { sku, location, available } => {
                Self::Shortfall { sku, location, available }
            }
            EventBody::OrderPlaced { order, channel, reference, state, expires_at, lines: told } => {
                Self::Placed {
                    order_id: order.to_string(),
                    channel,
                    reference,
                    state: state.name(),
                    expires_at: expires_at.map(Time),
                    lines: lines(told),
                }
            }
            EventBody::OrderChanged {
                order,
                step,
                state,
                payment_state,
                fulfilment_state,
                lines: told,
                note,
            } => Self::Order {
                order_id: order.to_string(),
                step,
                state: state.name(),
                payment_state: payment_state.name(),
                fulfilment_state: fulfilment_state.name(),
                lines: lines(told),
                note,
            },
            EventBody::ReservationHeld { reservation, owner, expires_at, lines: told } => Self::Held {
                reservation_id: reservation.to_string(),
                owner,
                expires_at: Time(expires_at),
                lines: lines(told),
            },
            EventBody::ReservationChanged { reservation, step, expires_at, order } => Self::Reservation {
                reservation_id: reservation.to_string(),
                step,
                expires_at: Time(expires_at),
                order_id: order.map(|order| order.to_string()),
            },
            EventBody::SkuChanged { sku, version, archived } => Self::Sku { sku, version, archived },
            EventBody::LocationChanged { location, version, archived } => {
                Self::Location { location, version, archived }
            }
            EventBody::ApiKeyChanged { api_key, name, revoked } => {
                Self::ApiKey { api_key_id: api_key, name, revoked }
            }
            other => {
                let stored = serde_json::to_value(&other).unwrap_or_default();
                Self::Other(stored.get("data").cloned().unwrap_or_default())
            }
        }
    }
}

/// One event of the feed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub(crate) struct EventView {
    /// Always `event`.
    #[schema(example = "event")]
    object: &'static str,
    /// Its number as an id.
    #[schema(example = "evt_42")]
    id: String,
    /// Its number: in the order of commits, without gaps.
    pub(crate) number: i64,
    /// What kind of thing happened.
    #[serde(rename = "type")]
    #[schema(example = "order.placed")]
    pub(crate) kind: &'static str,
    /// When.
    at: Time,
    /// What happened; its members depend on the type.
    #[schema(value_type = Object, additional_properties = true)]
    data: Data,
    /// The execution that caused it.
    operation_id: String,
    /// Who asked for it.
    actor: String,
    /// W3C trace context of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<String>,
    /// The `X-Request-Id` of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
}

impl EventView {
    /// Whether only those who may read the audit log may see it.
    pub(crate) fn is_secret(row: &EventRow) -> bool {
        matches!(row.body, EventBody::AuditRecorded { .. })
    }

    pub(crate) fn of(row: EventRow) -> Self {
        let (traceparent, request_id) = origin_parts(row.trace);
        Self {
            object: "event",
            id: format!("evt_{}", row.number),
            number: row.number,
            kind: row.body.kind(),
            at: Time(row.at),
            data: Data::of(row.body),
            operation_id: row.op.to_string(),
            actor: actor(row.actor),
            traceparent,
            request_id,
        }
    }
}

/// In which direction a page goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventOrder {
    /// The oldest first, from `after` on.
    #[default]
    Oldest,
    /// The newest first, from `before` back.
    Newest,
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only events with a greater number; the last one that you have, or a `next_cursor`. Not with `order=newest`.
    #[param(minimum = 0)]
    pub(crate) after: Option<i64>,
    /// Only events with a smaller number; a `next_cursor` of the same direction. Only with `order=newest`; without it the
    /// page begins with the newest event.
    #[param(minimum = 0)]
    pub(crate) before: Option<i64>,
    /// In which direction. Newest first, pages neither skip nor repeat, either: what is written meanwhile is newer than
    /// all of them.
    #[serde(default)]
    #[param(inline)]
    pub(crate) order: EventOrder,
    /// Only events of this type: `stock.shortfall`, `stock.shortfall_cleared`, `sku.changed`, `location.changed`,
    /// `api_key.changed`, `shop.changed`, `listing.changed`, `job.died`, `job.replayed`, `job.discarded`,
    /// `notice.changed`, `queue.changed` or `user.changed`. The others, of which each sale, hold or push writes one, are
    /// not to be had by type: read on from a number, or by `subject`. Not with `wait_s`.
    #[serde(rename = "type")]
    #[param(rename = "type", example = "listing.changed")]
    pub(crate) kind: Option<String>,
    /// With `true`, only those by which somebody mapped a listing or took its mapping away (the steps `mapped` and
    /// `unmapped`). Only with `type=listing.changed`.
    pub(crate) mapping: Option<bool>,
    /// Only events about this: a SKU's code, the id of an order, reservation or job, the code of a shop, the number of a
    /// listing, a marketplace's number of an order, the key of a notice. Not with `wait_s`.
    pub(crate) subject: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// How long to wait for one when there is none yet, in seconds.
    #[param(minimum = 0, maximum = 30)]
    pub(crate) wait_s: Option<u32>,
}

/// Where a stream begins.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// Only events with a greater number. The header `Last-Event-ID` wins over it; without either only events from now
    /// on.
    #[param(minimum = 0)]
    pub(crate) after: Option<i64>,
}
