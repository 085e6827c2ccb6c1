//! Dead jobs run again.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::JobId;
use crate::job::NewJob;
use crate::quantity::Millis;
use crate::queueing::{enqueue_now, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Puts dead jobs into the queue as new jobs that name the old ones. Asked twice, also at once, each is put there once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayDead {
    /// Which.
    pub dead: Vec<JobId>,
    /// When the first runs, from now in milliseconds.
    pub after_ms: Millis,
    /// How far apart they start, in milliseconds.
    pub every_ms: Millis,
}

impl ReplayDead {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        for id in &self.dead {
            needs.sync.dead.insert(*id);
            if let Some(dead) = seen.sync.dead.get(id).and_then(|row| row.now.as_ref()) {
                needs_of_job(&dead.job.body, needs);
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.after_ms < 0 || self.every_ms < 0 {
            return Err(Refusal::OutOfRange);
        }
        let mut jobs = Vec::new();
        let mut run_at = context.now.saturating_add(self.after_ms);
        for id in &self.dead {
            let open =
                scope.dead_job(id).filter(|dead| dead.replayed_as.is_none() && dead.discarded.is_none());
            let Some(mut dead) = open.cloned() else { continue };
            let new = NewJob {
                body: dead.job.body.clone(),
                class: dead.job.class,
                run_at,
                cause_at: Some(context.now),
            };
            let job = enqueue_now(scope, context, &new);
            // One that waits already does the same work; it is not marked as a repetition of its own.
            if let Some(mut row) = scope.job(&job).filter(|row| row.created_at == context.now).cloned() {
                row.replay_of.get_or_insert(*id);
                scope.put_job(job, row);
            }
            dead.replayed_as = Some(job);
            scope.put_dead_job(*id, dead);
            scope.push_event(context.event(EventBody::JobReplayed { job, replay_of: *id }));
            jobs.push((*id, job));
            run_at = run_at.saturating_add(self.every_ms);
        }
        Ok(Receipt::Replayed { jobs })
    }
}
