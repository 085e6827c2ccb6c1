//! What is told to the world: one feed, numbered in commit order by the store.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::audit::AuditChange;
use crate::id::{JobId, ListingId, OpId, OrderId, PrincipalId, ReservationId, UserId};
use crate::notice_body::NoticeBody;
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

/// What a listing was mapped to before an event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Was {
    /// Nothing was changed, or the event is from before this was told: the member is absent.
    #[default]
    #[serde(skip)]
    NotTold,
    /// Nothing; `null`.
    Unmapped,
    /// This.
    Mapped {
        /// Code of the SKU, as it was then.
        sku: String,
        /// Units of it in one unit of the listing.
        quantity: Quantity,
    },
}

impl Was {
    fn is_not_told(&self) -> bool {
        *self == Self::NotTold
    }
}

/// Every type of event.
pub const KINDS: &[&str] = &[
    "stock.changed",
    "stock.shortfall",
    "stock.shortfall_cleared",
    "order.placed",
    "order.changed",
    "reservation.held",
    "reservation.changed",
    "sku.changed",
    "location.changed",
    "api_key.changed",
    "shop.changed",
    "listing.changed",
    "listing.pushed",
    "listing.edit",
    "market_order.changed",
    "job.died",
    "job.replayed",
    "job.discarded",
    "notice.changed",
    "queue.changed",
    "user.changed",
    "audit.recorded",
];

/// The types of which few are written: stores keep an index of these, and of no others, so that a sale, a hold or a push
/// pays nothing for it. Another one here takes a migration there: it finds the events that are written already.
pub const SELDOM: &[&str] = &[
    "stock.shortfall",
    "stock.shortfall_cleared",
    "sku.changed",
    "location.changed",
    "api_key.changed",
    "shop.changed",
    LISTING_CHANGED,
    "job.died",
    "job.replayed",
    "job.discarded",
    "notice.changed",
    "queue.changed",
    "user.changed",
];

/// The type whose steps `mapped` and `unmapped` have an index of their own: whoever imports a shop writes one event of it
/// for each listing there, among which what people mapped would not be found.
pub const LISTING_CHANGED: &str = "listing.changed";

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
        /// Listings that it concerns and that were dealt with in the same commit: marked, or found to show it. The publisher looks
        /// at all others.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        told: Vec<ListingId>,
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
    #[serde(rename = "shop.changed")]
    ShopChanged { shop: String, state: String, reason: Option<String> },
    /// A listing is mapped, unmapped, gone, or has another rule.
    #[serde(rename = "listing.changed")]
    ListingChanged {
        listing: i64,
        shop: String,
        step: String,
        sku: Option<String>,
        quantity: Option<Quantity>,
        /// What it was mapped to before, if this changed it; older events do not say.
        #[serde(default, skip_serializing_if = "Was::is_not_told")]
        from: Was,
        /// Beside `from`: it was mapped by its seller SKU, which is exactly that of a SKU, and not by somebody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        automatic: Option<bool>,
    },
    /// A marketplace has acknowledged a figure. When: the change of stock (`cause_at`), its job (`enqueued_at`), the request
    /// (`sent_at`) and the answer (`answered_at`), on the ledger clock. How long, in milliseconds: in the queue and in our
    /// hands (`wait_ms`), waiting for the rate limit (`limit_ms`), their answer (`network_ms`); the three are `total_ms`.
    #[serde(rename = "listing.pushed")]
    ListingPushed {
        listing: i64,
        shop: String,
        sku: String,
        quantity: Quantity,
        before: Option<Quantity>,
        cause_at: Millis,
        #[serde(default)]
        enqueued_at: Millis,
        #[serde(default)]
        sent_at: Millis,
        #[serde(default)]
        answered_at: Millis,
        wait_ms: Millis,
        limit_ms: Millis,
        network_ms: Millis,
        total_ms: Millis,
    },
    /// A figure that we did not put there. `step` is the cause, where it is known: `unseen_order`, `lost_push`,
    /// `late_write` or `campaign`.
    /// Else it is a step of what may be a seller's edit: `suspected`, `restarted`, `returned`, `superseded`, `adopted`,
    /// `capped`, `rejected` or `escalated`.
    #[serde(rename = "listing.edit")]
    ListingEdit { listing: i64, shop: String, step: String, seen: Quantity, expected: Quantity },
    #[serde(rename = "market_order.changed")]
    MarketOrderChanged {
        shop: String,
        reference: String,
        state: String,
        status: String,
        order: Option<OrderId>,
    },
    #[serde(rename = "job.died")]
    JobDied { job: JobId, kind: String, shop: Option<i64>, class: String, code: String, message: String },
    #[serde(rename = "job.replayed")]
    JobReplayed { job: JobId, replay_of: JobId },
    /// A dead job was given up for good.
    #[serde(rename = "job.discarded")]
    JobDiscarded { job: JobId, reason: String },
    #[serde(rename = "notice.changed")]
    NoticeChanged {
        key: String,
        kind: String,
        subject: String,
        shop: Option<i64>,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        told: Option<NoticeBody>,
        open: bool,
        count: i64,
    },
    /// A lane, a pause or a schedule changed.
    #[serde(rename = "queue.changed")]
    QueueChanged { key: String },
    #[serde(rename = "user.changed")]
    UserChanged { user: UserId, name: String, role: String, disabled: bool },
    /// One entry of the audit log; `chain` is the SHA-256 over the one before it and everything else in this one.
    #[serde(rename = "audit.recorded")]
    AuditRecorded {
        number: i64,
        by: String,
        action: String,
        object: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
        changes: Vec<AuditChange>,
        chain: String,
    },
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
            Self::ShopChanged { .. } => "shop.changed",
            Self::ListingChanged { .. } => LISTING_CHANGED,
            Self::ListingPushed { .. } => "listing.pushed",
            Self::ListingEdit { .. } => "listing.edit",
            Self::MarketOrderChanged { .. } => "market_order.changed",
            Self::JobDied { .. } => "job.died",
            Self::JobReplayed { .. } => "job.replayed",
            Self::JobDiscarded { .. } => "job.discarded",
            Self::NoticeChanged { .. } => "notice.changed",
            Self::QueueChanged { .. } => "queue.changed",
            Self::UserChanged { .. } => "user.changed",
            Self::AuditRecorded { .. } => "audit.recorded",
        }
    }

    /// Its type, if it is one of those by which events are found ([`SELDOM`]).
    #[must_use]
    pub fn seldom_kind(&self) -> Option<&'static str> {
        Some(self.kind()).filter(|kind| SELDOM.contains(kind))
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
            Self::ShopChanged { shop, .. } => shop.clone(),
            Self::ListingChanged { listing, .. }
            | Self::ListingPushed { listing, .. }
            | Self::ListingEdit { listing, .. } => listing.to_string(),
            Self::MarketOrderChanged { reference, .. } => reference.clone(),
            Self::JobDied { job, .. } | Self::JobReplayed { job, .. } | Self::JobDiscarded { job, .. } => {
                job.to_string()
            }
            Self::NoticeChanged { key, .. } | Self::QueueChanged { key } => key.clone(),
            Self::UserChanged { user, .. } => user.to_string(),
            Self::AuditRecorded { number, .. } => crate::audit::subject(*number),
        }
    }
}

/// Sixteen bytes that stand for a subject in words, for an index: the beginning of its SHA-256.
#[must_use]
pub fn subject_hash(subject: &str) -> [u8; 16] {
    let digest: [u8; 32] = Sha256::digest(subject.as_bytes()).into();
    let mut short = [0; 16];
    short.copy_from_slice(&digest[..16]);
    short
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
    /// By what the request is found again: its W3C `traceparent`, its id, or both with a space between.
    pub trace: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_in_the_list() {
        let error =
            serde_json::from_str::<EventBody>(r#"{"type": "?", "data": {}}"#).unwrap_err().to_string();
        let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
        assert_eq!(known, KINDS, "{error}");
        assert!(SELDOM.iter().all(|kind| KINDS.contains(kind)));
    }

    #[test]
    fn what_a_listing_was_mapped_to_is_absent_null_or_told() {
        let plain = r#"{"listing":1,"shop":"s","step":"mapped","sku":"A","quantity":2"#;
        let of = |more: &str| format!("{{\"type\":\"listing.changed\",\"data\":{plain}{more}}}}}");
        let this = Was::Mapped { sku: "B".into(), quantity: 3 };
        for (more, was, by_itself) in [
            ("", Was::NotTold, None),
            (",\"from\":null,\"automatic\":true", Was::Unmapped, Some(true)),
            (",\"from\":{\"sku\":\"B\",\"quantity\":3},\"automatic\":false", this, Some(false)),
        ] {
            let text = of(more);
            let body: EventBody = serde_json::from_str(&text).unwrap();
            let EventBody::ListingChanged { from, automatic, .. } = &body else { panic!("{body:?}") };
            assert_eq!((from, *automatic), (&was, by_itself));
            assert_eq!(
                serde_json::to_string(&body).unwrap(),
                text,
                "older events stay as they are, to the byte"
            );
        }
    }
}
