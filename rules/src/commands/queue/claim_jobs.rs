//! Jobs are claimed.

use crate::command::Context;
use crate::id::JobId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Claims those of the named jobs that are still ready and due; each claim raises the lease number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimJobs {
    /// A random number that a process makes at its start.
    pub owner: u128,
    /// How long the lease lasts without a heartbeat, in milliseconds.
    pub lease_ms: Millis,
    /// Which, as the scheduler chose them.
    pub jobs: Vec<JobId>,
}

impl ClaimJobs {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
