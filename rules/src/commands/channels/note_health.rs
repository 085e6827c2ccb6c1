//! A shop answered, or did not.

use crate::command::Context;
use crate::id::ShopId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps signs of life and the circuit breaker: five server or network failures in a row open it for 30 s, then twice as
/// long each time up to 15 minutes; a good answer closes it. A good answer within ten seconds of the last one changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteHealth {
    /// Which.
    pub shop: ShopId,
    /// A good answer (`true`) or a server or network failure (`false`); `None`: neither.
    pub answered: Option<bool>,
    /// A webhook came.
    pub webhook: bool,
    /// Their clock minus ours, milliseconds, if it was measured.
    pub clock_offset: Option<Millis>,
}

impl NoteHealth {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
