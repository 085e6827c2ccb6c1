//! The door to state.

mod batch;
mod room;
mod time;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use onhand_rules::audit::AuditNote;
use onhand_rules::{Command, Millis, OpId, PrincipalId};
use onhand_store::{Ballast, OpKey, Outcome, Reads, Store, StoreError};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};

use crate::jobs::Signals;
use crate::telemetry::Metrics;

/// How the engine runs.
#[derive(Clone)]
pub struct Settings {
    /// Commands that may wait. One more is answered with [`SubmitError::Busy`].
    pub queue_max: usize,
    /// Lines of orders, items of bulk changes that may wait, over all commands: bounds the memory that commands hold.
    pub weight_max: usize,
    /// Commands in one batch at most; the smaller of this and the store's own limit counts.
    pub batch_max: usize,
    /// Whether holds past due are ended by this process.
    pub pulse: bool,
    /// Room that is kept for commands that free stock when the disk is full. Without it a full disk refuses them too.
    pub ballast: Option<Arc<dyn Ballast>>,
    /// Called once when the process must end because only a restart can tell what was committed. The default exits with
    /// code 70.
    pub on_fatal: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queue_max: 8_192,
            weight_max: 200_000,
            batch_max: 1_024,
            pulse: true,
            ballast: None,
            on_fatal: Arc::new(|_| std::process::exit(70)),
        }
    }
}

/// One command on its way in.
#[derive(Debug, Clone)]
pub struct Request {
    /// What to do.
    pub command: Command,
    /// This execution.
    pub op: OpId,
    /// Under what its outcome is kept; `None` for the engine's own commands, which may be repeated without harm.
    pub key: Option<OpKey>,
    /// SHA-256 over what the caller asked, shortened: the same key with another request is a mismatch.
    pub fingerprint: [u8; 16],
    /// Who asks.
    pub actor: PrincipalId,
    /// By what the request is found again: its W3C `traceparent`, its id, or both with a space between.
    pub trace: Option<String>,
    /// What the audit log is to say of it, if it is done.
    pub audit: Option<Box<AuditNote>>,
}

impl Request {
    /// A command of the engine itself.
    #[must_use]
    pub fn internal(command: impl Into<Command>) -> Self {
        Self {
            command: command.into(),
            op: crate::ids::op(),
            key: None,
            fingerprint: [0; 16],
            actor: PrincipalId::SYSTEM,
            trace: None,
            audit: None,
        }
    }
}

/// How a command ended, committed and durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Done or refused.
    pub outcome: Outcome,
    /// The execution: of the first request, when this one repeats it.
    pub op: OpId,
    /// Whether the outcome is that of an earlier request with the same key.
    pub replayed: bool,
    /// The number of the last event at the commit.
    pub feed: i64,
}

/// Why there is no outcome.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SubmitError {
    /// Too many commands wait. Nothing was done; try again in a second.
    #[error("too many commands are waiting")]
    Busy,
    /// The key was used for another request. Nothing was done.
    #[error("the idempotency key was used for another request")]
    Mismatch,
    /// The commit may or may not have happened. Send the same request with the same key again.
    #[error("it is not known yet whether this was done; send it again with the same key")]
    OutcomeUnknown,
    /// The database cannot be reached. Nothing was done.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// No room on the disk, or it is read-only, or this command would use room that is kept. Nothing was done.
    #[error("the database cannot be written: {0}")]
    StorageFull(String),
    /// The engine is stopping. Nothing was done.
    #[error("the server is stopping")]
    Stopping,
    /// The command met a bug. Nothing was done; the log has the details under the operation's id.
    #[error("an error in the server")]
    Bug(String),
}

impl SubmitError {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Mismatch => "idempotency_mismatch",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::Unavailable(_) => "database_unavailable",
            Self::StorageFull(_) => "storage_full",
            Self::Stopping => "stopping",
            Self::Bug(_) => "internal",
        }
    }
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::Busy,
            StoreError::Unavailable(text) => Self::Unavailable(text),
            StoreError::Full(text) | StoreError::ReadOnly(text) => Self::StorageFull(text),
            StoreError::Unknown(_) => Self::OutcomeUnknown,
            StoreError::Rejected(text) | StoreError::Broken(text) => Self::Bug(text),
        }
    }
}

/// A command in the queue.
struct Pending {
    request: Request,
    weight: usize,
    queued: Instant,
    reply: oneshot::Sender<Result<Answer, SubmitError>>,
}

struct Shared {
    store: Arc<dyn Store>,
    metrics: Metrics,
    settings: Settings,
    weight: AtomicUsize,
    stopping: AtomicBool,
    /// Whether the last batch could be written, for readiness.
    writable: AtomicBool,
    feed: watch::Sender<i64>,
    /// Wakes those who run jobs.
    signals: Signals,
    time: time::Time,
}

/// The handle to the engine. Cloning shares it.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Pending>,
    stopped: watch::Receiver<bool>,
}

impl Engine {
    /// Opens the write side of the store and starts the writer and, if wanted, the pulse.
    ///
    /// # Errors
    /// What the store says when it hands out its session.
    pub async fn start(store: Arc<dyn Store>, settings: Settings) -> Result<Self, StoreError> {
        let session = store.session().await?;
        let head = store.reads().feed_head().await?;
        let time = time::Time::at(store.reads().now().await?);
        let (queue, receiver) = mpsc::channel(settings.queue_max);
        let (stop, stopped) = watch::channel(false);
        let shared = Arc::new(Shared {
            store,
            metrics: Metrics::default(),
            weight: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            writable: AtomicBool::new(true),
            feed: watch::channel(head).0,
            signals: Signals::default(),
            time,
            settings,
        });
        shared.metrics.feed_head.set(head);
        writer::spawn(shared.clone(), session, receiver, stop)
            .map_err(|error| StoreError::Broken(format!("cannot start the writer thread: {error}")))?;
        let engine = Self { shared, queue, stopped };
        if engine.shared.settings.pulse {
            tokio::spawn(crate::pulse::run(engine.clone()));
        }
        Ok(engine)
    }

    /// Runs a command in the next batch and answers when it is durable.
    ///
    /// # Errors
    /// [`SubmitError`]: nothing was done, or (only `OutcomeUnknown`) nobody knows yet. A refusal is not an error here but
    /// an [`Outcome`].
    pub async fn submit(&self, request: Request) -> Result<Answer, SubmitError> {
        let name = request.command.name();
        let result = self.enqueue(request).await;
        if let Err(error) = &result {
            self.shared.metrics.count(name, error.code());
        }
        result
    }

    async fn enqueue(&self, request: Request) -> Result<Answer, SubmitError> {
        if self.shared.stopping.load(Ordering::Acquire) {
            return Err(SubmitError::Stopping);
        }
        let weight = weight_of(&request.command);
        let waiting = self.shared.weight.fetch_add(weight, Ordering::AcqRel);
        if waiting > self.shared.settings.weight_max {
            self.shared.weight.fetch_sub(weight, Ordering::AcqRel);
            return Err(SubmitError::Busy);
        }
        let (reply, answer) = oneshot::channel();
        let pending = Pending { request, weight, queued: Instant::now(), reply };
        if let Err(error) = self.queue.try_send(pending) {
            self.shared.weight.fetch_sub(weight, Ordering::AcqRel);
            return Err(match error {
                mpsc::error::TrySendError::Full(_) => SubmitError::Busy,
                mpsc::error::TrySendError::Closed(_) => SubmitError::Stopping,
            });
        }
        self.shared.metrics.queue_depth.inc();
        // A writer that ends without answering has died in the middle: nobody knows.
        answer.await.unwrap_or(Err(SubmitError::OutcomeUnknown))
    }

    /// The read side of the store.
    #[must_use]
    pub fn reads(&self) -> &dyn Reads {
        self.shared.store.reads()
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// The ledger clock in milliseconds, for whoever judges without a transaction whether something has ended. It never
    /// goes back, not over a restart either, and is right to about a second after a [`look`](Self::look_at_clock) or a
    /// commit. Asks nobody.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.shared.time.now()
    }

    /// The same, after asking the database unless that was done within the last second.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn look_at_clock(&self) -> Result<Millis, StoreError> {
        self.shared.time.look(self.reads()).await
    }

    /// The measures.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The number of the last event that this process committed; changes wake whoever waits for the feed.
    #[must_use]
    pub fn feed(&self) -> watch::Receiver<i64> {
        self.shared.feed.subscribe()
    }

    /// What commits of this process mean for the queue.
    pub(crate) fn signals(&self) -> &Signals {
        &self.shared.signals
    }

    /// Whether the last batch could be written.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.shared.writable.load(Ordering::Acquire) && !self.is_stopping()
    }

    /// Whether [`Engine::stop`] was called.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.shared.stopping.load(Ordering::Acquire)
    }

    /// Refuses new commands, answers those that wait, and returns when the writer has ended.
    pub async fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        let mut stopped = self.stopped.clone();
        // The writer drops its sender when it ends, in order or not.
        while !*stopped.borrow_and_update() {
            if stopped.changed().await.is_err() {
                break;
            }
        }
    }
}

/// How much a command holds while it waits and how much work it is, in lines.
///
/// Whoever names lines of an order is weighed by them. Whoever means the whole of it holds no line while it waits, and how
/// many there are is known only once the order was read, within the batch: to read it before would cost every command a
/// query, and to expect the most (2,000) would leave four confirmations for a batch. So that counts as one.
fn weight_of(command: &Command) -> usize {
    match command {
        Command::PlaceOrder(order) => order.lines.len(),
        Command::CancelOrder(cancel) => cancel.lines.len(),
        Command::ShipOrder(ship) => ship.lines.len(),
        Command::ReturnOrder(returned) => returned.lines.len(),
        Command::TakeMarketOrder(order) => order.snapshot.lines.len(),
        Command::Reserve(reserve) => reserve.lines.len(),
        Command::ReleaseReservation(release) => release.lines.len(),
        Command::AllocateReservation(allocate) => allocate.lines.len(),
        Command::ChangeStock(change) => change.items.len(),
        Command::CreateSku(sku) => 1 + sku.components.len(),
        Command::ExpireHolds(expire) => expire.holders.len(),
        Command::EnqueueJobs(enqueue) => enqueue.jobs.len(),
        Command::ClaimJobs(claim) => claim.jobs.len(),
        Command::BeatJobs(beat) => beat.jobs.len(),
        Command::FinishJobs(finish) => finish.ends.len(),
        Command::RescueJobs(rescue) => rescue.jobs.len(),
        Command::ReplayDead(replay) => replay.dead.len(),
        Command::Publish(publish) => publish.listings.len(),
        Command::TakeListings(take) => take.listings.len(),
        Command::RecordPush(push) => push.results.len(),
        Command::RecordSeen(seen) => seen.seen.len(),
        Command::NoteKeyUse(note) => note.keys.len(),
        _ => 1,
    }
    .max(1)
}
