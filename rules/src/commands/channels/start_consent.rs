//! Somebody goes to a consent page.

use crate::command::Context;
use crate::id::ShopId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Remembers a `state` that must come back with the callback, once, within ten minutes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartConsent {
    /// Made by the engine from 256 bits of chance.
    pub state: String,
    /// Which marketplace.
    pub channel: String,
    /// A shop that is to be authorised again.
    pub shop: Option<ShopId>,
}

impl StartConsent {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
