//! A person says what a listing sells.

use crate::command::Context;
use crate::id::ListingId;
use crate::quantity::Quantity;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Maps a listing to a SKU and a number of units, or takes the mapping away. Marks it dirty, and fetches the orders that
/// waited for it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapListing {
    /// Which.
    pub listing: ListingId,
    /// The version that the caller saw.
    pub expected_version: Option<i64>,
    /// SKU code and units of it in one unit of the listing; `None` unmaps it.
    pub to: Option<(String, Quantity)>,
}

impl MapListing {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
