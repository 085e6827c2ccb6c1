//! A marketplace said: fewer requests.

use crate::command::Context;
use crate::id::ShopId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Blocks a bucket: 5, 10, 30, 30… seconds or what the marketplace says (15 minutes at most), and raises a notice after ten
/// minutes. `lift` ends the series after a good answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockBucket {
    /// Whose.
    pub shop: ShopId,
    /// Which.
    pub endpoint: String,
    /// What the marketplace says, in milliseconds.
    pub retry_after_ms: Option<Millis>,
    /// The marketplace answers again.
    pub lift: bool,
}

impl BlockBucket {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
