//! Jobs are claimed.

use crate::command::Context;
use crate::id::JobId;
use crate::job::{JobState, Lease};
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
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.jobs.extend(&self.jobs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut leases = Vec::with_capacity(self.jobs.len());
        for id in &self.jobs {
            let Some(mut job) = scope.job(id).cloned() else { continue };
            // Somebody else was first, or it was put off meanwhile.
            if job.state != JobState::Ready || job.run_at > context.now {
                continue;
            }
            job.state = JobState::Running;
            job.lease_number += 1;
            job.again = false;
            job.lease = Some(Lease {
                owner: self.owner,
                until: context.now + self.lease_ms,
                deadline: context.now + job.body.deadline_ms(),
                since: context.now,
            });
            leases.push((*id, job.lease_number));
            scope.put_job(*id, job);
        }
        Ok(Receipt::Claimed { leases })
    }
}
