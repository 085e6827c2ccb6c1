//! Jobs are put into the queue.

use crate::command::Context;
use crate::job::NewJob;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Puts jobs into the queue. A job whose key ([`crate::JobBody::dedupe`]) is there already is not added: waiting, it takes the
/// earlier `run_at` and the better class; running, it is marked to run again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnqueueJobs {
    /// At most 1,000.
    pub jobs: Vec<NewJob>,
}

impl EnqueueJobs {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
