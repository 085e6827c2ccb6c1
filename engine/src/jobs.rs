//! The runner of jobs: claims what is due, runs it, and ends each attempt by the right of its lease.
//!
//! One claimer a process picks among what is due, never more than there are free slots; a task a job runs it; a heart on
//! a thread of its own renews the leases; a rescuer takes back what others lost; a finisher ends attempts in batches and
//! frees a slot only when its end is durable. The contract is at-least-once, with late finishers rejected
//! (`docs/queue.md`).

#[cfg(test)]
mod a_shop;
mod claim;
mod clock;
mod finish;
mod gates;
mod gauges;
mod heart;
mod lease;
mod rescue;
mod runner;
mod signals;
mod slots;
mod table;

use std::time::Duration;

use async_trait::async_trait;
use onhand_rules::commands::queue::End;
use onhand_rules::{Job, Millis, Shop};

#[cfg(test)]
pub(crate) use a_shop::a_shop;
pub(crate) use claim::within;
pub(crate) use clock::LedgerClock;
pub use lease::LeaseGuard;
pub(crate) use lease::millis;
pub(crate) use runner::Shared;
pub use runner::{Runner, RunnerHandle};
pub(crate) use signals::{News, Signals};
pub(crate) use slots::HeldSlots;

/// How the runner runs.
#[derive(Debug, Clone)]
pub struct RunnerSettings {
    /// Concurrency of lanes that have no row of settings (`lane:NAME`) and are not as [`onhand_rules::job::LANES`] says.
    pub lanes: Vec<(String, u32)>,
    /// How long a lease lasts without a heartbeat.
    pub lease: Duration,
    /// How often leases are renewed.
    pub beat: Duration,
    /// About how often lost leases are looked for.
    pub rescue_every: Duration,
    /// Jobs in one claim at most.
    pub claim_max: usize,
    /// Whether commits of this process wake it. Off, it only polls, which suffices (Q15).
    pub hints: bool,
    /// Whether changes of stock become pushes here.
    pub publish: bool,
    /// Whether schedules fire here.
    pub timers: bool,
    /// How often the gauges are measured; `None` for never.
    pub gauges_every: Option<Duration>,
}

impl Default for RunnerSettings {
    fn default() -> Self {
        Self {
            lanes: Vec::new(),
            lease: Duration::from_secs(30),
            beat: Duration::from_secs(10),
            rescue_every: Duration::from_secs(1),
            claim_max: 500,
            hints: true,
            publish: true,
            timers: true,
            gauges_every: Some(Duration::from_secs(5)),
        }
    }
}

/// How a handler ended an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The runner ends the job so.
    End(End),
    /// The handler has ended it so, in a transaction of its own (`RecordPush`).
    AlreadyEnded(End),
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
    /// The share of its life after which an access token is refreshed, in percent.
    pub refresh_at_percent: i64,
}

impl Default for ChannelTimes {
    fn default() -> Self {
        Self { recovers_webhooks: false, refresh_at_percent: 75 }
    }
}

/// So long before its end an access token is refreshed of which nobody noted when it began.
const REFRESH_BEFORE_MS: Millis = 30 * 60_000;

impl ChannelTimes {
    /// When the access token of this shop is to be refreshed. Ledger clock.
    pub(crate) fn refresh_due(&self, shop: &Shop) -> Millis {
        let (since, until) = (shop.health.granted_at, shop.access_until);
        if since <= 0 || since >= until {
            return until - REFRESH_BEFORE_MS;
        }
        since + (until - since) / 100 * self.refresh_at_percent
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

/// How long to wait after so many failures in a row: from 50 ms, doubling, to 2 s, for ever (Q17).
pub(crate) fn backoff(failures: u32) -> Duration {
    let longest = Duration::from_secs(2);
    let delay = Duration::from_millis(50).saturating_mul(1 << failures.clamp(1, 7).saturating_sub(1));
    delay.min(longest).mul_f64(0.75 + f64::from(crate::ids::chance()) / 131_072.0)
}

#[cfg(test)]
mod tests {
    use onhand_rules::shop::ShopState;

    use super::{ChannelTimes, a_shop};

    #[test]
    fn a_token_is_refreshed_after_a_share_of_its_life() {
        const HOUR: i64 = 3_600_000;
        let times = |refresh_at_percent| ChannelTimes { refresh_at_percent, ..ChannelTimes::default() };
        let mut shop = a_shop(1, ShopState::Connected, None);
        shop.access_until = 24 * HOUR;
        assert_eq!(times(75).refresh_due(&shop), 24 * HOUR - HOUR / 2, "of a grant of an older program");
        shop.health.granted_at = 20 * HOUR;
        assert_eq!(times(75).refresh_due(&shop), 23 * HOUR, "Shopee: three of four hours");
        shop.access_until = (20 + 7 * 24) * HOUR;
        let after = times(85).refresh_due(&shop) - shop.health.granted_at;
        assert!((142 * HOUR..144 * HOUR).contains(&after), "TikTok Shop: about six of seven days");
    }
}
