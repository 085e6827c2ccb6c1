//! Dead jobs are given up for good.

use crate::command::Context;
use crate::id::JobId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Marks dead jobs as given up. They stay to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscardDead {
    /// Which.
    pub dead: Vec<JobId>,
    /// Why.
    pub reason: String,
}

impl DiscardDead {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
