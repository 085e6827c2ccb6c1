//! Listings: what a shop sells, which SKU that is, and what the shop was told.

use serde::{Deserialize, Serialize};

use crate::id::{ListingId, ShopId, SkuId};
use crate::publish::{PublishRule, Sales};
use crate::quantity::{Millis, Quantity};

/// Whether it can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingState {
    /// It can.
    Active,
    /// The marketplace does not know it any more.
    Gone,
}

/// Whose stock it sells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// The SKU; may be a bundle.
    pub sku: SkuId,
    /// Units of the SKU in one unit of the listing, at least 1: a multipack has more.
    pub quantity: Quantity,
    /// Made by an exact and unique seller SKU, and not by a person.
    pub automatic: bool,
}

/// A figure on the marketplace that we did not put there (`ledger.md` §9.3). While it stands, pushes that would raise
/// the figure above `seen` are held back; pushes that lower it go out and end the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditWindow {
    /// What was seen.
    pub seen: Quantity,
    /// What should have been there.
    pub expected: Quantity,
    /// When this figure was first seen.
    pub since: Millis,
    /// When the first of a series of changing figures was seen: the series may last 15 minutes at most.
    pub first_since: Millis,
    /// How often it was seen.
    pub reads: u32,
    /// When it was last seen.
    pub last_read: Millis,
    /// The push generation at that time.
    pub generation: i64,
    /// Nobody may decide it but a person.
    pub escalated: bool,
}

/// A figure of the seller's that was decided: he may have set another listing of the SKU to it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledEdit {
    /// What was seen.
    pub seen: Quantity,
    /// When it was first seen. Ledger clock.
    pub since: Millis,
}

/// One sellable variation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Which.
    pub id: ListingId,
    /// Where.
    pub shop: ShopId,
    /// The marketplace's ids.
    pub item: String,
    /// The marketplace's ids.
    pub variant: String,
    /// What the seller calls it there.
    pub seller_sku: String,
    /// Text of strangers.
    pub title: String,
    /// The marketplace's places of stock, for writing.
    pub warehouses: Vec<String>,
    /// Listings with the same unit are written together: the item on Shopee, the product on TikTok, a group of up to
    /// twenty on Lazada.
    pub unit: String,
    /// Whether it can be written.
    pub state: ListingState,
    /// Whose stock it sells; `None` while nobody has said so. Its figure is then never touched.
    pub mapping: Option<Mapping>,
    /// A person took the mapping away: it is not mapped by itself again.
    pub hands_off: bool,
    /// Instead of the shop's rule.
    pub rule: Option<PublishRule>,
    /// Rises with each change that may concern what is published (Q11).
    pub desired: i64,
    /// The `desired` that the last acknowledged push was made from. Less than `desired`: dirty.
    pub acked: i64,
    /// What the last acknowledged push said.
    pub pushed: Option<Quantity>,
    /// When.
    pub pushed_at: Option<Millis>,
    /// What the acknowledged push before it said: legitimately visible for a while after an acknowledgement.
    pub pushed_before: Option<Quantity>,
    /// Ledger clock of the oldest change that no push has told yet; 0 when it is clean.
    pub dirty_since: Millis,
    /// What was last read there.
    pub seen: Option<Quantity>,
    /// When.
    pub seen_at: Option<Millis>,
    /// Units that a campaign or promotion put aside there.
    pub promotion_reserved: Quantity,
    /// Units that buyers took there (less cancelled ones) since the last acknowledged push: it has deducted them itself.
    pub sold_there: Quantity,
    /// How fast it sells there.
    #[serde(default)]
    pub sales: Sales,
    /// A figure that we did not put there.
    pub edit: Option<EditWindow>,
    /// The last such figure that was decided.
    #[serde(default)]
    pub settled: Option<SettledEdit>,
    /// How the last write failed, while it has not succeeded since.
    pub trouble: Option<String>,
    /// Rises by one with each change.
    pub version: i64,
    /// Ledger clock.
    pub created_at: Millis,
    /// Ledger clock.
    pub updated_at: Millis,
}

impl Listing {
    /// Whether the marketplace must be told something.
    #[must_use]
    pub fn dirty(&self) -> bool {
        self.mapping.is_some() && self.state == ListingState::Active && self.acked < self.desired
    }
}
