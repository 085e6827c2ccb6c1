//! What the tests of the queue stand on: a handler that does what the test says, and ways to look.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use onhand_engine::Engine;
use onhand_engine::jobs::{Ended, Handlers, LeaseGuard, Runner, RunnerHandle, RunnerSettings};
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobState, NewJob};
use onhand_rules::{DeadJob, Job, JobBody, JobId, Receipt, ShopId};
use onhand_store::{DeadFilter, JobFilter};
use tokio::sync::{Semaphore, watch};

use crate::stage::{done, within};

/// Notes what ran, and does what the note of the job says:
/// `wait` waits for [`Desk::open`], `panic` panics, `panic-twice` takes the process along, `hang` never ends, `block` blocks
/// its thread until [`Desk::open`].
#[derive(Default)]
pub(super) struct Desk {
    /// (job, lease) in the order of their starts, with the note.
    pub(super) started: Mutex<Vec<(JobId, i64, String)>>,
    count: Count,
    gate: Gate,
    /// Attempts that a handler saw to their end.
    pub(super) ended: AtomicU64,
}

struct Count(watch::Sender<usize>);

impl Default for Count {
    fn default() -> Self {
        Self(watch::channel(0).0)
    }
}

struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}

impl Desk {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Waits until so many attempts have started.
    pub(super) async fn starts(&self, count: usize) {
        let mut started = self.count.0.subscribe();
        within("the start of a job", started.wait_for(|now| *now >= count)).await.expect("the desk is there");
    }

    /// How many attempts have started.
    pub(super) fn started(&self) -> usize {
        self.started.lock().unwrap().len()
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.started.lock().unwrap().iter().map(|(_, _, note)| note.clone()).collect()
    }

    /// Lets so many that wait go on.
    pub(super) fn open(&self, count: usize) {
        self.gate.0.add_permits(count);
    }

    /// How often each job was started.
    pub(super) fn runs(&self) -> BTreeMap<JobId, u32> {
        let mut runs = BTreeMap::new();
        for (job, _, _) in self.started.lock().unwrap().iter() {
            *runs.entry(*job).or_insert(0) += 1;
        }
        runs
    }
}

#[async_trait]
impl Handlers for Desk {
    async fn run(&self, job: &Job, lease: &LeaseGuard) -> Ended {
        let JobBody::Nothing { note, .. } = &job.body else { return Ended::obsolete() };
        let number = {
            let mut started = self.started.lock().unwrap();
            started.push((job.id, lease.key().1, note.clone()));
            started.len()
        };
        self.count.0.send_replace(number);
        match note.split(' ').next().unwrap_or_default() {
            "wait" => self.gate.0.acquire().await.expect("open").forget(),
            "panic" => panic!("as asked"),
            "panic-twice" => super::killed::panic_twice(),
            "hang" => std::future::pending().await,
            "block" => {
                let gate = self.gate.0.clone();
                while gate.try_acquire().map(tokio::sync::SemaphorePermit::forget).is_err() {
                    std::thread::yield_now();
                }
            }
            _ => {}
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
        Ended::done()
    }
}

/// No publisher, no timers, no gauges; ten slots for the lane of jobs that do nothing.
pub(super) fn quick() -> RunnerSettings {
    RunnerSettings {
        lanes: vec![("product_sync".to_owned(), 10)],
        rescue_every: Duration::from_millis(20),
        publish: false,
        timers: false,
        gauges_every: None,
        ..RunnerSettings::default()
    }
}

/// A worker whose lease ends unless it beats, and that does not beat: as if it were stopped.
pub(super) fn asleep() -> RunnerSettings {
    RunnerSettings {
        lease: Duration::from_millis(150),
        beat: Duration::from_secs(3_600),
        rescue_every: Duration::from_secs(3_600),
        ..quick()
    }
}

pub(super) fn run(engine: &Engine, desk: &Arc<Desk>, settings: RunnerSettings) -> RunnerHandle {
    Runner::start(engine.clone(), desk.clone(), settings).expect("a runner")
}

pub(super) fn job(note: &str) -> NewJob {
    of_shop(None, note)
}

pub(super) fn of_shop(shop: Option<i64>, note: &str) -> NewJob {
    let body = JobBody::Nothing { shop: shop.map(ShopId), note: note.to_owned() };
    NewJob { body, class: 2, run_at: 0, cause_at: None }
}

pub(super) async fn enqueue(engine: &Engine, jobs: Vec<NewJob>) -> Vec<JobId> {
    let mut ids = Vec::new();
    for part in jobs.chunks(1_000) {
        match done(engine, EnqueueJobs { jobs: part.to_vec() }).await {
            Receipt::Enqueued { jobs } => ids.extend(jobs),
            other => panic!("{other:?}"),
        }
    }
    ids
}

/// Waits until a job is as wanted.
pub(super) async fn becomes(engine: &Engine, id: JobId, what: &str, wanted: impl Fn(Option<&Job>) -> bool) {
    within(what, async {
        loop {
            let job = engine.reads().job(id).await.expect("a read");
            if wanted(job.as_ref()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Waits until nothing is left in the hot table.
pub(super) async fn drained(engine: &Engine) {
    within("the end of all jobs", async {
        loop {
            if engine.reads().jobs(&JobFilter::default(), 1).await.expect("a read").rows.is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub(super) async fn running(engine: &Engine) -> usize {
    let filter = JobFilter { state: Some(JobState::Running), ..JobFilter::default() };
    engine.reads().jobs(&filter, 1_000).await.expect("a read").rows.len()
}

pub(super) async fn dead(engine: &Engine) -> Vec<DeadJob> {
    engine.reads().dead_jobs(&DeadFilter::default(), 1_000).await.expect("a read").rows
}

/// How many were finished.
pub(super) async fn finished(engine: &Engine) -> usize {
    let mut count = 0;
    let mut before = None;
    loop {
        let page = engine.reads().done_jobs(before, 1_000).await.expect("a read");
        count += page.rows.len();
        before = page.rows.last().map(|done| (done.ended_at, done.job.id));
        if !page.more {
            return count;
        }
    }
}

/// A stop that gives nobody time.
pub(super) async fn stop(handle: &RunnerHandle) {
    within("the stop", handle.stop(Duration::ZERO)).await;
}
