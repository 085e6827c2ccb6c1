//! A webhook came in.

use crate::command::Context;
use crate::inbox::Inbox;
use crate::job::NewJob;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps a webhook and what follows from it in one transaction, once, however often it is delivered (G1). Of a shop that we do
/// not know, it is kept to be seen (G7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeWebhook {
    /// As it came; `deliveries` and `received_at` are set here.
    pub inbox: Inbox,
    /// What follows.
    pub jobs: Vec<NewJob>,
    /// The owner withdrew the grant.
    pub deauthorised: bool,
    /// The grant ends then.
    pub grant_ends: Option<Millis>,
}

impl TakeWebhook {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
