//! A token was refreshed.

use crate::command::Context;
use crate::id::ShopId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps a new grant before it is used. Only if it was made from the one that is there: of two refreshers one wins (H4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewGrant {
    /// Whose.
    pub shop: ShopId,
    /// [`crate::Shop::grant_number`] that it was made from.
    pub from_number: i64,
    /// The encrypted grant.
    pub grant: String,
    /// When the access token ends.
    pub access_until: Millis,
    /// When the refresh token ends, if known.
    pub refresh_until: Option<Millis>,
    /// When the owner must consent again, if known.
    pub grant_until: Option<Millis>,
}

impl RenewGrant {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
