//! The figures of a shop were read.

use crate::command::Context;
use crate::id::{ListingId, ShopId};
use crate::quantity::Quantity;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Compares what a marketplace shows with what it should show, and leads each listing through the window for sellers' edits
/// (`ledger.md` §9.3): a figure that is not expected is suspected, stands five minutes, is seen at least twice, and only then
/// becomes a change of stock, by difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSeen {
    /// Where.
    pub shop: ShopId,
    /// What was seen.
    pub seen: Vec<SeenStock>,
    /// Whether all orders up to now were fetched before: without that, no figure becomes an edit.
    pub orders_until_now: bool,
}

/// What was seen of one listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenStock {
    /// Which.
    pub listing: ListingId,
    /// [`crate::Listing::acked`] when it was read: a push in between makes the reading worthless.
    pub acked: i64,
    /// What buyers can take; `None`: it is gone.
    pub stock: Option<Quantity>,
    /// Put aside by a campaign.
    pub promotion_reserved: Quantity,
}

impl RecordSeen {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
