//! Starting and stopping.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onhand_rules::commands::queue::{End, JobEnd};
use onhand_rules::{Job, JobId};
use onhand_store::StoreError;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::claim::Claimer;
use super::slots::LastLook;
use super::table::Table;
use super::{Ended, Handlers, LedgerClock, RunnerSettings, finish, gauges, heart, rescue};
use crate::ids;
use crate::ledger::Engine;

/// How long ends may take to become durable after everything was stopped; then leases run out instead.
const FLUSH_MAX: Duration = Duration::from_secs(4);

/// What the parts of a runner share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) handlers: Arc<dyn Handlers>,
    pub(crate) settings: RunnerSettings,
    /// This start of this process (Q6).
    pub(super) owner: u128,
    pub(super) table: Table,
    pub(super) last_look: LastLook,
    /// How many keep slots for pushes that they are just making.
    pub(super) held: watch::Sender<usize>,
    pub(crate) clock: LedgerClock,
    /// Set when it stops: until when handlers may go on.
    pub(crate) stop: watch::Sender<Option<Instant>>,
    ends: mpsc::UnboundedSender<JobEnd>,
}

impl Shared {
    /// An attempt is over; whoever asks first ends it.
    pub(super) fn end(&self, job: &Job, lease: i64, ended: Ended) {
        if !self.table.may_end(job.id, lease) {
            return;
        }
        if let Ended::AlreadyEnded(end) = &ended {
            let name = finish::name_of(end);
            self.engine.metrics().queue.attempt(job.body.number(), job.body.shop(), &name);
        }
        self.send_end(job.id, lease, ended);
    }

    /// The same for who has the right already.
    pub(super) fn send_end(&self, job: JobId, lease: i64, ended: Ended) {
        match ended {
            Ended::AlreadyEnded(_) => self.table.leave([(job, lease)]),
            Ended::End(end) => {
                // The finisher lives as long as this does.
                let _sent = self.ends.send(JobEnd { job, lease, end });
            }
        }
    }
}

/// Runs jobs.
pub struct Runner;

impl Runner {
    /// Starts to claim and run jobs, and what belongs to it: heartbeat, rescue, publisher, timers, gauges. Runs until it is
    /// stopped, whatever happens to the database.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn start(
        engine: Engine,
        handlers: Arc<dyn Handlers>,
        settings: RunnerSettings,
    ) -> Result<RunnerHandle, StoreError> {
        let (ends, received) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            engine,
            handlers,
            settings,
            owner: ids::incarnation(),
            table: Table::default(),
            last_look: LastLook::default(),
            held: watch::channel(0).0,
            clock: LedgerClock::default(),
            stop: watch::channel(None).0,
            ends,
        });
        let (over, ended) = watch::channel(false);
        heart::spawn(shared.clone(), ended)
            .map_err(|error| StoreError::Broken(format!("cannot start the heart: {error}")))?;
        let finisher = tokio::spawn(finish::run(shared.clone(), received));
        let mut starters = vec![tokio::spawn(Claimer::new(shared.clone()).run())];
        let mut others = vec![tokio::spawn(rescue::run(shared.clone()))];
        if shared.settings.publish {
            starters.push(tokio::spawn(crate::publisher::run_with_slots(shared.clone())));
        }
        if shared.settings.timers {
            others.push(tokio::spawn(crate::timers::run(shared.clone())));
        }
        if let Some(every) = shared.settings.gauges_every {
            others.push(tokio::spawn(gauges::run(shared.clone(), every)));
        }
        let tasks = Tasks { starters, others, finisher: Some(finisher) };
        Ok(RunnerHandle { shared, tasks: Arc::new(Mutex::new(tasks)), over: Arc::new(over) })
    }
}

struct Tasks {
    /// Those that start jobs.
    starters: Vec<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    finisher: Option<JoinHandle<()>>,
}

/// A runner that runs. Cloning shares it; dropping does not stop it.
#[derive(Clone)]
pub struct RunnerHandle {
    shared: Arc<Shared>,
    tasks: Arc<Mutex<Tasks>>,
    over: Arc<watch::Sender<bool>>,
}

impl RunnerHandle {
    /// How many jobs this process has, those whose end is on the way included.
    #[must_use]
    pub fn running(&self) -> usize {
        *self.shared.table.count().borrow()
    }

    /// The random number under which this runner holds leases.
    #[must_use]
    pub fn owner(&self) -> u128 {
        self.shared.owner
    }

    /// Claims nothing more, lets handlers go on for `grace` at most, then puts back what they had, unburnt, and returns
    /// when that is durable. Called again, the shorter grace counts.
    pub async fn stop(&self, grace: Duration) {
        let until = Instant::now() + grace;
        self.shared.stop.send_modify(|stop| *stop = Some(stop.map_or(until, |other| other.min(until))));
        let (starters, others) = {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            (std::mem::take(&mut tasks.starters), std::mem::take(&mut tasks.others))
        };
        for starter in starters {
            // What it is claiming now is run, or put back below.
            let _ended = starter.await;
        }
        self.wait_until_idle().await;
        self.put_back();
        // A job that was stopped may have been making pushes: what its commit has leased is put back, too.
        let mut held = self.shared.held.subscribe();
        if tokio::time::timeout(FLUSH_MAX, held.wait_for(|held| *held == 0)).await.is_err() {
            tracing::warn!("pushes were being made; their leases run out");
        }
        self.put_back();
        let mut count = self.shared.table.count();
        if tokio::time::timeout(FLUSH_MAX, count.wait_for(|count| *count == 0)).await.is_err() {
            tracing::warn!("ends of jobs could not be written; their leases run out");
        }
        self.over.send_replace(true);
        let finisher = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).finisher.take();
        for task in others.into_iter().chain(finisher) {
            task.abort();
        }
    }

    fn put_back(&self) {
        for (job, lease, _) in self.shared.table.stop_all() {
            let message = "the program stopped before it was over".to_owned();
            let end = End::PutBack { code: "stopped".to_owned(), message };
            self.shared.send_end(job, lease, Ended::End(end));
        }
    }

    /// Until nothing runs or the grace is over, which another call may shorten.
    async fn wait_until_idle(&self) {
        let mut count = self.shared.table.count();
        let mut stop = self.shared.stop.subscribe();
        loop {
            let Some(until) = *stop.borrow_and_update() else { return };
            tokio::select! {
                _ = count.wait_for(|count| *count == 0) => return,
                () = tokio::time::sleep_until(until.into()) => return,
                _ = stop.changed() => {}
            }
        }
    }
}
