//! Leases are renewed.

use crate::command::Context;
use crate::id::JobId;
use crate::job::JobState;
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
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.jobs.extend(self.jobs.iter().map(|(id, _)| id));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut stale = Vec::new();
        for (id, number) in &self.jobs {
            let mine =
                scope.job(id).filter(|job| job.state == JobState::Running && job.lease_number == *number);
            let Some((mut job, mut lease)) =
                mine.cloned().and_then(|job| job.lease.map(|lease| (job, lease)))
            else {
                stale.push(*id);
                continue;
            };
            // A handler that hangs keeps beating: its deadline ends it all the same (Q3).
            if lease.owner != self.owner || lease.deadline <= context.now {
                stale.push(*id);
                continue;
            }
            lease.until = context.now + self.lease_ms;
            job.lease = Some(lease);
            scope.put_job(*id, job);
        }
        Ok(Receipt::Jobs { stale, dead: Vec::new() })
    }
}
