//! A person has seen a notice.

use crate::command::Context;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Notes that somebody has seen it; it stays open while it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeeNotice {
    /// Its key.
    pub key: String,
}

impl SeeNotice {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
