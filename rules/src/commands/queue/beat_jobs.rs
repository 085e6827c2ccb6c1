//! Leases are renewed.

use crate::command::Context;
use crate::id::JobId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Renews leases. A job past its deadline is not renewed: it comes back as stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BeatJobs {
    /// Whose they are.
    pub owner: u128,
    /// Jobs and lease numbers.
    pub jobs: Vec<(JobId, i64)>,
    /// How long from now, in milliseconds.
    pub lease_ms: Millis,
}

impl BeatJobs {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
