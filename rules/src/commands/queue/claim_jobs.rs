//! Jobs are claimed.

use crate::command::Context;
use crate::id::JobId;
use crate::job::{Job, JobState, Lease};
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
        let lease = |id: &JobId| claim(scope, context, *id, self.owner, self.lease_ms);
        Ok(Receipt::Claimed { jobs: self.jobs.iter().filter_map(lease).collect() })
    }
}

/// Leases a job that is ready and due. `None`: somebody else was first, or it was put off meanwhile.
pub(crate) fn claim(
    scope: &mut Scope<'_>,
    context: &Context,
    id: JobId,
    owner: u128,
    lease_ms: Millis,
) -> Option<Job> {
    let ready = |job: &&Job| job.state == JobState::Ready && job.run_at <= context.now;
    let mut job = scope.job(&id).filter(ready)?.clone();
    job.state = JobState::Running;
    job.lease_number += 1;
    job.again = false;
    job.lease = Some(Lease {
        owner,
        until: context.now + lease_ms,
        deadline: context.now + job.body.deadline_ms(),
        since: context.now,
    });
    scope.put_job(id, job.clone());
    Some(job)
}
