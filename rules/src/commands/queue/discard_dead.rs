//! Dead jobs are given up for good.

use crate::command::Context;
use crate::event::EventBody;
use crate::id::JobId;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Marks dead jobs as given up, and says so in the feed. They stay to be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscardDead {
    /// Which.
    pub dead: Vec<JobId>,
    /// Why.
    pub reason: String,
}

impl DiscardDead {
    pub(crate) fn needs(&self, _seen: &Working, needs: &mut Needs) {
        needs.sync.dead.extend(&self.dead);
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        let (mut stale, mut given_up) = (Vec::new(), Vec::new());
        for id in &self.dead {
            let open =
                scope.dead_job(id).filter(|dead| dead.replayed_as.is_none() && dead.discarded.is_none());
            let Some(mut dead) = open.cloned() else {
                stale.push(*id);
                continue;
            };
            dead.discarded = Some(self.reason.clone());
            scope.put_dead_job(*id, dead);
            let reason = self.reason.clone();
            scope.push_event(context.event(EventBody::JobDiscarded { job: *id, reason }));
            given_up.push(*id);
        }
        Ok(Receipt::Jobs { stale, dead: given_up })
    }
}
