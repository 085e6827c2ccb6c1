//! Orders as marketplaces tell them, beside the orders of ours that they became.

use serde::{Deserialize, Serialize};

use crate::id::{JobId, ListingId, OrderId, ShopId};
use crate::quantity::{Millis, Quantity};
use crate::refusal::Refusal;

/// The four states that matter to stock, by rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketStatus {
    /// Placed, not paid, or not yet to be shipped: stock is held.
    Pending,
    /// Paid or cash on delivery accepted; the goods are still here.
    Confirmed,
    /// The goods have left.
    Shipped,
    /// Over before shipping.
    Cancelled,
}

/// One line as fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketLine {
    /// Their ids of the line's items.
    pub ids: Vec<String>,
    /// Their ids of the listing.
    pub item: String,
    /// Their ids of the listing.
    pub variant: String,
    /// As the order shows it.
    pub seller_sku: String,
    /// As the order shows it. Text of strangers.
    pub title: String,
    /// Units of the listing, including `cancelled`.
    pub quantity: Quantity,
    /// Of these, cancelled.
    pub cancelled: Quantity,
    /// Where it stands.
    pub status: MarketStatus,
    /// Price of one unit in minor units.
    pub unit_minor: Option<i64>,
}

/// An order as fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketSnapshot {
    /// Lines in a stable order.
    pub lines: Vec<MarketLine>,
    /// The whole.
    pub status: MarketStatus,
    /// Their word.
    pub raw_status: String,
    /// Whether we know that word. If not, the former state is kept and a notice raised.
    pub known_status: bool,
    /// Whether the buyer asked to cancel and nobody has decided. `None`: this news does not say, and what was known stays.
    pub cancel_requested: Option<bool>,
    /// Their version: milliseconds of the last change there.
    pub updated_at: Millis,
    /// Milliseconds.
    pub created_at: Millis,
    /// ISO 4217.
    pub currency: Option<String>,
    /// It has reached the buyer.
    pub completed: bool,
    /// Something is coming or has come back.
    pub returning: bool,
}

/// What became of one line: a line of an order of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedLine {
    /// Their ids of the listing.
    pub item: String,
    /// Their ids of the listing.
    pub variant: String,
    /// The listing at the time.
    pub listing: ListingId,
    /// Order of ours.
    pub order: OrderId,
    /// Number of the line in it.
    pub line: i32,
    /// Units of the listing that were applied, including `cancelled`.
    pub quantity: Quantity,
    /// Units of the SKU in one unit of the listing at the time.
    pub per_unit: Quantity,
    /// Units of the listing given back so far.
    pub cancelled: Quantity,
    /// Units of the listing shipped so far.
    pub shipped: Quantity,
}

/// Whether everything was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketOrderState {
    /// All lines have taken their stock.
    Applied,
    /// A line names a listing that nobody has mapped: it waits and continues by itself.
    WaitsForMapping,
    /// A step could not be done (goods shipped there that we do not have): a person must look.
    NeedsAttention,
}

/// An order of a marketplace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketOrder {
    /// Where.
    pub shop: ShopId,
    /// The marketplace's number of it.
    pub reference: String,
    /// Whether everything was applied.
    pub state: MarketOrderState,
    /// As last fetched and believed.
    pub snapshot: MarketSnapshot,
    /// What became of its lines.
    pub applied: Vec<AppliedLine>,
    /// Listings (item, variant) that must be mapped before the rest can be applied; empty unless `state` says so.
    pub waits_for: Vec<(String, String)>,
    /// Why a person must look, for people who read English.
    pub trouble: Option<String>,
    /// The same for everybody else. Nothing in rows of builds that had only the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Older news that was ignored.
    pub stale_news: u32,
    /// The job that last changed it.
    pub job: Option<JobId>,
    /// Rises by one with each change.
    pub version: i64,
    /// Ledger clock: when we first heard of it.
    pub received_at: Millis,
    /// Ledger clock.
    pub updated_at: Millis,
}

impl MarketOrder {
    /// Keeps why a step could not be done; nothing when all were.
    pub(crate) fn set_trouble(&mut self, refusal: Option<Refusal>) {
        self.trouble = refusal.as_ref().map(Refusal::to_string);
        self.refusal = refusal;
    }

    /// How the reference of our order begins: orders of two shops of one marketplace may share numbers.
    #[must_use]
    pub fn order_reference(shop_code: &str, reference: &str, part: usize) -> String {
        if part == 0 {
            format!("{shop_code}/{reference}")
        } else {
            format!("{shop_code}/{reference}#{}", part + 1)
        }
    }
}
