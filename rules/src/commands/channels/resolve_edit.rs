//! A person decides about a seller's edit.

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
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
