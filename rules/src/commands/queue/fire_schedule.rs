//! A schedule fires.

use crate::command::Context;
use crate::job::NewJob;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Enqueues what a schedule calls for, once in the fleet: only if it is still due at `fire_at` (Q18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FireSchedule {
    /// Its name.
    pub name: String,
    /// When it was to fire; for a schedule that is not there yet, 0.
    pub fire_at: Millis,
    /// How often, in milliseconds.
    pub every_ms: Millis,
    /// What it calls for.
    pub jobs: Vec<NewJob>,
}

impl FireSchedule {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
