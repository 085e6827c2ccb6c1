//! The runner of jobs: claims what is due, runs it, and ends each attempt by the right of its lease.
//!
//! One claimer a process picks among what is due, never more than there are free slots; a task a job runs it; a heart on
//! a thread of its own renews the leases and takes back what others lost; a finisher ends attempts in batches and frees
//! a slot only when its end is durable. The contract is at-least-once, with late finishers rejected (`docs/queue.md`).

mod clock;
mod lease;
mod signals;

use async_trait::async_trait;
use onhand_rules::commands::queue::End;
use onhand_rules::{Job, Millis};

pub(crate) use clock::LedgerClock;
pub use lease::LeaseGuard;
pub(crate) use lease::millis;
pub(crate) use signals::{News, Signals};

/// How a handler ended an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The runner ends the job so.
    End(End),
    /// The handler has ended it, in a transaction of its own (`RecordPush`).
    AlreadyEnded,
}

impl Ended {
    /// Well.
    #[must_use]
    pub fn done() -> Self {
        Self::End(End::Done { outcome: "done".to_owned() })
    }

    /// There is nothing to do any more.
    #[must_use]
    pub fn obsolete() -> Self {
        Self::End(End::Done { outcome: "obsolete".to_owned() })
    }

    /// Not now, and nothing happened.
    #[must_use]
    pub fn snooze(until: Millis) -> Self {
        Self::End(End::Snooze { until })
    }
}

impl From<End> for Ended {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

/// What the timers must know about a marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelTimes {
    /// Whether lost webhooks can be fetched.
    pub recovers_webhooks: bool,
    /// How long before its end an access token is refreshed, in milliseconds.
    pub refresh_before_ms: Millis,
}

impl Default for ChannelTimes {
    fn default() -> Self {
        Self { recovers_webhooks: false, refresh_before_ms: 30 * 60_000 }
    }
}

/// What jobs do. The runner knows nothing of marketplaces.
#[async_trait]
pub trait Handlers: Send + Sync + 'static {
    /// Runs one attempt. It may be dropped at any await when the lease is lost or the deadline passes; a panic counts as a
    /// crash. Before each effect on others, [`LeaseGuard::remaining`] says whether it may still happen.
    async fn run(&self, job: &Job, lease: &LeaseGuard) -> Ended;

    /// What the timers must know about a marketplace by its name (`shopee`, …).
    fn times(&self, _channel: &str) -> ChannelTimes {
        ChannelTimes::default()
    }
}
