//! Finished jobs are forgotten.

use crate::command::Context;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Forgets jobs that were finished before a time (a week ago by default), at most 1,000 a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeDone {
    /// Ledger clock.
    pub before: Millis,
}

impl PurgeDone {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.before > context.now {
            return Err(Refusal::OutOfRange);
        }
        scope.purge_done(self.before);
        Ok(Receipt::Kept { version: 0, changed: true })
    }
}
