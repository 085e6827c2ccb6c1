//! Jobs are given up.

use crate::command::Context;
use crate::ending::leave;
use crate::id::JobId;
use crate::job::DoneJob;
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
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.jobs.extend(&self.jobs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut stale = Vec::new();
        for id in &self.jobs {
            let Some(job) = scope.job(id).cloned() else {
                stale.push(*id);
                continue;
            };
            leave(scope, &job);
            let outcome = format!("cancelled: {}", self.reason);
            scope.push_done(DoneJob { job, ended_at: context.now, outcome });
        }
        Ok(Receipt::Jobs { stale, dead: Vec::new() })
    }
}
