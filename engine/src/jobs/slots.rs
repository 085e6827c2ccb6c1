//! Pushes that begin in the commit that makes them.
//!
//! A push that is enqueued, looked for and claimed costs a read and a commit more than one that its maker leases at once.
//! Whoever takes an order of a marketplace does that, and for other changes the publisher of this process, while slots are
//! free and nothing else waits for them; otherwise the pushes wait for the claimer, who is fair.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use onhand_rules::commands::channels::FreeSlots;
use onhand_rules::job::lane_of;
use onhand_rules::{Job, Receipt, ShopId};
use onhand_store::Outcome;

use super::Shared;
use super::claim::{leased_after_all, start};
use crate::ledger::{Engine, Request, SubmitError};

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

/// Whose slots a handler may have for pushes that it makes: those of the runner that runs it.
#[derive(Clone, Default)]
pub(crate) struct SlotSource(Weak<Shared>);

impl SlotSource {
    pub(super) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::downgrade(shared))
    }

    /// As [`HeldSlots::take`]; without a runner there are none.
    pub(crate) fn take(&self, wanted: usize) -> Option<HeldSlots> {
        HeldSlots::take(&self.0.upgrade()?, wanted)
    }
}

impl std::fmt::Debug for SlotSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SlotSource")
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
        // Counted before it looks: whoever stops waits for those that are counted.
        shared.held.send_modify(|held| *held += 1);
        let asked = Instant::now();
        let mut held = Self { shared: shared.clone(), shops: BTreeSet::new(), count: 0, asked };
        if shared.stop.borrow().is_some() {
            return None;
        }
        let seen = shared.last_look.clear(*shared.engine.signals().gates.borrow())?;
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        held.count = shared.table.reserve(lane_of(PUSH), wanted, seen.concurrency);
        held.shops = seen.shops;
        (held.count > 0).then_some(held)
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

    /// Runs a command that was given these slots, and starts what it has leased for them. Where nobody knows whether it was
    /// done, those jobs are started that the database says are ours; if it cannot be asked, their leases run out.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub(crate) async fn submit(
        held: Option<Self>,
        engine: &Engine,
        request: Request,
    ) -> Result<Outcome, SubmitError> {
        let Some(held) = held else { return engine.submit(request).await.map(|answer| answer.outcome) };
        // In a task of its own: whoever waits for it may be stopped in between, and what was leased would run for nobody.
        let engine = engine.clone();
        let submitted = tokio::spawn(async move { held.submit_and_start(&engine, request).await });
        submitted.await.unwrap_or(Err(SubmitError::OutcomeUnknown))
    }

    async fn submit_and_start(self, engine: &Engine, request: Request) -> Result<Outcome, SubmitError> {
        let held = self;
        let mut answer = engine.submit(request).await.map(|answer| answer.outcome);
        match &mut answer {
            Ok(Outcome::Done(Receipt::Claimed { jobs } | Receipt::MarketOrder { pushes: jobs, .. })) => {
                held.start(std::mem::take(jobs));
            }
            Err(SubmitError::OutcomeUnknown) => match leased_after_all(&held.shared).await {
                Ok(jobs) => held.start(jobs),
                Err(why) => {
                    tracing::warn!(why, "which pushes were leased is not known; their leases run out")
                }
            },
            _ => {}
        }
        answer
    }

    fn start(self, jobs: Vec<Job>) {
        for job in jobs {
            start(&self.shared, job, self.asked);
        }
    }
}

impl Drop for HeldSlots {
    fn drop(&mut self) {
        if self.count > 0 {
            self.shared.table.release(lane_of(PUSH), self.count);
        }
        self.shared.held.send_modify(|held| *held -= 1);
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
