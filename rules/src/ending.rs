//! How an attempt at a job ends, from any command: only by the right of the lease that it was claimed with.

use crate::command::Context;
use crate::commands::queue::End;
use crate::event::EventBody;
use crate::id::JobId;
use crate::job::{DeadJob, DoneJob, Job, JobFailure, JobState, NewJob};
use crate::notice::NoticeKind;
use crate::notice_body::NoticeBody;
use crate::noticing::{needs_of_notice, raise};
use crate::queueing::enqueue;
use crate::retry::{FailureClass, Spent, Verdict, after, cause, class_name};
use crate::working::{Needs, Scope, Working};

/// What became of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The lease is somebody else's by now: nothing was changed.
    Stale,
    /// Asked for again meanwhile: it runs once more.
    Again,
    /// It runs again later.
    Retry,
    /// It is done.
    Done,
    /// It is dead.
    Dead,
}

/// Asks for a job, for its key and for the notice that its death may open.
pub(crate) fn needs_of_end(id: JobId, end: Option<&End>, seen: &Working, needs: &mut Needs) {
    needs.sync.jobs.insert(id);
    let Some(job) = seen.sync.jobs.get(&id).and_then(|row| row.now.as_ref()) else { return };
    let (class, code) = match end {
        Some(End::Failed { class, code, .. }) => (*class, code.as_str()),
        Some(End::Done { .. } | End::Snooze { .. } | End::PutBack { .. }) => return,
        None => (FailureClass::Crash, CRASHED),
    };
    needs_of_notice(NoticeKind::RetriesExhausted, &cause(job.body.number(), class, code), needs);
}

/// The code of attempts that ended without a word.
pub(crate) const CRASHED: &str = "lease_lost";

/// Ends an attempt, if the lease is still the one it was claimed with.
pub(crate) fn end_job(scope: &mut Scope<'_>, context: &Context, id: JobId, lease: i64, end: &End) -> Ended {
    let Some(job) = scope.job(&id).cloned() else { return Ended::Stale };
    if job.state != JobState::Running || job.lease_number != lease {
        return Ended::Stale;
    }
    match end {
        End::Done { outcome } => finish(scope, context, job, outcome),
        End::Snooze { until } => {
            ready(scope, job, (*until).max(context.now), |_| ());
            Ended::Retry
        }
        End::PutBack { code, message } => {
            let mut spent = Spent::of(&job);
            spent.cut_off += 1;
            let (class, code, message) = (FailureClass::Crash, code.clone(), message.clone());
            let failure = JobFailure { class, code, message, at: context.now, spent };
            ready(scope, job, context.now, |job| job.last_failure = Some(failure));
            Ended::Retry
        }
        End::Failed { class, code, message, retry_after_ms, jitter } => {
            let (code, message, spent) = (code.clone(), message.clone(), Spent::of(&job));
            let failure = JobFailure { class: *class, code, message, at: context.now, spent };
            fail(scope, context, job, failure, *retry_after_ms, *jitter)
        }
    }
}

/// The job is done, or runs once more because somebody asked for it while it ran.
fn finish(scope: &mut Scope<'_>, context: &Context, job: Job, outcome: &str) -> Ended {
    if job.again {
        ready(scope, job, context.now, |job| {
            job.attempts = 0;
            job.crashes = 0;
            job.throttled = 0;
            job.last_failure = None;
            job.cause_at = context.now;
        });
        return Ended::Again;
    }
    leave(scope, &job);
    scope.push_done(DoneJob { job, ended_at: context.now, outcome: outcome.to_owned() });
    Ended::Done
}

/// Takes a job out of the hot table.
pub(crate) fn leave(scope: &mut Scope<'_>, job: &Job) {
    if let Some(key) = job.body.dedupe() {
        scope.name_job(key, None);
    }
    scope.put_job(job.id, None);
}

fn ready(scope: &mut Scope<'_>, mut job: Job, run_at: i64, change: impl FnOnce(&mut Job)) {
    job.state = JobState::Ready;
    job.lease = None;
    job.again = false;
    job.run_at = run_at;
    change(&mut job);
    scope.put_job(job.id, job);
}

/// A failed attempt: again later, or dead.
pub(crate) fn fail(
    scope: &mut Scope<'_>,
    context: &Context,
    mut job: Job,
    mut failure: JobFailure,
    retry_after_ms: Option<i64>,
    jitter: u16,
) -> Ended {
    let class = failure.class;
    match after(class, &job, retry_after_ms, jitter) {
        Verdict::Retry { delay_ms, spent } => {
            let counts = spent != failure.spent;
            failure.spent = spent;
            failure.spent.cut_off += u32::from(class == FailureClass::Crash);
            ready(scope, job, context.now + delay_ms, |job| {
                job.attempts += i32::from(counts);
                job.crashes += i32::from(class == FailureClass::Crash);
                job.throttled = if class == FailureClass::RateLimited { job.throttled + 1 } else { 0 };
                job.last_failure = Some(failure);
            });
            Ended::Retry
        }
        Verdict::Park => {
            // The shop is disconnected meanwhile: nothing of it is claimed until it is authorised again.
            ready(scope, job, context.now, |job| job.last_failure = Some(failure));
            Ended::Retry
        }
        Verdict::Obsolete => finish(scope, context, job, "obsolete"),
        Verdict::Dead => {
            job.attempts += 1;
            job.crashes += i32::from(class == FailureClass::Crash);
            die(scope, context, job, failure);
            Ended::Dead
        }
    }
}

fn die(scope: &mut Scope<'_>, context: &Context, mut job: Job, failure: JobFailure) {
    leave(scope, &job);
    if job.again {
        // Asked for while it ran: that wish does not die with it.
        let new = NewJob { body: job.body.clone(), class: job.class, run_at: context.now, cause_at: None };
        enqueue(scope, context, &new);
    }
    let shop = job.body.shop();
    scope.push_event(context.event(EventBody::JobDied {
        job: job.id,
        kind: job.body.kind().to_owned(),
        shop: shop.map(|shop| shop.0),
        class: class_name(failure.class).to_owned(),
        code: failure.code.clone(),
        message: failure.message.clone(),
    }));
    let told = NoticeBody::RetriesExhausted {
        job: job.body.kind().to_owned(),
        code: failure.code.clone(),
        said: failure.message.clone(),
    };
    let subject = cause(job.body.number(), failure.class, &failure.code);
    raise(scope, context, &subject, shop, told);
    job.state = JobState::Ready;
    job.lease = None;
    job.last_failure = Some(failure.clone());
    // What was used up is with the job.
    let failure = JobFailure { spent: Spent::default(), ..failure };
    let dead = DeadJob { died_at: context.now, failure, replayed_as: None, discarded: None, job };
    scope.put_dead_job(dead.job.id, dead);
}
