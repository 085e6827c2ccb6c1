//! Changes of stock become pushes.

use crate::command::Context;
use crate::id::ListingId;
use crate::quantity::Millis;
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::working::{Needs, Scope, Working};

/// Marks listings dirty and enqueues their pushes, and moves the publisher's place in the feed: all of it or nothing, and
/// only from the place where the publisher is (two replicas cannot both do it; none can skip).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The place in the feed that this was made from; `None` leaves the place alone (push now).
    pub from: Option<i64>,
    /// The place in the feed that it reaches.
    pub to: i64,
    /// Listings that a change may concern, each once, with the time of the oldest change.
    pub listings: Vec<(ListingId, Millis)>,
    /// Read back what stands there even where nothing is to be told.
    pub read_back: bool,
}

impl Publish {
    pub(crate) fn needs(&self, _seen: &Working, _needs: &mut Needs) {}

    pub(crate) fn decide(&self, _scope: &mut Scope<'_>, _context: &Context) -> Result<Receipt, Refusal> {
        Err(Refusal::OutOfRange)
    }
}
