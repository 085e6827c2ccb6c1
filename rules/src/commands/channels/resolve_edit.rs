//! A person decides about a seller's edit.

use super::edits::{needs_of_edit, settle};
use crate::command::Context;
use crate::id::ListingId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::EditPolicy;
use crate::working::{Needs, Scope, Working};

/// Adopts, caps or rejects a figure that stands in its window, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveEdit {
    /// Which.
    pub listing: ListingId,
    /// What becomes of it.
    pub policy: EditPolicy,
}

impl ResolveEdit {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        super::needs_of_listing(self.listing, seen, needs);
        if let Some(listing) = super::loaded_listing(seen, self.listing) {
            needs_of_edit(listing, seen, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut listing = super::listing_of(scope, self.listing)?;
        let Some(edit) = listing.edit.clone() else {
            return Err(Refusal::NotFound {
                what: "open edit of listing".into(),
                id: self.listing.0.to_string(),
            });
        };
        settle(scope, context, &mut listing, &edit, self.policy, true);
        let changed = listing.edit.is_none();
        let version = super::put(scope, context, listing);
        Ok(Receipt::Kept { version, changed })
    }
}
