//! A shop is well again: what waits after its failures is tried now.

use crate::command::Context;
use crate::id::JobId;
use crate::job::JobState;
use crate::queueing::hurry;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::retry::FailureClass;
use crate::working::{Needs, Scope, Working};

/// Brings jobs forward that wait after the marketplace did not answer, or was broken. What waits for another reason stays: a
/// limit and a campaign's lock say themselves how long, and a job that crashed is not well because the shop is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HurryJobs {
    /// Which, as they were seen waiting; at most 1,000.
    pub jobs: Vec<JobId>,
}

impl HurryJobs {
    /// Whether a job that failed so is tried as soon as its shop is well again.
    #[must_use]
    pub fn concerns(class: FailureClass) -> bool {
        matches!(
            class,
            FailureClass::Server | FailureClass::Network | FailureClass::Unclear | FailureClass::Auth
        )
    }

    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.jobs.extend(&self.jobs);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let mut stale = Vec::new();
        for id in &self.jobs {
            let waits = scope.job(id).filter(|job| {
                let concerned =
                    job.last_failure.as_ref().is_some_and(|failure| Self::concerns(failure.class));
                concerned && job.state == JobState::Ready && job.run_at > context.now
            });
            let Some(mut job) = waits.cloned() else {
                stale.push(*id);
                continue;
            };
            hurry(&mut job, context.now);
            scope.put_job(*id, job);
        }
        Ok(Receipt::Jobs { stale, dead: Vec::new() })
    }
}
