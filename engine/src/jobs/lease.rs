//! What a handler holds while it runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onhand_rules::{Job, JobId, Millis};
use tokio::sync::watch;

use super::slots::SlotSource;

/// What came of a request must be durable before the lease or the attempt ends: this long is kept for that. A marketplace
/// that says nothing is so a failure of the network, which is tried again by its class, and never a job that did not end.
const KEEPING: Duration = Duration::from_secs(2);

/// The right to run one attempt. Judged on the monotonic clock, from before the claim or heartbeat was sent, so that it
/// ends here not later than in the database.
#[derive(Debug, Clone)]
pub struct LeaseGuard {
    job: JobId,
    number: i64,
    claimed_at: Millis,
    deadline: Instant,
    until: Arc<Mutex<Instant>>,
    lost: watch::Receiver<bool>,
    ending: Arc<AtomicBool>,
    slots: SlotSource,
}

/// The other side of a [`LeaseGuard`]: the heart renews it or gives it up.
#[derive(Debug)]
pub(super) struct LeaseKeeper {
    until: Arc<Mutex<Instant>>,
    lost: watch::Sender<bool>,
    ending: Arc<AtomicBool>,
}

impl LeaseGuard {
    /// A lease of `job` with this number that was asked for at `asked` (for `lease` long) and given at `claimed_at`.
    pub(super) fn new(
        job: &Job,
        number: i64,
        asked: Instant,
        claimed_at: Millis,
        lease: Duration,
    ) -> (Self, LeaseKeeper) {
        let until = Arc::new(Mutex::new(asked + lease));
        let (sender, lost) = watch::channel(false);
        let deadline = asked + millis(job.body.deadline_ms());
        let ending = Arc::new(AtomicBool::new(false));
        let keeper = LeaseKeeper { until: until.clone(), lost: sender, ending: ending.clone() };
        let slots = SlotSource::default();
        (Self { job: job.id, number, claimed_at, deadline, until, lost, ending, slots }, keeper)
    }

    /// The same, with a runner in whose slots the pushes may begin that it makes.
    pub(super) fn with_slots(self, slots: SlotSource) -> Self {
        Self { slots, ..self }
    }

    /// Where pushes may begin in the commit that makes them.
    pub(crate) fn slots(&self) -> &SlotSource {
        &self.slots
    }

    /// A lease that nobody renews, for running a handler without a runner.
    #[must_use]
    pub fn detached(job: &Job, claimed_at: Millis) -> Self {
        let all = millis(job.body.deadline_ms());
        Self::new(job, job.lease_number, Instant::now(), claimed_at, all).0
    }

    /// The job and the number of the lease, as `RecordPush` and `FinishJobs` want them.
    #[must_use]
    pub fn key(&self) -> (JobId, i64) {
        (self.job, self.number)
    }

    /// When it was claimed. Ledger clock, estimated to a few milliseconds.
    #[must_use]
    pub fn claimed_at(&self) -> Millis {
        self.claimed_at
    }

    /// For how long the attempt may still have effects on others: until the end of the lease or of its time, whichever is
    /// first; zero when the lease is lost. A request must end within it (Q5).
    #[must_use]
    pub fn remaining(&self) -> Duration {
        if *self.lost.borrow() {
            return Duration::ZERO;
        }
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.min(self.deadline).saturating_duration_since(Instant::now())
    }

    /// For how long a request of the attempt may last: what [`remaining`](Self::remaining) says now, less the time that it
    /// takes to keep what came of it. Asked anew for each request, because the heart renews the lease meanwhile.
    #[must_use]
    pub fn for_requests(&self) -> Duration {
        self.remaining().saturating_sub(KEEPING)
    }

    /// The handler ends the attempt itself, in a command that names the lease: from here on the heart may find it ended,
    /// which is no loss, and the command says whether it was.
    pub fn ending(&self) {
        self.ending.store(true, Ordering::Release);
    }

    /// The end of its time, whatever the heartbeat says.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.deadline
    }
}

impl LeaseKeeper {
    /// Good until then.
    pub(super) fn renew(&self, until: Instant) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    /// Whether the handler ends the attempt itself by now.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    /// Another one has it.
    pub(super) fn lose(&self) {
        self.lost.send_replace(true);
    }
}

/// Milliseconds of the rules as a duration; negative ones are none.
pub(crate) fn millis(value: Millis) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}
