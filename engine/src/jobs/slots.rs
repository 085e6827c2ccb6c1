//! Pushes that begin in the commit that makes them.
//!
//! A push that is enqueued, looked for and claimed costs a read and a commit more than one that its maker leases at once.
//! The publisher of this process does that while slots are free and nothing else waits for them; otherwise its pushes
//! wait for the claimer, who is fair.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onhand_rules::commands::channels::FreeSlots;
use onhand_rules::job::lane_of;
use onhand_rules::{Job, ShopId};

use super::Shared;
use super::claim::{leased_after_all, start};

/// The kind of a push.
pub(super) const PUSH: i16 = 1;
/// For how long the claimer's last look is believed: it looks more often than that.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// What the claimer's last look has shown about pushes.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) at: Instant,
    /// The state of the gates that it was made at.
    pub(super) gates: u64,
    /// Shops whose pushes may run.
    pub(super) shops: BTreeSet<ShopId>,
    /// How many may run here.
    pub(super) concurrency: u32,
    /// Nothing that may run was left waiting.
    pub(super) none_wait: bool,
}

/// The newest.
#[derive(Debug, Default)]
pub(super) struct LastLook(Mutex<Option<Seen>>);

impl LastLook {
    pub(super) fn note(&self, seen: Option<Seen>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// If it may still be believed, and nothing waits.
    fn clear(&self, gates: u64) -> Option<Seen> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        seen.filter(|seen| seen.none_wait && seen.gates == gates && seen.at.elapsed() < GOOD_FOR)
    }
}

/// Slots that are kept free until this is dropped.
pub(crate) struct HeldSlots {
    shared: Arc<Shared>,
    shops: BTreeSet<ShopId>,
    count: u32,
    asked: Instant,
}

impl HeldSlots {
    /// As many slots for pushes as are free, `wanted` at most; `None` when there are none, or others wait for them.
    pub(crate) fn take(shared: &Arc<Shared>, wanted: usize) -> Option<Self> {
        if shared.stop.borrow().is_some() {
            return None;
        }
        let seen = shared.last_look.clear(*shared.engine.signals().gates.borrow())?;
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        let count = shared.table.reserve(lane_of(PUSH), wanted, seen.concurrency);
        let held = Self { shared: shared.clone(), shops: seen.shops, count, asked: Instant::now() };
        (count > 0).then_some(held)
    }

    /// For the command.
    pub(crate) fn slots(&self) -> FreeSlots {
        FreeSlots {
            owner: self.shared.owner,
            lease_ms: i64::try_from(self.shared.settings.lease.as_millis()).unwrap_or(i64::MAX),
            count: self.count as usize,
            shops: self.shops.clone(),
        }
    }

    /// Starts what was leased.
    pub(crate) fn start(self, jobs: Vec<Job>) {
        for job in jobs {
            start(&self.shared, job, self.asked);
        }
    }

    /// Nobody knows whether the pushes were leased: those that are ours and do not run here are started.
    ///
    /// # Errors
    /// When the database cannot be asked; the leases run out then.
    pub(crate) async fn start_after_all(self) -> Result<(), String> {
        let jobs = leased_after_all(&self.shared).await?;
        self.start(jobs);
        Ok(())
    }
}

impl Drop for HeldSlots {
    fn drop(&mut self) {
        self.shared.table.release(lane_of(PUSH), self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_believed_while_nothing_waits_and_no_gate_has_moved() {
        let last = LastLook::default();
        assert!(last.clear(3).is_none(), "there was none");
        let seen =
            Seen { at: Instant::now(), gates: 3, shops: BTreeSet::new(), concurrency: 10, none_wait: true };
        last.note(Some(seen.clone()));
        assert!(last.clear(3).is_some());
        assert!(last.clear(4).is_none(), "a gate has moved since");
        last.note(Some(Seen { none_wait: false, ..seen.clone() }));
        assert!(last.clear(3).is_none(), "others wait");
        let old = Instant::now().checked_sub(2 * GOOD_FOR).expect("a machine that runs for seconds");
        last.note(Some(Seen { at: old, ..seen }));
        assert!(last.clear(3).is_none(), "it is old");
        last.note(None);
        assert!(last.clear(3).is_none(), "the lane is closed");
    }
}
