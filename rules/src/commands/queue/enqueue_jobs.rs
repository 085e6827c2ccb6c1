//! Jobs are put into the queue.

use crate::command::Context;
use crate::job::{BODY_MAX, NewJob};
use crate::queueing::{enqueue, needs_of_job};
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

/// Jobs of one command at most.
const JOBS_MAX: usize = 1_000;

impl EnqueueJobs {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        self.jobs.iter().for_each(|job| needs_of_job(&job.body, needs));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.jobs.is_empty() || self.jobs.len() > JOBS_MAX {
            return Err(Refusal::OutOfRange);
        }
        for (line, job) in self.jobs.iter().enumerate() {
            let bytes = serde_json::to_string(&job.body).map_or(usize::MAX, |body| body.len());
            if bytes > BODY_MAX {
                return Err(Refusal::JobTooLarge { line, bytes, max: BODY_MAX });
            }
        }
        Ok(Receipt::Enqueued { jobs: self.jobs.iter().map(|job| enqueue(scope, context, job)).collect() })
    }
}
