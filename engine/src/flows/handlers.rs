//! The flows as the runner sees them.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use onhand_rules::{Job, ShopId};

use super::{Attempt, FlowEnd, Flows, Limits, Pace};
use crate::jobs::{ChannelTimes, Ended, Handlers, LeaseGuard};
use crate::ledger::Engine;
use crate::limiter::{Limit, Limiter, Permit};
use crate::telemetry::PushTimes;

#[async_trait]
impl Handlers for Flows {
    async fn run(&self, job: &Job, lease: &LeaseGuard) -> Ended {
        let (_, number) = lease.key();
        let attempt = Attempt { job, lease: number, guard: lease, claimed_at: lease.claimed_at() };
        match Flows::run(self, attempt).await {
            FlowEnd::End(end) => Ended::End(end),
            FlowEnd::Ended(end) => Ended::AlreadyEnded(end),
        }
    }

    fn times(&self, channel: &str) -> ChannelTimes {
        let Some(outlet) = self.outlets().get(channel) else { return ChannelTimes::default() };
        let facts = outlet.channel.facts();
        #[expect(clippy::cast_possible_truncation, reason = "a share of a whole, written in our own tables")]
        let refresh_at_percent = (facts.refresh_at * 100.0).round() as i64;
        ChannelTimes { recovers_webhooks: facts.lost_webhooks, refresh_at_percent }
    }
}

/// The limits of this process, and its measures.
pub struct SharedLimits {
    engine: Engine,
    limiter: Limiter,
}

impl SharedLimits {
    /// Kept in the database behind `engine`. One for a process.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { limiter: Limiter::new(engine.clone()), engine }
    }
}

#[async_trait]
impl Limits for SharedLimits {
    async fn acquire(&self, shop: ShopId, endpoint: &str, rate: i64, burst: i64, patience_ms: i64) -> Pace {
        let patience = Duration::from_millis(u64::try_from(patience_ms).unwrap_or(0));
        let limit = Limit { rate, burst };
        match self.limiter.acquire(shop, endpoint, limit, Instant::now() + patience).await {
            Permit::Granted { waited_ms } => Pace::Go { waited_ms },
            Permit::Wait { until } => Pace::Wait { until },
        }
    }

    async fn charge(&self, shop: ShopId, endpoint: &str, rate: i64, burst: i64, more: u32) {
        self.limiter.charge(shop, endpoint, Limit { rate, burst }, more).await;
    }

    async fn has_room(&self, shop: ShopId, endpoint: &str, rate: i64, burst: i64) -> bool {
        self.limiter.has_room(shop, endpoint, Limit { rate, burst }).await
    }

    async fn throttled(&self, shop: ShopId, endpoint: &str, retry_after_ms: Option<i64>) {
        self.limiter.throttled(shop, endpoint, retry_after_ms).await;
    }

    async fn answered(&self, shop: ShopId, endpoint: &str) {
        self.limiter.answered(shop, endpoint).await;
    }

    fn pushed(&self, shop: &str, wait_ms: i64, limit_ms: i64, network_ms: i64) {
        self.engine.metrics().queue.pushed(
            shop,
            PushTimes { wait_ms, limit_ms, network_ms, total_ms: wait_ms + limit_ms + network_ms },
        );
    }
}
