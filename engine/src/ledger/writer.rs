//! The writer: one thread that takes whatever has arrived while the last batch was committing, and commits it as one.
//!
//! There is no timer. At low load a batch is one command and waits for nothing; at high load the disk's own slowness
//! forms the batches. The thread has a runtime of its own, so neither a busy HTTP side nor a blocking fsync disturbs the
//! other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use onhand_rules::Changes;
use onhand_store::{Session, StoreError};
use tokio::sync::{mpsc, watch};

use super::room::Room;
use super::{Answer, Pending, Shared, SubmitError, batch};

/// How often a batch is run again after conflicts before its commands are tried one by one.
const CONFLICTS_MAX: u32 = 5;
/// When nothing was committed for so long, the ledger clock is written by itself, so that a restart knows the time to a
/// minute although the machine's clock was set back: what had ended by then stays ended.
const KEEP_TIME: Duration = Duration::from_secs(60);
/// Lines that one batch may have: a few large orders must not make everybody wait.
const BATCH_WEIGHT_MAX: usize = 8_000;

pub(super) fn spawn(
    shared: Arc<Shared>,
    session: Box<dyn Session>,
    receiver: mpsc::Receiver<Pending>,
    stop: watch::Sender<bool>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("ledger".into()).spawn(move || {
        let room = Room::new(shared.settings.ballast.clone(), shared.metrics.storage_short.clone());
        let writer = Writer { shared, session, receiver, room, kept: Instant::now() };
        runtime.block_on(writer.run());
        stop.send_replace(true);
    })?;
    Ok(())
}

struct Writer {
    shared: Arc<Shared>,
    session: Box<dyn Session>,
    receiver: mpsc::Receiver<Pending>,
    room: Room,
    /// When the ledger clock was written last, or tried to be.
    kept: Instant,
}

impl Writer {
    async fn run(mut self) {
        let limit = self.shared.settings.batch_max.min(self.shared.store.capabilities().batch_max).max(1);
        let mut waiting = Vec::with_capacity(limit);
        self.shared.writable.store(!self.room.was_short(), Ordering::Release);
        loop {
            if self.shared.stopping.load(Ordering::Acquire) {
                self.receiver.close();
            }
            let stop_check = tokio::time::timeout(
                Duration::from_millis(100),
                fill(&mut self.receiver, &mut waiting, limit),
            );
            match stop_check.await {
                Ok(true) => self.process(&mut waiting).await,
                Ok(false) => return,
                // Nothing came: look whether the engine is stopping, and whether the database is well again. Whoever
                // sends no requests to a server that is not ready would otherwise wait for ever.
                Err(_) if !self.shared.writable.load(Ordering::Acquire) => self.probe().await,
                Err(_) if self.kept.elapsed() >= KEEP_TIME => self.probe().await,
                Err(_) => {}
            }
        }
    }

    /// Writes nothing but the ledger clock: to see whether writing works again, or to keep the time.
    async fn probe(&mut self) {
        self.kept = Instant::now();
        if self.room.is_short() {
            return;
        }
        match self.write_nothing().await {
            Ok(()) if self.shared.writable.swap(true, Ordering::AcqRel) => {}
            Ok(()) => tracing::info!("the database can be written again"),
            Err(error) if self.is_fatal(&error) => self.fail(Vec::new(), error).await,
            Err(error) => {
                if matches!(error, StoreError::Full(_)) {
                    self.room.make();
                }
                tracing::debug!(%error, "the database cannot be written yet");
                if let Err(second) = self.session.rollback().await {
                    tracing::debug!(%second, "the rollback failed too; the session opens anew");
                }
            }
        }
    }

    async fn write_nothing(&mut self) -> Result<(), StoreError> {
        let now = self.session.begin().await?;
        self.shared.time.learn(now);
        self.session.write(&Changes::default(), &[], now).await?;
        self.session.commit().await.map(|_head| ())
    }

    fn is_fatal(&self, error: &StoreError) -> bool {
        match error {
            StoreError::Unknown(_) => self.shared.store.capabilities().unknown_is_fatal,
            StoreError::Broken(_) => true,
            _ => false,
        }
    }

    async fn process(&mut self, waiting: &mut Vec<Pending>) {
        let mut rest = std::mem::take(waiting);
        while !rest.is_empty() {
            let mut weight = 0;
            let fits = rest
                .iter()
                .take_while(|pending| {
                    let before = weight;
                    weight += pending.weight;
                    before == 0 || weight <= BATCH_WEIGHT_MAX
                })
                .count();
            let later = rest.split_off(fits);
            for pending in &rest {
                self.shared.weight.fetch_sub(pending.weight, Ordering::AcqRel);
                self.shared.metrics.queue_depth.dec();
                self.shared.metrics.wait_seconds.observe(pending.queued.elapsed().as_secs_f64());
            }
            self.settle(rest).await;
            rest = later;
        }
        // The allocation is used again.
        rest.clear();
        *waiting = rest;
    }

    /// Runs one batch until every command in it has an answer.
    async fn settle(&mut self, mut commands: Vec<Pending>) {
        let mut conflicts = 0;
        if self.room.is_short() {
            commands =
                self.refuse_takers(commands, StoreError::Full("only what frees stock is done".into())).await;
        }
        while !commands.is_empty() {
            let started = Instant::now();
            let metrics = &self.shared.metrics;
            match batch::run(self.session.as_mut(), &commands, &self.shared.time, metrics).await {
                Ok(results) => {
                    metrics.batch_size.observe(commands.len() as f64);
                    metrics.batch_seconds.observe(started.elapsed().as_secs_f64());
                    commands = self.answer(commands, results);
                    conflicts = 0;
                }
                Err(StoreError::Conflict(why)) if conflicts < CONFLICTS_MAX => {
                    conflicts += 1;
                    metrics.conflicts.inc();
                    tracing::debug!(why, conflicts, "another writer was first; the batch runs again");
                    // Replicas that collided would collide again in step: the delay grows and differs by thread.
                    let jitter = u64::from(started.elapsed().subsec_nanos() % 3_000);
                    tokio::time::sleep(Duration::from_micros(jitter * u64::from(conflicts))).await;
                }
                Err(StoreError::Conflict(_) | StoreError::Rejected(_)) if commands.len() > 1 => {
                    self.isolate(commands).await;
                    return;
                }
                Err(error @ StoreError::Full(_)) if self.room.make() => {
                    self.shared.writable.store(false, Ordering::Release);
                    commands = self.refuse_takers(commands, error).await;
                }
                Err(error) => {
                    self.fail(commands, error).await;
                    return;
                }
            }
        }
    }

    /// Leaves the commands that free stock; the others get their recorded outcome, if they were done before, else the
    /// error.
    async fn refuse_takers(&mut self, commands: Vec<Pending>, error: StoreError) -> Vec<Pending> {
        let (free, take): (Vec<_>, Vec<_>) =
            commands.into_iter().partition(|pending| pending.request.command.frees());
        if !take.is_empty() {
            tracing::debug!(%error, refused = take.len(), "no room for commands that take");
            self.resolve(take, error).await;
        }
        free
    }

    /// Runs the commands one by one, so that only the culprit fails.
    async fn isolate(&mut self, commands: Vec<Pending>) {
        tracing::warn!(
            commands = commands.len(),
            "the database refused a batch; its commands run one by one"
        );
        for pending in commands {
            Box::pin(self.settle(vec![pending])).await;
        }
    }

    /// Answers what was decided, and returns what was put off to the next batch.
    fn answer(&mut self, commands: Vec<Pending>, results: batch::Results) -> Vec<Pending> {
        self.shared.writable.store(!self.room.was_short(), Ordering::Release);
        if let Some(head) = results.feed {
            self.kept = Instant::now();
            self.shared.metrics.feed_head.set(head);
            self.shared.feed.send_if_modified(|known| {
                let newer = head > *known;
                *known = head.max(*known);
                newer
            });
        }
        if let Some(news) = results.news {
            self.shared.signals.tell(news);
        }
        let feed = *self.shared.feed.borrow();
        let mut later = Vec::new();
        for (pending, result) in commands.into_iter().zip(results.answers) {
            let Some(result) = result else {
                later.push(pending);
                continue;
            };
            let result = result.map(|decided| {
                let label = match (&decided.outcome, decided.replayed) {
                    (_, true) => "replayed",
                    (onhand_store::Outcome::Done(_), false) => "done",
                    (onhand_store::Outcome::Refused(refusal), false) => refusal.code(),
                };
                self.shared.metrics.count(pending.request.command.name(), label);
                Answer { outcome: decided.outcome, op: decided.op, replayed: decided.replayed, feed }
            });
            // A caller that has hung up still had its command done; it will ask again with its key.
            let _gone = pending.reply.send(result);
        }
        later
    }

    async fn fail(&mut self, commands: Vec<Pending>, error: StoreError) {
        let fatal = self.is_fatal(&error);
        if matches!(error, StoreError::Unknown(_)) {
            self.shared.metrics.unknown_commits.inc();
        }
        if !matches!(error, StoreError::Rejected(_) | StoreError::Conflict(_)) {
            self.shared.writable.store(false, Ordering::Release);
        }
        let ops: Vec<String> =
            commands.iter().take(20).map(|pending| pending.request.op.to_string()).collect();
        tracing::error!(%error, fatal, commands = commands.len(), ops = ops.join(","), "a batch failed");
        if matches!(error, StoreError::Unknown(_)) && !fatal {
            self.resolve(commands, error).await;
            return;
        }
        for pending in commands {
            let _gone = pending.reply.send(Err(SubmitError::from(error.clone())));
        }
        if fatal {
            self.shared.stopping.store(true, Ordering::Release);
            // The answers above go out on the HTTP side's threads; give them the moment that the exit code allows.
            tokio::time::sleep(Duration::from_millis(200)).await;
            (self.shared.settings.on_fatal)(&error.to_string());
        }
    }

    /// Answers from the records what is recorded, and the rest with an error. After a lost commit on a server what is not
    /// recorded may still be on its way, so its caller is told that nobody knows, and asks again with its key.
    async fn resolve(&mut self, commands: Vec<Pending>, error: StoreError) {
        let keys = batch::keys(&commands);
        let known = match self.session.begin().await {
            Ok(_) => {
                let found = self.session.outcomes(&keys).await.unwrap_or_default();
                if let Err(error) = self.session.rollback().await {
                    tracing::warn!(%error, "could not end a look-up of outcomes");
                }
                found
            }
            Err(_) => Vec::new(),
        };
        let feed = *self.shared.feed.borrow();
        for pending in commands {
            let row = known.iter().find(|row| Some(&row.key) == pending.request.key.as_ref());
            let result = match row {
                Some(row) if row.fingerprint == pending.request.fingerprint => Ok(Answer {
                    outcome: row.outcome.clone(),
                    op: row.id,
                    replayed: row.id != pending.request.op,
                    feed,
                }),
                Some(_) => Err(SubmitError::Mismatch),
                None => Err(SubmitError::from(error.clone())),
            };
            let _gone = pending.reply.send(result);
        }
    }
}

/// Waits for the first command and takes what else is there. False when no more will come.
async fn fill(receiver: &mut mpsc::Receiver<Pending>, into: &mut Vec<Pending>, limit: usize) -> bool {
    receiver.recv_many(into, limit).await > 0
}
