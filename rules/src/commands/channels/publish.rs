//! Changes of stock become pushes.

use std::collections::BTreeSet;

use crate::command::Context;
use crate::commands::queue::claim;
use crate::id::{JobId, ListingId, ShopId};
use crate::job::{Job, JobBody, NewJob};
use crate::quantity::Millis;
use crate::queueing::{enqueue, needs_of_job};
use crate::receipt::Receipt;
use crate::refusal::Refusal;
use crate::setting::{PUBLISHER, Setting};
use crate::working::{Needs, Scope, Working};

/// Marks listings dirty and enqueues their pushes, and moves the publisher's place in the feed: all of it or nothing, and
/// only from the place where the publisher is (two replicas cannot both do it; none can skip). With `slots` the answer
/// is that of a claim.
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
    /// How soon they are to be told.
    pub urgency: Urgency,
    /// Who begins with the pushes at once, in the commit that makes them.
    pub slots: Option<FreeSlots>,
}

/// Slots of a process that nothing else waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeSlots {
    /// The random number of the process, as in `ClaimJobs`.
    pub owner: u128,
    /// How long its leases last without a heartbeat, in milliseconds.
    pub lease_ms: Millis,
    /// How many there are.
    pub count: usize,
    /// Shops whose pushes may run.
    pub shops: BTreeSet<ShopId>,
}

/// Why something is told, and so how soon: what sells now does not wait behind ten thousand figures that an import changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Somebody bought, ordered or put aside, or a few figures were changed by hand.
    Sale,
    /// Many figures changed at once: an import, a rule of a shop, a sweep.
    Bulk,
    /// A person wants it now: what waits after a failure does not wait any longer.
    Person,
}

impl Urgency {
    /// The class of the job: 1 first, 4 last. One that waits already keeps the better one.
    #[must_use]
    pub fn class(self) -> i16 {
        match self {
            Self::Sale | Self::Person => 1,
            // Before what only looks (4). A minute later it counts as a sale.
            Self::Bulk => 3,
        }
    }
}

impl Publish {
    pub(crate) fn needs(&self, seen: &Working, needs: &mut Needs) {
        if self.from.is_some() {
            needs.sync.settings.insert(PUBLISHER.to_owned());
        }
        for (id, _) in &self.listings {
            super::needs_of_listing(*id, seen, needs);
            if self.read_back
                && let Some(listing) = super::loaded_listing(seen, *id)
            {
                needs_of_job(&JobBody::ReadBack { shop: listing.shop, unit: listing.unit.clone() }, needs);
            }
        }
    }

    pub(crate) fn decide(&self, scope: &mut Scope<'_>, context: &Context) -> Result<Receipt, Refusal> {
        if let Some(from) = self.from {
            let actual = match scope.setting(PUBLISHER) {
                Some(Setting::Publisher { event }) => *event,
                _ => 0,
            };
            if actual != from || self.to < from {
                return Err(Refusal::StaleVersion { expected: from, actual });
            }
            scope.put_setting(PUBLISHER.to_owned(), Setting::Publisher { event: self.to });
        }
        let (mut changed, mut pushes) = (false, BTreeSet::new());
        for (id, cause_at) in &self.listings {
            let Some(mut listing) = scope.listing(id).cloned() else { continue };
            if listing.mapping.is_none() {
                continue;
            }
            changed = true;
            if self.read_back {
                let body = JobBody::ReadBack { shop: listing.shop, unit: listing.unit.clone() };
                let cause_at = Some(*cause_at);
                enqueue(scope, context, &NewJob { body, class: 2, run_at: context.now, cause_at });
            }
            let push = super::mark_dirty(scope, context, &mut listing, *cause_at, self.urgency);
            pushes.extend(push.map(|job| (job, listing.shop)));
            super::put(scope, context, listing);
        }
        let Some(slots) = &self.slots else { return Ok(Receipt::Kept { version: self.to, changed }) };
        Ok(Receipt::Claimed { jobs: slots.fill(scope, context, &pushes) })
    }
}

impl FreeSlots {
    /// After all listings are marked: one push may tell several of them.
    pub(super) fn fill(
        &self,
        scope: &mut Scope<'_>,
        context: &Context,
        pushes: &BTreeSet<(JobId, ShopId)>,
    ) -> Vec<Job> {
        let open = pushes.iter().filter(|(_, shop)| self.shops.contains(shop));
        open.filter_map(|(job, _)| claim(scope, context, *job, self.owner, self.lease_ms))
            .take(self.count)
            .collect()
    }
}
