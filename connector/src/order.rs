//! Orders as marketplaces tell them.

use serde::{Deserialize, Serialize};

use crate::stock::ListingKey;

/// The four states that matter to stock (`decisions.md`, Words; `comparison.md` §2). Ordered by rank: a later state is
/// never left for an earlier one, and `Cancelled` is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoteStatus {
    /// Placed, not paid, or not yet to be shipped: stock is held.
    Pending,
    /// Paid or cash on delivery accepted; the goods are still here.
    Confirmed,
    /// The goods have left.
    Shipped,
    /// Over before shipping.
    Cancelled,
}

/// What stands beside the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StatusFlags {
    /// Whether the buyer asked to cancel and nobody has decided; `None` when the answer does not say.
    pub cancel_requested: Option<bool>,
    /// The marketplace holds it back for a while.
    pub on_hold: bool,
    /// Some parcels have left.
    pub partially_shipped: bool,
    /// It has reached the buyer.
    pub completed: bool,
    /// Something is coming or has come back: people decide what becomes of it.
    pub returning: bool,
    /// Lost or damaged on the way.
    pub lost: bool,
}

/// One line: so many units of one listing in one state. Lazada's and TikTok's items of one unit are summed by listing
/// and status by the connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteLine {
    /// Their ids of the line's items, sorted; for shipping and cancelling. Identify the line.
    pub ids: Vec<String>,
    /// What was bought. The item may have been deleted since.
    pub listing: ListingKey,
    /// As the order shows it: for mapping when the listing is unknown.
    pub seller_sku: String,
    /// As the order shows it.
    pub title: String,
    /// Units bought, including `cancelled`.
    pub quantity: i64,
    /// Of these, units that were cancelled.
    pub cancelled: i64,
    /// State of the line. On Shopee and TikTok that of the order.
    pub status: RemoteStatus,
    /// Price of one unit in minor units of the currency, if known.
    pub unit_minor: Option<i64>,
}

/// An order as fetched: the fact, of which a webhook is only a hint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteOrder {
    /// Shopee `order_sn`, TikTok `id`, Lazada `order_id`.
    pub reference: String,
    /// Lines in a stable order.
    pub lines: Vec<RemoteLine>,
    /// The whole order: all lines cancelled → `Cancelled`, else the least advanced of the others.
    pub status: RemoteStatus,
    /// Their word, for people and for words that we do not know.
    pub raw_status: String,
    /// Whether `raw_status` is known. An unknown one keeps the former state and raises a notice.
    pub known_status: bool,
    /// Beside the status.
    pub flags: StatusFlags,
    /// Milliseconds since 1970, their clock.
    pub created_at: i64,
    /// Their version of the order: milliseconds since 1970 of its last change.
    pub updated_at: i64,
    /// ISO 4217, if known.
    pub currency: Option<String>,
    /// When they cancel an unpaid order by themselves, if they say.
    pub pay_before: Option<i64>,
    /// When it must be shipped, if they say.
    pub ship_before: Option<i64>,
}

/// Which orders to list: changed from `since` until before `until`, both in milliseconds. The connector cuts it into
/// the windows that its marketplace allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderWindow {
    /// From, inclusive.
    pub since: i64,
    /// Until, exclusive.
    pub until: i64,
}

/// One page of references of changed orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPage {
    /// References, perhaps repeated.
    pub references: Vec<String>,
    /// For the next page of the same window; `None` at the end.
    pub next: Option<String>,
}

/// A return that the marketplace tells of. Only people decide what may be sold again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteReturn {
    /// Their id.
    pub id: String,
    /// The order.
    pub reference: String,
    /// What comes back.
    pub lines: Vec<(ListingKey, i64)>,
    /// Their word.
    pub raw_status: String,
    /// Whether the parcel has arrived here.
    pub received: bool,
    /// Milliseconds since 1970.
    pub updated_at: i64,
}

/// Tell the marketplace that goods leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// The order.
    pub reference: String,
    /// [`RemoteLine::ids`] of what leaves; empty means all.
    pub line_ids: Vec<String>,
    /// Carrier as the marketplace knows it, where it asks.
    pub carrier: Option<String>,
    /// Tracking number, where the seller has one.
    pub tracking: Option<String>,
}
