//! Putting jobs into the queue, from any command.

use crate::command::Context;
use crate::id::JobId;
use crate::job::{Job, JobBody, JobState, NewJob};
use crate::quantity::Millis;
use crate::working::{Needs, Scope};

/// Asks for what [`enqueue`] must see.
pub(crate) fn needs_of_job(body: &JobBody, needs: &mut Needs) {
    if let Some(key) = body.dedupe() {
        needs.sync.job_keys.insert(key);
    }
}

/// Puts a job into the queue, or finds the one with the same key: waiting, that one takes the earlier time and the
/// better class; running, it takes the better class and will run once more (Q11).
pub(crate) fn enqueue(scope: &mut Scope<'_>, context: &Context, new: &NewJob) -> JobId {
    put_in(scope, context, new, false)
}

/// The same for what a person or a shop that is well again asks for: a job that waits after a failure does not wait any
/// longer. What a marketplace said about its limits holds all the same, as that is a matter of the limit and not of the job.
pub(crate) fn enqueue_now(scope: &mut Scope<'_>, context: &Context, new: &NewJob) -> JobId {
    put_in(scope, context, new, true)
}

/// Brings a job forward that waits after a failure. The delay that it did not wait out is not used up.
pub(crate) fn hurry(job: &mut Job, now: Millis) {
    let Some(failure) = job.last_failure.as_mut().filter(|_| job.run_at > now) else { return };
    failure.spent = failure.spent.without_last(failure.class);
    job.run_at = now;
}

fn put_in(scope: &mut Scope<'_>, context: &Context, new: &NewJob, now: bool) -> JobId {
    let key = new.body.dedupe();
    let cause_at = new.cause_at.unwrap_or(context.now);
    let run_at = new.run_at.max(context.now);
    if let Some(key) = &key
        && let Some(id) = scope.job_by_key(key)
        && let Some(found) = scope.job(&id).cloned()
    {
        let mut job = found.clone();
        match job.state {
            JobState::Running => {
                job.again = true;
                job.class = job.class.min(new.class);
            }
            JobState::Ready => {
                if now {
                    hurry(&mut job, run_at);
                }
                // A retry that waits for its time is not brought forward: the failure that it waits out still stands.
                if job.attempts == 0 && job.throttled == 0 && job.crashes == 0 {
                    job.run_at = job.run_at.min(run_at);
                }
                job.class = job.class.min(new.class);
            }
        }
        if job != found {
            scope.put_job(id, job);
        }
        return id;
    }
    let id = JobId(scope.fresh_id(context));
    if let Some(key) = key {
        scope.name_job(key, Some(id));
    }
    scope.put_job(
        id,
        Job {
            id,
            body: new.body.clone(),
            class: new.class.clamp(1, 4),
            state: JobState::Ready,
            run_at,
            attempts: 0,
            crashes: 0,
            throttled: 0,
            lease_number: 0,
            lease: None,
            again: false,
            cause_at,
            created_at: context.now,
            last_failure: None,
            replay_of: None,
            trace: context.trace.clone(),
        },
    );
    id
}
