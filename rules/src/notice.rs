//! Notices: what a person should know or do. One row for each thing, however often it happens.

use serde::{Deserialize, Serialize};

use crate::id::ShopId;
use crate::notice_body::NoticeBody;
use crate::quantity::Millis;

/// What about. The list of `docs/notices.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A shop must be authorised again; its jobs wait.
    ShopDisconnected,
    /// A grant ends within seven days.
    GrantEnds,
    /// Nothing was heard from a shop for too long.
    ShopStale,
    /// Webhooks stopped although orders come.
    WebhooksSilent,
    /// A shop's breaker is open.
    ShopFailing,
    /// A shop has been throttled for ten minutes.
    ShopThrottled,
    /// A job used up its attempts.
    RetriesExhausted,
    /// More was promised than there is.
    Shortfall,
    /// A marketplace shows what we did not tell it.
    Drift,
    /// A seller's edit is too large, or of two shops at once: a person decides.
    EditEscalated,
    /// An order line names a listing that nobody has mapped.
    Unmapped,
    /// An order could not be applied wholly.
    OrderTrouble,
    /// A listing cannot be written.
    ListingTrouble,
    /// Available fell to the SKU's threshold.
    LowStock,
    /// A status that nobody knows.
    UnknownStatus,
    /// Goods come back: somebody decides what may be sold again.
    ReturnReceived,
    /// Their clock and ours differ by more than the marketplace allows.
    ClockSkew,
    /// A buyer wants to cancel; a marketplace decides by itself when nobody answers in time.
    CancelRequested,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// `kind:subject`: the same thing again is the same notice.
    pub key: String,
    /// What about.
    pub kind: NoticeKind,
    /// The id or code of what it is about.
    pub subject: String,
    /// Where, if it is about a shop.
    pub shop: Option<ShopId>,
    /// For people who read English: what happened, and what to do.
    pub text: String,
    /// The same for everybody else. Nothing in rows of builds that had only the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<NoticeBody>,
    /// Whether it is still so.
    pub open: bool,
    /// How often it happened while open.
    pub count: i64,
    /// Ledger clock: when it was opened last.
    pub first_at: Millis,
    /// Ledger clock: when it happened last.
    pub last_at: Millis,
    /// When a person said that he has seen it.
    pub seen_at: Option<Millis>,
    /// What people have done with it since it was opened.
    #[serde(default, skip_serializing_if = "Care::is_none")]
    pub care: Care,
    /// Rises by one with each change.
    pub version: i64,
}

/// What people have done with a notice. It says nothing about whether the thing is still so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Care {
    /// Who looks after it: a name or an address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Ledger clock: out of sight until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Millis>,
    /// What was found or done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Care {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Notice {
    /// Whether a person wants to see it now.
    #[must_use]
    pub fn is_awake(&self, now: Millis) -> bool {
        self.care.snoozed_until.is_none_or(|until| until <= now)
    }

    /// The key of a kind and subject.
    #[must_use]
    pub fn key(kind: NoticeKind, subject: &str) -> String {
        let name = kind_name(kind);
        format!("{name}:{subject}")
    }
}

/// The stable name of a kind.
#[must_use]
pub fn kind_name(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::ShopDisconnected => "shop_disconnected",
        NoticeKind::GrantEnds => "grant_ends",
        NoticeKind::ShopStale => "shop_stale",
        NoticeKind::WebhooksSilent => "webhooks_silent",
        NoticeKind::ShopFailing => "shop_failing",
        NoticeKind::ShopThrottled => "shop_throttled",
        NoticeKind::RetriesExhausted => "retries_exhausted",
        NoticeKind::Shortfall => "shortfall",
        NoticeKind::Drift => "drift",
        NoticeKind::EditEscalated => "edit_escalated",
        NoticeKind::Unmapped => "unmapped",
        NoticeKind::OrderTrouble => "order_trouble",
        NoticeKind::ListingTrouble => "listing_trouble",
        NoticeKind::LowStock => "low_stock",
        NoticeKind::UnknownStatus => "unknown_status",
        NoticeKind::ReturnReceived => "return_received",
        NoticeKind::ClockSkew => "clock_skew",
        NoticeKind::CancelRequested => "cancel_requested",
    }
}
