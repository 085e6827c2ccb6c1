//! Listings were read from a shop.

use crate::command::Context;
use crate::id::ShopId;
use crate::quantity::Quantity;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Takes listings in. A new one whose seller SKU is exactly the code of one SKU of ours, and which no other listing of the
/// shop bears, is mapped by itself; everything else waits for a person. Nothing is created silently (pain 22).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeListings {
    /// Where.
    pub shop: ShopId,
    /// At most 500.
    pub listings: Vec<SeenListing>,
}

/// One listing as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenListing {
    /// Their ids.
    pub item: String,
    /// Their ids.
    pub variant: String,
    /// May be empty, and may be used more than once.
    pub seller_sku: String,
    /// Text of strangers.
    pub title: String,
    /// Their places of stock.
    pub warehouses: Vec<String>,
    /// What is written together; empty: in groups of twenty, as they come.
    pub unit: String,
    /// What buyers can take there.
    pub stock: Quantity,
    /// Put aside by a campaign.
    pub promotion_reserved: Quantity,
}

impl TakeListings {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
