//! A schedule fires.

use crate::command::Context;
use crate::job::NewJob;
use crate::quantity::Millis;
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::{Setting, schedule_key};
use crate::working::{Needs, Scope, Working};

/// Enqueues what a schedule calls for, once in the fleet: only if it is still due at `fire_at` (Q18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FireSchedule {
    /// Its name.
    pub name: String,
    /// When it was to fire; `None` for a schedule that is not there yet.
    pub fire_at: Option<Millis>,
    /// How often, in milliseconds.
    pub every_ms: Millis,
    /// What it calls for.
    pub jobs: Vec<NewJob>,
}

impl FireSchedule {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.settings.insert(schedule_key(&self.name));
        self.jobs.iter().for_each(|job| needs_of_job(&job.body, needs));
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if self.every_ms < 1 {
            return Err(Refusal::OutOfRange);
        }
        let key = schedule_key(&self.name);
        let due = match scope.setting(&key) {
            Some(Setting::Schedule { next_at, .. }) => Some(*next_at),
            _ => None,
        };
        if due != self.fire_at || due.is_some_and(|due| due > context.now) {
            return Ok(Receipt::Kept { version: due.unwrap_or(0), changed: false });
        }
        // What was missed while nobody ran is made up for once, not once for each time.
        let next_at = context.now + self.every_ms;
        scope.put_setting(key, Setting::Schedule { every_ms: self.every_ms, next_at });
        for job in &self.jobs {
            enqueue(scope, context, job);
        }
        Ok(Receipt::Kept { version: next_at, changed: true })
    }
}
