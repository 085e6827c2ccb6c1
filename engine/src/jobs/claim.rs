//! The claimer: looks for work, claims as much as there are free slots, and starts it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use onhand_rules::commands::queue::{ClaimJobs, End};
use onhand_rules::job::{JobState, lane_of};
use onhand_rules::retry::FailureClass;
use onhand_rules::schedule::{Waiting, choose};
use onhand_rules::{Job, JobBody, JobId, Millis, Receipt};
use onhand_store::{JobFilter, Outcome, StoreError};
use tokio::sync::watch;

use super::gates::{Gates, Opening};
use super::lease::LeaseGuard;
use super::slots::{PUSH, Seen, SlotSource};
use super::table::Start;
use super::{Ended, Shared, backoff, millis};
use crate::ids::chance;
use crate::ledger::{Request, SubmitError};
use crate::telemetry::OneLane;

/// How long between two looks while there is work.
const BUSY: Duration = Duration::from_millis(5);
/// The same while there is none: what other replicas enqueue is found by then.
const IDLE: Duration = Duration::from_millis(500);
/// Jobs that run are looked through up to so many: more than a fleet has slots.
const RUNNING_MAX: usize = 10_000;
/// A read of the database that takes longer is given up (Q17).
pub(super) const READ_MAX: Duration = Duration::from_secs(10);

/// Why a look ended without work.
enum Looked {
    /// Jobs were claimed.
    Claimed,
    /// Nothing can be claimed now; something may at this time (ledger clock).
    Nothing(Option<Millis>),
    /// Every slot is in use.
    Full,
}

pub(super) struct Claimer {
    shared: Arc<Shared>,
    gates: Gates,
    jobs_made: watch::Receiver<u64>,
    gates_moved: watch::Receiver<u64>,
    stop: watch::Receiver<Option<Instant>>,
    interval: Duration,
    failures: u32,
    /// The signal of the gates when they were looked at last.
    gates_seen: u64,
    /// Jobs picked so far.
    turn: u64,
}

impl Claimer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let signals = shared.engine.signals();
        let (mut jobs_made, mut gates_moved) = (signals.jobs.subscribe(), signals.gates.subscribe());
        // What was there before is found by the first look.
        jobs_made.mark_unchanged();
        gates_moved.mark_unchanged();
        let stop = shared.stop.subscribe();
        let gates = Gates::default();
        Self {
            shared,
            gates,
            jobs_made,
            gates_moved,
            stop,
            interval: BUSY,
            failures: 0,
            gates_seen: 0,
            turn: 0,
        }
    }

    /// Until the runner stops. No failure ends it.
    pub(super) async fn run(mut self) {
        while self.stop.borrow().is_none() && !self.shared.engine.is_stopping() {
            match self.look().await {
                Ok(Looked::Claimed) => {
                    self.failures = 0;
                    self.interval = BUSY;
                }
                Ok(Looked::Nothing(next_at)) => {
                    self.failures = 0;
                    self.pause(next_at, self.interval).await;
                    self.interval = (self.interval * 2).min(IDLE);
                }
                Ok(Looked::Full) => {
                    self.failures = 0;
                    self.wait_for_a_slot().await;
                }
                Err(why) => {
                    self.failures += 1;
                    let delay = backoff(self.failures);
                    if self.failures == 1 {
                        tracing::warn!(why, "jobs cannot be claimed; trying again for ever");
                    }
                    self.pause_for(delay).await;
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Looked, String> {
        // The senders outlive the receivers: they are the engine's.
        let moved = self.gates_moved.has_changed().unwrap_or(false);
        let _seen = self.jobs_made.borrow_and_update();
        drop(_seen);
        let reads = self.shared.engine.reads();
        if moved || self.gates.is_old() {
            self.gates_seen = *self.gates_moved.borrow_and_update();
            within(self.gates.look(reads, &self.shared.settings.lanes)).await?;
        }
        let now = within(self.shared.clock.now(reads)).await?;
        // Before it looks: what is given back while it does, it hears of.
        self.shared.table.wants_slots(true);
        let opening = self.gates.opening(now, &self.shared.table.used(), &self.shared.table.shops());
        self.shared.table.wants_slots(!opening.filter.kinds.contains(&PUSH));
        if opening.free.is_empty() || opening.filter.kinds.is_empty() {
            self.shared.last_look.note(None);
            return Ok(Looked::Full);
        }
        let slots: u32 = opening.free.values().sum();
        let most = usize::try_from(slots).unwrap_or(usize::MAX).min(self.shared.settings.claim_max);
        let found = within(reads.claimable(&opening.filter, now, most)).await?;
        let next_at = earlier(found.next_at, opening.next_at);
        if found.jobs.is_empty() {
            self.note(&opening, true);
            return Ok(Looked::Nothing(next_at));
        }
        let chosen = self.choose(&found.jobs, &opening, now, most).await?;
        self.note(&opening, chosen.len() == found.jobs.len() && chosen.len() < most);
        if chosen.is_empty() || self.claim(chosen).await? == 0 {
            return Ok(Looked::Nothing(next_at));
        }
        Ok(Looked::Claimed)
    }

    /// What this look has shown about pushes, for the publisher.
    fn note(&self, opening: &Opening, none_wait: bool) {
        let open = opening.filter.kinds.contains(&PUSH);
        let seen = open.then(|| Seen {
            at: Instant::now(),
            gates: self.gates_seen,
            shops: self.gates.open_to(PUSH, opening),
            concurrency: self.gates.concurrency_of(PUSH),
            none_wait,
        });
        self.shared.last_look.note(seen);
    }

    /// Which of them, fairly; of a shop that is being probed one at most in the whole fleet.
    async fn choose(
        &mut self,
        jobs: &[Waiting],
        opening: &Opening,
        now: Millis,
        most: usize,
    ) -> Result<Vec<JobId>, String> {
        let mut candidates = jobs.to_vec();
        for shop in &opening.probing {
            let filter =
                JobFilter { shop: Some(*shop), state: Some(JobState::Running), ..JobFilter::default() };
            let running = within(self.shared.engine.reads().jobs(&filter, 1)).await?;
            let of_shop = |job: &&Waiting| job.shop == Some(*shop);
            let first = candidates.iter().filter(of_shop).min_by_key(|job| (job.class, job.run_at, job.id));
            let probe = first.filter(|_| running.rows.is_empty()).map(|job| job.id);
            candidates.retain(|job| job.shop != Some(*shop) || Some(job.id) == probe);
        }
        let running = self.shared.table.by_shop_lane();
        let mut chosen = choose(&candidates, &opening.free, &running, now, self.turn);
        chosen.truncate(most);
        self.turn += chosen.len() as u64;
        Ok(chosen)
    }

    /// Claims and starts them. How many it got.
    async fn claim(&self, chosen: Vec<JobId>) -> Result<usize, String> {
        let shared = &self.shared;
        let lease_ms = i64::try_from(shared.settings.lease.as_millis()).unwrap_or(i64::MAX);
        let asked = Instant::now();
        let command = ClaimJobs { owner: shared.owner, lease_ms, jobs: chosen };
        let jobs = match shared.engine.submit(Request::internal(command)).await {
            Ok(answer) => match answer.outcome {
                Outcome::Done(Receipt::Claimed { jobs }) => jobs,
                other => return Err(format!("a claim was answered {other:?}")),
            },
            Err(SubmitError::OutcomeUnknown) => leased_after_all(shared).await?,
            Err(error) => return Err(error.to_string()),
        };
        let count = jobs.len();
        shared.engine.metrics().queue.claim_size.observe(count as f64);
        for job in jobs {
            start(shared, job, asked);
        }
        Ok(count)
    }

    /// Until something happens that may concern this look, the next job is due, or the interval is over.
    async fn pause(&mut self, next_at: Option<Millis>, interval: Duration) {
        // Replicas that poll in step would stampede (Q16).
        let jittered = interval.mul_f64(0.75 + f64::from(chance()) / 131_072.0);
        let due = next_at.map(|at| millis(at - self.shared.clock.estimate()).max(Duration::from_millis(1)));
        let delay = due.map_or(jittered, |due| due.min(jittered));
        if !self.shared.settings.hints {
            return self.pause_for(delay).await;
        }
        let freed = self.shared.table.freed.notified();
        let woken = tokio::select! {
            () = tokio::time::sleep(delay) => false,
            _ = self.stop.changed() => false,
            () = freed => false,
            _ = self.gates_moved.changed() => { self.gates_moved.mark_changed(); true }
            _ = self.jobs_made.changed() => true,
        };
        if woken {
            self.interval = BUSY;
        }
    }

    async fn pause_for(&mut self, delay: Duration) {
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = self.stop.changed() => {}
        }
    }

    /// Full: only a free slot or a changed lane helps.
    async fn wait_for_a_slot(&mut self) {
        let freed = self.shared.table.freed.notified();
        tokio::select! {
            () = freed => {}
            _ = self.stop.changed() => {}
            _ = self.gates_moved.changed() => self.gates_moved.mark_changed(),
            // A lane that another replica has changed.
            () = tokio::time::sleep(IDLE) => {}
        }
    }
}

/// Nobody knows whether a commit that leases jobs was done: those that are leased to us and do not run here were.
///
/// # Errors
/// When the database cannot be asked; the leases run out then.
pub(super) async fn leased_after_all(shared: &Shared) -> Result<Vec<Job>, String> {
    let filter = JobFilter { state: Some(JobState::Running), ..JobFilter::default() };
    let running = within(shared.engine.reads().jobs(&filter, RUNNING_MAX)).await?;
    let ours = |job: &Job| job.lease.is_some_and(|lease| lease.owner == shared.owner);
    let lost = |job: &Job| ours(job) && shared.table.work_of(job.id).is_none();
    Ok(running.rows.into_iter().filter(lost).collect())
}

fn earlier(one: Option<Millis>, other: Option<Millis>) -> Option<Millis> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A read that must end.
pub(crate) async fn within<T>(read: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
    match tokio::time::timeout(READ_MAX, read).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("the database did not answer within {} s", READ_MAX.as_secs())),
    }
}

/// Gives a claimed job a task of its own.
pub(super) fn start(shared: &Arc<Shared>, job: Job, asked: Instant) {
    let (kind, number) = (job.body.number(), job.lease_number);
    let claimed_at = shared.clock.estimate();
    let (guard, keeper) = LeaseGuard::new(&job, number, asked, claimed_at, shared.settings.lease);
    let guard = guard.with_slots(SlotSource::of(shared));
    let lane = OneLane { lane: lane_of(kind) };
    let waited = (claimed_at - job.run_at).max(0) as f64 / 1_000.0;
    shared.engine.metrics().queue.claim_seconds.get_or_create(&lane).observe(waited);
    let id = job.id;
    let shop = job.body.shop();
    let deadline = guard.deadline();
    if !shared.table.admit(Start { job: id, lease: number, kind, shop, keeper, deadline }) {
        return;
    }
    let runner = shared.clone();
    let task = tokio::spawn(async move {
        let ended = attempt(&runner, &job, &guard).await;
        runner.end(&job, number, ended);
    });
    shared.table.set_task(id, number, task.abort_handle());
}

/// Runs the handler; neither its panic nor its silence concerns anybody else (Q3).
async fn attempt(shared: &Shared, job: &Job, guard: &LeaseGuard) -> Ended {
    if let JobBody::Unreadable { text, .. } = &job.body {
        return undecodable(text);
    }
    let run = AssertUnwindSafe(shared.handlers.run(job, guard)).catch_unwind();
    match tokio::time::timeout_at(guard.deadline().into(), run).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(panic)) => {
            let text = said(panic.as_ref());
            tracing::error!(job = %job.id, kind = job.body.kind(), text, "a job panicked");
            crashed("panic", format!("the job panicked: {text}"))
        }
        Err(_) => crashed("deadline", "the job did not end in its time".to_owned()),
    }
}

/// The code of jobs that cannot be read.
const UNDECODABLE: &str = "undecodable";

/// A job that no program of this version can do: it dies, and what was read is kept with it.
fn undecodable(text: &str) -> Ended {
    let begin: String = text.chars().take(100).collect();
    Ended::End(End::Failed {
        class: FailureClass::Undecodable,
        code: UNDECODABLE.to_owned(),
        message: format!("the job cannot be read; it begins: {begin}"),
        retry_after_ms: None,
        jitter: 0,
    })
}

/// An attempt that ended without an answer.
pub(super) fn crashed(code: &str, message: String) -> Ended {
    Ended::End(End::Failed {
        class: FailureClass::Crash,
        code: code.to_owned(),
        message,
        retry_after_ms: None,
        jitter: chance(),
    })
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("it did not say why")
}
