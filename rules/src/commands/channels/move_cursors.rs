//! What a shop told was taken in up to a point.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::shop::ShopCursors;
use crate::working::{Needs, Scope, Working};

/// Moves cursors forward; never back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveCursors {
    /// Whose.
    pub shop: ShopId,
    /// Fields of 0 stay as they are. `swept` is set as it is given when `swept_at` is not 0.
    pub cursors: ShopCursors,
}

impl MoveCursors {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
