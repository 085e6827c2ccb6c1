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
    /// Its stock is the marketplace's own affair: goods in its warehouses, a kit whose stock it reckons from other listings.
    Theirs,
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

/// A figure that was sent, or may have been, and that nobody answered: it may still arrive, over a newer one (E2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unanswered {
    /// The figure; `None` where whoever sent it could not say (a worker that died): any may arrive.
    pub quantity: Option<Quantity>,
    /// When it was given up. Ledger clock.
    pub at: Millis,
}

/// How long after it was given up a write of a known figure counts as a late one if that figure is seen, in milliseconds.
pub const LATE_MS: Millis = 15 * 60_000;
/// The same for a write whose figure nobody knows: shorter, as any figure is taken for it. For so long the listing is also
/// looked at again every 30 seconds.
pub const LATE_ANY_MS: Millis = 2 * 60_000;
/// Unanswered writes that are remembered of one listing; the oldest is forgotten first.
pub const UNANSWERED_MAX: usize = 8;

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
    /// When; to a minute where nothing was new.
    pub seen_at: Option<Millis>,
    /// Units that a campaign or promotion put aside there.
    pub promotion_reserved: Quantity,
    /// Units that buyers took there (less cancelled ones) since the last acknowledged push: it has deducted them itself.
    pub sold_there: Quantity,
    /// Buyers took units at about the time when the last figure arrived, and marketplaces tell the second: nobody knows whether
    /// that figure was written over them.
    #[serde(default, skip_serializing_if = "crate::quantity::is_default")]
    pub unsure: bool,
    /// How fast it sells there.
    #[serde(default)]
    pub sales: Sales,
    /// Writes that may still arrive, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<Unanswered>,
    /// A figure that we did not put there.
    pub edit: Option<EditWindow>,
    /// The last such figure that was decided.
    #[serde(default)]
    pub settled: Option<SettledEdit>,
    /// How the last write failed, while it has not succeeded since; or why its stock is theirs to keep.
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

    /// Whether what stands there is in doubt: something was sent since the last acknowledged push, and nobody answered, or
    /// buyers took units just then. No figure counts as told already.
    #[must_use]
    pub fn in_doubt(&self) -> bool {
        self.unsure || self.unanswered.iter().any(|write| self.pushed_at.is_none_or(|at| write.at >= at))
    }

    /// Until when it is looked at again and again because a write may still arrive. Ledger clock.
    #[must_use]
    pub fn watched_until(&self) -> Option<Millis> {
        self.unanswered.iter().map(|write| write.at + LATE_ANY_MS).max()
    }

    /// Remembers a write without an answer; the same figure once.
    pub(crate) fn remember(&mut self, quantity: Option<Quantity>, at: Millis) {
        self.unanswered.retain(|write| write.quantity != quantity);
        self.unanswered.push(Unanswered { quantity, at });
        if self.unanswered.len() > UNANSWERED_MAX {
            self.unanswered.remove(0);
        }
    }

    /// Forgets writes that cannot arrive any more. Only once something was acknowledged after them.
    pub(crate) fn forget_unanswered(&mut self, now: Millis) {
        self.unanswered.retain(|write| now - write.at < LATE_MS);
    }
}
