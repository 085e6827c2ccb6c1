//! Lost leases are taken back.

use crate::command::Context;
use crate::id::JobId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Puts jobs whose lease or deadline has passed back into the queue, as an attempt that crashed; after three crashes they
/// are dead (poison). A contender like any other: the lease number must still be the one that was seen (Q4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueJobs {
    /// Jobs and the lease numbers that were seen.
    pub jobs: Vec<(JobId, i64)>,
}

impl RescueJobs {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
