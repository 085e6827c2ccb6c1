//! Jobs are given up.

use crate::command::Context;
use crate::id::JobId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Takes waiting jobs out of the queue. Running ones lose their lease: what they report counts for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelJobs {
    /// Which.
    pub jobs: Vec<JobId>,
    /// Why; kept with them.
    pub reason: String,
}

impl CancelJobs {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
