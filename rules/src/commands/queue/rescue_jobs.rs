//! Lost leases are taken back.

use crate::command::Context;
use crate::ending::{CRASHED, Ended, fail, needs_of_end};
use crate::id::JobId;
use crate::job::{JobFailure, JobState};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::retry::{FailureClass, Spent};
use crate::working::{Needs, Scope, Working};

/// Puts jobs whose lease or deadline has passed back into the queue, as an attempt that crashed; after three crashes they
/// are dead (poison). A contender like any other: the lease number must still be the one that was seen (Q4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RescueJobs {
    /// Jobs and the lease numbers that were seen.
    pub jobs: Vec<(JobId, i64)>,
}

impl RescueJobs {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        for (id, _) in &self.jobs {
            needs_of_end(*id, None, seen, needs);
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let (mut stale, mut dead) = (Vec::new(), Vec::new());
        for (id, number) in &self.jobs {
            let job =
                scope.job(id).filter(|job| job.state == JobState::Running && job.lease_number == *number);
            let lost = job.filter(|job| {
                job.lease.is_none_or(|lease| lease.until <= context.now || lease.deadline <= context.now)
            });
            let Some(job) = lost.cloned() else {
                stale.push(*id);
                continue;
            };
            let hung = job.lease.is_some_and(|lease| lease.deadline <= context.now);
            let what = if hung { "passed its deadline" } else { "went away without a word" };
            let failure = JobFailure {
                class: FailureClass::Crash,
                code: CRASHED.to_owned(),
                message: format!("the worker {what}"),
                at: context.now,
                spent: Spent::of(&job),
            };
            // Chance from the id: rescued together, they do not come back together.
            let jitter = u16::try_from(id.0 & 0xffff).unwrap_or(0);
            if fail(scope, context, job, failure, None, jitter) == Ended::Dead {
                dead.push(*id);
            }
        }
        Ok(Receipt::Jobs { stale, dead })
    }
}
