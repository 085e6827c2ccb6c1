//! What a shop sells.

use serde::{Deserialize, Serialize};

use super::Millis;

/// One page of a shop: a product with its variations, or without any, in which case it has exactly one variant.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) title: String,
    /// The seller's code of the whole item; for an item without variations it is that of the variant.
    pub(crate) seller_sku: String,
    /// What the variations differ in ("Colour", "Size"); empty when there are none.
    pub(crate) axes: Vec<String>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) status: ItemStatus,
    /// Where the marketplace keeps its stock itself; only Shopee's dialect tells of it.
    pub(crate) kept: Option<Kept>,
    pub(crate) created: Millis,
    /// The last change of the item itself: a change of stock is none.
    pub(crate) updated: Millis,
}

impl Item {
    pub(crate) fn has_variations(&self) -> bool {
        !self.axes.is_empty()
    }

    pub(crate) fn variant(&self, id: u64) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }
}

/// Whether buyers see an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ItemStatus {
    Live,
    Delisted,
    Deleted,
}

/// Why an integrator cannot set an item's stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kept {
    /// A bundle on paper: its stock follows from its parts.
    Kit,
    /// It lies in a warehouse of the marketplace.
    Warehouse,
}

/// What buyers put into their carts. Its id is never 0; a dialect that has none for an item without variations hides it.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    pub(crate) id: u64,
    pub(crate) seller_sku: String,
    /// One value for each axis of the item.
    pub(crate) options: Vec<String>,
    /// In the smallest unit of the shop's currency.
    pub(crate) price: i64,
    /// What buyers can order now. Never below 0.
    pub(crate) stock: i64,
    /// How much of the stock a promotion has taken aside: the seller may not set the stock below it.
    pub(crate) reserved: i64,
    /// How much may be ordered beyond the stock; only TikTok Shop's dialect sets it.
    pub(crate) backorder: i64,
    /// Ordered and not paid (Lazada: withhold).
    pub(crate) unpaid: i64,
    /// Paid and not handed over (Lazada: occupy; TikTok Shop counts both as committed).
    pub(crate) paid: i64,
    /// What it was listed with.
    pub(crate) listed: i64,
    pub(crate) pushes: u64,
    /// The last values of the stock, at least a thousand of them.
    pub(crate) history: Vec<StockChange>,
    /// Units that buyers ordered, and those of them that were cancelled.
    pub(crate) ordered: i64,
    pub(crate) cancelled: i64,
}

/// One value of a listing's stock.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct StockChange {
    pub(crate) at: Millis,
    /// The stock after the change.
    pub(crate) value: i64,
    pub(crate) cause: Cause,
}

/// Why a listing's stock changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// The item was put on the market.
    Listed,
    /// An integrator set it.
    Push,
    /// A buyer ordered.
    Sale,
    /// An order, or a part of it, was cancelled.
    Cancel,
    /// The seller set it in the seller's centre.
    SellerEdit,
    /// A campaign took or returned units.
    Campaign,
}
