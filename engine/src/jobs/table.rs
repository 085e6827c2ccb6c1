//! What this process runs now. A job stays in the table, and its lease is renewed, until its end is durable (Q20).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use onhand_rules::job::lane_of;
use onhand_rules::schedule::ShopLane;
use onhand_rules::{JobId, ShopId};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::lease::LeaseKeeper;

/// Who has the right to end an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The handler works.
    Working,
    /// Its end is on the way to the database.
    Ending,
}

#[derive(Debug)]
struct Entry {
    lease: i64,
    kind: i16,
    shop: Option<ShopId>,
    keeper: LeaseKeeper,
    deadline: Instant,
    phase: Phase,
    task: Option<AbortHandle>,
}

impl Entry {
    /// Its handler may do nothing more.
    fn lose(self) {
        self.keeper.lose();
        if let Some(task) = self.task {
            task.abort();
        }
    }
}

/// A job that is to be put into the table.
pub(super) struct Start {
    pub(super) job: JobId,
    pub(super) lease: i64,
    pub(super) kind: i16,
    pub(super) shop: Option<ShopId>,
    pub(super) keeper: LeaseKeeper,
    pub(super) deadline: Instant,
}

#[derive(Debug, Default)]
struct Rows {
    entries: BTreeMap<JobId, Entry>,
    /// Slots in use, those that are kept for somebody included.
    by_lane: HashMap<&'static str, u32>,
}

impl Rows {
    fn remove(&mut self, job: JobId) -> Option<Entry> {
        let entry = self.entries.remove(&job)?;
        if let Some(count) = self.by_lane.get_mut(lane_of(entry.kind)) {
            *count = count.saturating_sub(1);
        }
        Some(entry)
    }
}

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    rows: Mutex<Rows>,
    /// Somebody left.
    pub(super) freed: Notify,
    /// The claimer has met a lane without free slots: it is to hear of those that are given back.
    wanted: AtomicBool,
    /// How many there are.
    count: watch::Sender<usize>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            rows: Mutex::default(),
            freed: Notify::new(),
            wanted: AtomicBool::new(false),
            count: watch::channel(0).0,
        }
    }
}

impl Table {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job in, before its task starts. `false`: it is there already. An older lease of it is lost: somebody took
    /// it, and it came back here before the heart heard of it.
    pub(super) fn admit(&self, start: Start) -> bool {
        let mut rows = self.rows();
        if rows.entries.get(&start.job).is_some_and(|entry| entry.lease >= start.lease) {
            return false;
        }
        if let Some(older) = rows.remove(start.job) {
            older.lose();
        }
        *rows.by_lane.entry(lane_of(start.kind)).or_insert(0) += 1;
        let Start { job, lease, kind, shop, keeper, deadline } = start;
        let entry = Entry { lease, kind, shop, keeper, deadline, phase: Phase::Working, task: None };
        rows.entries.insert(job, entry);
        self.count.send_replace(rows.entries.len());
        true
    }

    /// Keeps up to `wanted` slots of a lane that has so many. How many it got.
    pub(super) fn reserve(&self, lane: &'static str, wanted: u32, concurrency: u32) -> u32 {
        let mut rows = self.rows();
        let used = rows.by_lane.entry(lane).or_insert(0);
        let got = wanted.min(concurrency.saturating_sub(*used));
        *used += got;
        got
    }

    /// Gives back what was kept. Those who found no slot meanwhile hear of it; nobody else has to look for work.
    pub(super) fn release(&self, lane: &'static str, count: u32) {
        if let Some(used) = self.rows().by_lane.get_mut(lane) {
            *used = used.saturating_sub(count);
        }
        if self.wanted.swap(false, Ordering::AcqRel) {
            self.freed.notify_one();
        }
    }

    /// Whether the claimer is to hear of slots that are given back.
    pub(super) fn wants_slots(&self, wants: bool) {
        self.wanted.store(wants, Ordering::Release);
    }

    /// Names the task of a job, so that it can be stopped.
    pub(super) fn set_task(&self, job: JobId, lease: i64, task: AbortHandle) {
        if let Some(entry) = self.rows().entries.get_mut(&job).filter(|entry| entry.lease == lease) {
            entry.task = Some(task);
        }
    }

    /// Gives the right to end an attempt to the first who asks. `false`: somebody else has it, or the lease is lost.
    pub(super) fn may_end(&self, job: JobId, lease: i64) -> bool {
        let mut rows = self.rows();
        let found = rows.entries.get_mut(&job);
        let Some(entry) = found.filter(|entry| entry.lease == lease && entry.phase == Phase::Working) else {
            return false;
        };
        entry.phase = Phase::Ending;
        true
    }

    /// These attempts are over, durably: their slots are free.
    pub(super) fn leave(&self, jobs: impl IntoIterator<Item = (JobId, i64)>) {
        let mut rows = self.rows();
        for (job, lease) in jobs {
            if rows.entries.get(&job).is_some_and(|entry| entry.lease == lease) {
                rows.remove(job);
            }
        }
        self.count.send_replace(rows.entries.len());
        drop(rows);
        self.freed.notify_one();
    }

    /// Another one has the lease: the handler is stopped and its end is not asked for. How many were known.
    pub(super) fn lose(&self, jobs: &[(JobId, i64)]) -> usize {
        let mut rows = self.rows();
        let mut lost = 0;
        for (job, lease) in jobs {
            // One whose end is on the way hears from the database itself that it was stale.
            let working = |entry: &&Entry| {
                entry.lease == *lease && entry.phase == Phase::Working && !entry.keeper.is_ending()
            };
            if rows.entries.get(job).filter(working).is_none() {
                continue;
            }
            if let Some(entry) = rows.remove(*job) {
                entry.lose();
                lost += 1;
            }
        }
        self.count.send_replace(rows.entries.len());
        drop(rows);
        if lost > 0 {
            self.freed.notify_one();
        }
        lost
    }

    /// All leases, for the heartbeat.
    pub(super) fn leases(&self) -> Vec<(JobId, i64)> {
        self.rows().entries.iter().map(|(job, entry)| (*job, entry.lease)).collect()
    }

    /// The leases that were renewed are good until then.
    pub(super) fn renew(&self, jobs: &[(JobId, i64)], until: Instant) {
        let rows = self.rows();
        for (job, lease) in jobs {
            if let Some(entry) = rows.entries.get(job).filter(|entry| entry.lease == *lease) {
                entry.keeper.renew(until);
            }
        }
    }

    /// Takes the right to end from handlers that are past their deadline by `margin` (they block their thread, or they
    /// would have ended), and stops them. The caller ends them.
    pub(super) fn overdue(&self, margin: Duration) -> Vec<(JobId, i64, i16)> {
        let now = Instant::now();
        self.stop_where(|entry| entry.deadline + margin <= now)
    }

    /// The same for all of them.
    pub(super) fn stop_all(&self) -> Vec<(JobId, i64, i16)> {
        self.stop_where(|_| true)
    }

    fn stop_where(&self, which: impl Fn(&Entry) -> bool) -> Vec<(JobId, i64, i16)> {
        let mut stopped = Vec::new();
        for (job, entry) in &mut self.rows().entries {
            if entry.phase == Phase::Working && which(entry) {
                entry.phase = Phase::Ending;
                if let Some(task) = entry.task.take() {
                    task.abort();
                }
                stopped.push((*job, entry.lease, entry.kind));
            }
        }
        stopped
    }

    /// Slots in use, by lane.
    pub(super) fn used(&self) -> HashMap<&'static str, u32> {
        self.rows().by_lane.clone()
    }

    /// Jobs in the table of each lane and shop.
    pub(super) fn by_shop_lane(&self) -> BTreeMap<ShopLane, u32> {
        let mut by_shop_lane = BTreeMap::new();
        for entry in self.rows().entries.values() {
            *by_shop_lane.entry((lane_of(entry.kind), entry.shop)).or_insert(0) += 1;
        }
        by_shop_lane
    }

    /// Shops that have a job in the table.
    pub(super) fn shops(&self) -> BTreeSet<ShopId> {
        self.rows().entries.values().filter_map(|entry| entry.shop).collect()
    }

    /// The number of its kind, and its shop.
    pub(super) fn work_of(&self, job: JobId) -> Option<(i16, Option<ShopId>)> {
        self.rows().entries.get(&job).map(|entry| (entry.kind, entry.shop))
    }

    /// How many there are, to be watched.
    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.count.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::LeaseGuard;
    use onhand_rules::job::JobState;
    use onhand_rules::{Job, JobBody};

    fn start(id: u128, lease: i64) -> (LeaseGuard, Start) {
        let job = Job {
            id: JobId(id),
            body: JobBody::Nothing { shop: None, note: String::new() },
            class: 2,
            state: JobState::Running,
            run_at: 0,
            attempts: 0,
            crashes: 0,
            throttled: 0,
            lease_number: lease,
            lease: None,
            again: false,
            cause_at: 0,
            created_at: 0,
            last_failure: None,
            replay_of: None,
            trace: None,
        };
        let (guard, keeper) = LeaseGuard::new(&job, lease, Instant::now(), 0, Duration::from_secs(30));
        let deadline = guard.deadline();
        (guard, Start { job: job.id, lease, kind: 15, shop: Some(ShopId(7)), keeper, deadline })
    }

    #[test]
    fn the_right_to_end_is_given_once_and_the_slot_is_free_when_it_is_durable() {
        let table = Table::default();
        let (guard, one) = start(1, 4);
        table.admit(one);
        assert_eq!(table.used()["product_sync"], 1);
        assert!(!table.may_end(JobId(1), 3), "another lease");
        assert!(table.may_end(JobId(1), 4));
        assert!(!table.may_end(JobId(1), 4), "twice");
        assert!(table.stop_all().is_empty(), "its end is on the way");
        assert_eq!(table.lose(&[(JobId(1), 4)]), 0, "the database tells it that it is stale");
        assert_eq!(table.leases(), [(JobId(1), 4)], "and its lease is renewed until it has");
        assert!(guard.remaining() > Duration::ZERO);
        table.leave([(JobId(1), 3)]);
        assert_eq!(*table.count().borrow(), 1, "the end of an older lease frees nothing");
        table.leave([(JobId(1), 4)]);
        assert_eq!((*table.count().borrow(), table.used()["product_sync"]), (0, 0));
    }

    #[test]
    fn slots_that_are_kept_are_in_use_and_nobody_starts_twice() {
        let table = Table::default();
        assert!(table.admit(start(1, 4).1));
        assert!(!table.admit(start(1, 4).1), "it is there");
        assert_eq!(table.used()["product_sync"], 1);
        assert_eq!(table.reserve("product_sync", 5, 3), 2, "of three slots one is taken");
        assert_eq!((table.reserve("product_sync", 5, 3), table.used()["product_sync"]), (0, 3));
        table.release("product_sync", 2);
        assert_eq!(table.used()["product_sync"], 1);
        let (older, one) = start(2, 4);
        assert!(table.admit(one) && table.admit(start(2, 5).1), "by a newer lease");
        assert_eq!(
            (table.used()["product_sync"], older.remaining()),
            (2, Duration::ZERO),
            "the older is lost"
        );
    }

    #[test]
    fn who_ends_his_job_himself_has_not_lost_it() {
        let table = Table::default();
        let (guard, one) = start(1, 4);
        table.admit(one);
        guard.ending();
        assert_eq!(table.lose(&[(JobId(1), 4)]), 0, "the heart finds it ended");
        assert!(table.may_end(JobId(1), 4), "and the slot is freed when the handler says so");
    }

    #[test]
    fn b1_who_loses_the_lease_may_do_nothing_more() {
        let table = Table::default();
        let (guard, one) = start(1, 4);
        table.admit(one);
        assert_eq!(table.shops(), BTreeSet::from([ShopId(7)]));
        assert_eq!(table.by_shop_lane()[&("product_sync", Some(ShopId(7)))], 1);
        assert_eq!(table.lose(&[(JobId(1), 4), (JobId(2), 1)]), 1);
        assert_eq!(guard.remaining(), Duration::ZERO);
        assert!(!table.may_end(JobId(1), 4));
        assert_eq!(table.used()["product_sync"], 0);
    }

    #[test]
    fn e3_a_request_ends_while_what_came_of_it_can_still_be_kept_and_has_more_time_when_the_lease_is_renewed()
    {
        let (guard, start) = start(1, 4);
        let seconds = Duration::from_secs;
        let in_seconds = |from, to| (seconds(from)..=seconds(to)).contains(&guard.for_requests());
        assert!(in_seconds(15, 28), "of a lease of half a minute");
        start.keeper.renew(Instant::now() + seconds(50));
        assert!(in_seconds(35, 48), "a job of many requests goes on for as long as its lease is renewed");
        start.keeper.renew(Instant::now() + seconds(3_600));
        assert!(in_seconds(45, 58), "and no longer than a job of its kind may");
        start.keeper.lose();
        assert_eq!(guard.for_requests(), Duration::ZERO);
    }
}
