//! Listings and their stock.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// One sellable variation on a marketplace. Ids are kept as text: they come as numbers and as strings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ListingKey {
    /// Shopee `item_id`, TikTok `product_id`, Lazada `ItemId`.
    pub item: String,
    /// Shopee `model_id` (`0` for an item without models), TikTok `sku_id`, Lazada `SkuId`.
    pub variant: String,
}

/// A listing as the marketplace shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteListing {
    /// Which.
    pub key: ListingKey,
    /// What the seller calls it; empty when he gave no code. May be used more than once.
    pub seller_sku: String,
    /// Title of the item, with the names of the variation after it. Text of strangers: never trusted as HTML.
    pub title: String,
    /// Stock that buyers can take, in the quantity that [`PushItem`] writes.
    pub stock: i64,
    /// Units that a campaign or promotion has put aside: a write below them is refused. `None` where the answer does not
    /// say.
    pub promotion_reserved: Option<i64>,
    /// Why its stock is not ours to write, in a sentence for people, if it is not: a kit, goods in the marketplace's own
    /// warehouses.
    pub theirs: Option<String>,
    /// Whether buyers can see it. Hidden listings are kept true as well.
    pub active: bool,
    /// Where the stock is kept on their side (TikTok's warehouse ids, Shopee's location ids), needed for writing.
    pub warehouses: Vec<String>,
    /// Last change in milliseconds since 1970, if they say.
    pub updated_at: Option<i64>,
}

/// One page of listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingPage {
    /// The listings, variations flattened.
    pub listings: Vec<RemoteListing>,
    /// What to pass for the next page; `None` at the end.
    pub next: Option<String>,
    /// How many items there are in all, if they say; for a progress bar.
    pub total: Option<u64>,
}

/// Set the stock of one listing to `quantity`. Absolute, so a retry is harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushItem {
    /// Which.
    pub key: ListingKey,
    /// Lazada's write names the seller's code beside the ids.
    pub seller_sku: String,
    /// As it was imported.
    pub warehouses: Vec<String>,
    /// New stock, 0 and more; at most [`crate::Facts::quantity_max`].
    pub quantity: i64,
}

/// How one item of a write ended. A write answers for every item that it was given, in order.
pub type ItemOutcome = Result<(), Failure>;

/// What a marketplace shows for one listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockSeen {
    /// Which.
    pub key: ListingKey,
    /// Stock that buyers can take, or why it cannot be read (gone).
    pub stock: Result<i64, Failure>,
    /// Units put aside by a campaign or promotion.
    pub promotion_reserved: i64,
}
