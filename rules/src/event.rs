//! What is told to the world: one feed, numbered in commit order by the store.

use serde::{Deserialize, Serialize};

use crate::id::{OpId, OrderId, PrincipalId, ReservationId};
use crate::order::{FulfilmentState, OrderState, PaymentState};
use crate::quantity::{Millis, Quantity, is_one, one};

/// One line of an order or reservation as told in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventLine {
    /// Number of the line; the first is not written.
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub line: i32,
    /// Code of what was ordered.
    pub sku: String,
    /// Code of the location.
    pub location: String,
    /// Items, not components; a single one is not written.
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub quantity: Quantity,
}

/// What happened. The serialised form is the `data` of the event and names its `type`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
#[expect(
    missing_docs,
    reason = "each member says in its name what it carries; the event catalogue documents them"
)]
pub enum EventBody {
    /// The figures of a stock row after everything that one batch did to it: the latest word, not one event a unit.
    #[serde(rename = "stock.changed")]
    StockChanged {
        sku: String,
        location: String,
        on_hand: Quantity,
        reserved: Quantity,
        allocated: Quantity,
        unavailable: Quantity,
        available: Quantity,
        version: i64,
    },
    /// `available` fell below what the backorder limit allows, through an external fact.
    #[serde(rename = "stock.shortfall")]
    StockShortfall { sku: String, location: String, available: Quantity },
    /// The shortfall is over.
    #[serde(rename = "stock.shortfall_cleared")]
    StockShortfallCleared { sku: String, location: String, available: Quantity },
    #[serde(rename = "order.placed")]
    OrderPlaced {
        order: OrderId,
        channel: String,
        reference: Option<String>,
        state: OrderState,
        expires_at: Option<Millis>,
        lines: Vec<EventLine>,
    },
    /// Any later step of an order; `step` names it.
    #[serde(rename = "order.changed")]
    OrderChanged {
        order: OrderId,
        step: String,
        state: OrderState,
        payment_state: PaymentState,
        fulfilment_state: FulfilmentState,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        lines: Vec<EventLine>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        note: Option<String>,
    },
    #[serde(rename = "reservation.held")]
    ReservationHeld {
        reservation: ReservationId,
        owner: Option<String>,
        expires_at: Millis,
        lines: Vec<EventLine>,
    },
    /// Any later step of a reservation; `step` is `extended`, `released`, `allocated` or `expired`.
    #[serde(rename = "reservation.changed")]
    ReservationChanged {
        reservation: ReservationId,
        step: String,
        expires_at: Millis,
        order: Option<OrderId>,
    },
    #[serde(rename = "sku.changed")]
    SkuChanged { sku: String, version: i64, archived: bool },
    #[serde(rename = "location.changed")]
    LocationChanged { location: String, version: i64, archived: bool },
    #[serde(rename = "api_key.changed")]
    ApiKeyChanged { api_key: String, name: String, revoked: bool },
}

impl EventBody {
    /// The `type` of the event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::StockChanged { .. } => "stock.changed",
            Self::StockShortfall { .. } => "stock.shortfall",
            Self::StockShortfallCleared { .. } => "stock.shortfall_cleared",
            Self::OrderPlaced { .. } => "order.placed",
            Self::OrderChanged { .. } => "order.changed",
            Self::ReservationHeld { .. } => "reservation.held",
            Self::ReservationChanged { .. } => "reservation.changed",
            Self::SkuChanged { .. } => "sku.changed",
            Self::LocationChanged { .. } => "location.changed",
            Self::ApiKeyChanged { .. } => "api_key.changed",
        }
    }

    /// The id or code of the thing it is about, by which a timeline finds it. Sorts by time for orders.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::StockChanged { sku, .. }
            | Self::StockShortfall { sku, .. }
            | Self::StockShortfallCleared { sku, .. }
            | Self::SkuChanged { sku, .. } => sku.clone(),
            Self::OrderPlaced { order, .. } | Self::OrderChanged { order, .. } => order.to_string(),
            Self::ReservationHeld { reservation, .. } | Self::ReservationChanged { reservation, .. } => {
                reservation.to_string()
            }
            Self::LocationChanged { location, .. } => location.clone(),
            Self::ApiKeyChanged { api_key, .. } => api_key.clone(),
        }
    }
}

/// An event that has no number yet; the store numbers it and stamps its time as the last thing before the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub body: EventBody,
    /// The command that caused it.
    pub op: OpId,
    /// Who asked for it.
    pub actor: PrincipalId,
    /// W3C `traceparent` of the request.
    pub trace: Option<String>,
}
