//! A marketplace answered a push.

use super::super::queue::End;
use crate::command::Context;
use crate::id::{JobId, ListingId, ShopId};
use crate::quantity::{Millis, Quantity};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Keeps what was acknowledged, for each listing by itself, and ends the job by the right of its lease. A listing that became
/// dirty again meanwhile makes the job run again; a worker without the lease changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordPush {
    /// The job and its lease.
    pub job: (JobId, i64),
    /// Where.
    pub shop: ShopId,
    /// What became of each.
    pub results: Vec<PushResult>,
    /// How the job ends if nothing is dirty: [`End::Done`], or a failure for those that are to be tried again.
    pub end: End,
}

/// What became of one listing of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushResult {
    /// Which.
    pub listing: ListingId,
    /// [`crate::Listing::desired`] that the figure was made from (read before the stock was).
    pub desired: i64,
    /// How.
    pub outcome: PushOutcome,
}

/// What became of one listing of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// The marketplace has taken the figure.
    Acknowledged {
        /// What it was told.
        quantity: Quantity,
        /// Milliseconds waited for the rate limit.
        limit_ms: Millis,
        /// Milliseconds until they answered.
        network_ms: Millis,
        /// Milliseconds from the cause until the job was claimed.
        wait_ms: Millis,
    },
    /// The figure is there already: nothing was sent.
    Same {
        /// What is there.
        quantity: Quantity,
    },
    /// Held back: a seller's edit below it stands in its window. The window's end marks it dirty again.
    HeldBack,
    /// The marketplace does not know it any more.
    Gone,
    /// It said no. The listing stays dirty where `again` says so.
    Failed {
        /// Its code.
        code: String,
        /// For people.
        message: String,
        /// Whether a later attempt may help.
        again: bool,
    },
}

impl RecordPush {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
