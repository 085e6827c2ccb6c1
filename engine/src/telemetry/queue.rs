//! Measures of the queue and of the pushes.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use onhand_rules::job::{kind_name, lane_of};
use onhand_rules::{Millis, ShopId};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use super::pace::Pace;

/// A gauge of seconds.
pub type Seconds = Gauge<f64, AtomicU64>;

/// Pushes of one shop that are remembered for the quantiles.
const REMEMBERED: usize = 4_096;

/// Jobs by lane and shop.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct LaneLabels {
    /// Name of the lane.
    pub lane: &'static str,
    /// Code of the shop; empty for none.
    pub shop: String,
}

/// Attempts by lane, kind, shop and outcome.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AttemptLabels {
    /// Name of the lane.
    pub lane: &'static str,
    /// Name of the kind.
    pub kind: &'static str,
    /// Code of the shop; empty for none, its number until the gauges have looked once.
    pub shop: String,
    /// `done`, `obsolete`, `snoozed`, or the class of the failure.
    pub outcome: String,
}

/// Dead jobs by kind and class.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct DeadLabels {
    /// Name of the kind.
    pub kind: &'static str,
    /// Class of the failure.
    pub outcome: String,
}

/// Of one lane.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct OneLane {
    /// Name of the lane.
    pub lane: &'static str,
}

/// Of one shop.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ShopLabels {
    /// Code of the shop.
    pub shop: String,
}

/// Of one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct BucketLabels {
    /// Code of the shop.
    pub shop: String,
    /// The endpoint.
    pub endpoint: String,
}

/// One part of the way of a push.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PushLabels {
    /// Code of the shop.
    pub shop: String,
    /// `wait`, `limit`, `network` or `total`.
    pub part: &'static str,
}

/// Of one schedule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ScheduleLabels {
    /// Name of the schedule without its shop.
    pub schedule: String,
}

/// How long one acknowledged push took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushTimes {
    /// From the cause to the claim.
    pub wait_ms: Millis,
    /// Waiting for the rate limit.
    pub limit_ms: Millis,
    /// Until they answered.
    pub network_ms: Millis,
    /// From the cause to the answer.
    pub total_ms: Millis,
}

/// The measures. Cloning shares them.
#[derive(Debug, Clone)]
pub struct QueueMetrics {
    /// Jobs that wait, due or not.
    pub ready: Family<LaneLabels, Gauge>,
    /// Seconds that the oldest due job has waited.
    pub oldest_seconds: Family<LaneLabels, Seconds>,
    /// Jobs under a lease, in the whole fleet.
    pub running: Family<LaneLabels, Gauge>,
    /// Jobs that this process runs.
    pub slots_used: Family<OneLane, Gauge>,
    /// Dead jobs that nobody has replayed or discarded.
    pub dead: Family<DeadLabels, Gauge>,
    /// Seconds from when a job was due to its claim.
    pub claim_seconds: Family<OneLane, Histogram>,
    /// Jobs in one claim.
    pub claim_size: Histogram,
    /// Attempts that ended.
    pub attempts: Family<AttemptLabels, Counter>,
    /// Codes of the shops, as the gauges last read them.
    codes: Arc<RwLock<HashMap<ShopId, String>>>,
    /// Ends that came after the lease was lost: they counted for nothing.
    pub stale_finishes: Counter,
    /// Leases of ours that another one took over while we worked.
    pub leases_lost: Counter,
    /// Jobs whose lost lease was taken back.
    pub rescues: Counter,
    /// Jobs whose lease or deadline had passed at the last look and that nobody had taken back yet.
    pub stuck: Gauge,
    /// Seconds that requests waited for the rate limit.
    pub limit_seconds: Histogram,
    /// Seconds until the marketplace's block of a bucket ends; 0 when it is open.
    pub bucket_blocked_seconds: Family<BucketLabels, Seconds>,
    /// 0: closed, 1: open, 2: half-open.
    pub breaker: Family<ShopLabels, Gauge>,
    /// 1 while we may talk to the shop.
    pub shop_connected: Family<ShopLabels, Gauge>,
    /// Listings with something to be told.
    pub dirty: Family<ShopLabels, Gauge>,
    /// Seconds since the oldest change that a shop was not told yet.
    pub staleness_seconds: Family<ShopLabels, Seconds>,
    /// Seconds of acknowledged pushes, by shop and part.
    pub push_seconds: Family<PushLabels, Histogram>,
    /// Events that the publisher has not looked at.
    pub publisher_lag: Gauge,
    /// Listings that the publisher marked.
    pub published: Counter,
    /// Schedules that this process fired.
    pub fired: Family<ScheduleLabels, Counter>,
    /// Seconds that the last schedule fired late.
    pub schedule_lag_seconds: Seconds,
    /// What ended in the last minute.
    pub pace: Pace,
    recent: Arc<Mutex<BTreeMap<String, VecDeque<PushTimes>>>>,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.000_5, 2.0, 20))
}

impl Default for QueueMetrics {
    fn default() -> Self {
        Self {
            ready: Family::default(),
            oldest_seconds: Family::default(),
            running: Family::default(),
            slots_used: Family::default(),
            dead: Family::default(),
            claim_seconds: Family::new_with_constructor(seconds),
            claim_size: Histogram::new(exponential_buckets(1.0, 2.0, 12)),
            attempts: Family::default(),
            codes: Arc::default(),
            stale_finishes: Counter::default(),
            leases_lost: Counter::default(),
            rescues: Counter::default(),
            stuck: Gauge::default(),
            limit_seconds: seconds(),
            bucket_blocked_seconds: Family::default(),
            breaker: Family::default(),
            shop_connected: Family::default(),
            dirty: Family::default(),
            staleness_seconds: Family::default(),
            push_seconds: Family::new_with_constructor(seconds),
            publisher_lag: Gauge::default(),
            published: Counter::default(),
            fired: Family::default(),
            schedule_lag_seconds: Seconds::default(),
            pace: Pace::default(),
            recent: Arc::default(),
        }
    }
}

impl QueueMetrics {
    /// Makes them visible under their names.
    pub fn register(&self, registry: &mut Registry) {
        let m = self;
        registry.register("onhand_jobs_ready", "Jobs that wait, by lane and shop", m.ready.clone());
        let help = "Seconds that the oldest due job has waited";
        registry.register("onhand_jobs_oldest_seconds", help, m.oldest_seconds.clone());
        registry.register("onhand_jobs_running", "Jobs under a lease", m.running.clone());
        registry.register("onhand_jobs_slots_used", "Jobs that this process runs", m.slots_used.clone());
        registry.register("onhand_jobs_dead", "Dead jobs, by kind and class", m.dead.clone());
        let help = "Seconds from when a job was due to its claim";
        registry.register("onhand_jobs_claim_seconds", help, m.claim_seconds.clone());
        registry.register("onhand_jobs_claim_size", "Jobs in one claim", m.claim_size.clone());
        registry.register(
            "onhand_jobs_attempts",
            "Attempts that ended, by lane, kind, shop and outcome",
            m.attempts.clone(),
        );
        let help = "Ends of attempts that came after the lease was lost";
        registry.register("onhand_jobs_stale_finishes", help, m.stale_finishes.clone());
        let help = "Leases that another process took over while this one worked";
        registry.register("onhand_jobs_leases_lost", help, m.leases_lost.clone());
        registry.register("onhand_jobs_rescues", "Lost leases that were taken back", m.rescues.clone());
        registry.register("onhand_jobs_stuck", "Jobs past their lease at the last look", m.stuck.clone());
        let help = "Seconds that requests waited for the rate limit";
        registry.register("onhand_limit_seconds", help, m.limit_seconds.clone());
        let help = "Seconds until the marketplace's block of an endpoint ends";
        registry.register("onhand_bucket_blocked_seconds", help, m.bucket_blocked_seconds.clone());
        let help = "Circuit breaker of a shop: 0 closed, 1 open, 2 half-open";
        registry.register("onhand_shop_breaker", help, m.breaker.clone());
        let help = "1 while a shop is connected";
        registry.register("onhand_shop_connected", help, m.shop_connected.clone());
        registry.register("onhand_listings_dirty", "Listings with something to be told", m.dirty.clone());
        let help = "Seconds since the oldest change that a shop was not told yet";
        registry.register("onhand_listings_stale_seconds", help, m.staleness_seconds.clone());
        registry.register("onhand_push_seconds", "Time of acknowledged pushes", m.push_seconds.clone());
        let help = "Events that the publisher has not looked at";
        registry.register("onhand_publisher_lag", help, m.publisher_lag.clone());
        registry.register("onhand_published", "Listings that the publisher marked", m.published.clone());
        registry.register("onhand_schedules_fired", "Schedules that fired", m.fired.clone());
        let help = "Seconds that the last schedule fired late";
        registry.register("onhand_schedule_lag_seconds", help, m.schedule_lag_seconds.clone());
    }

    /// Keeps the times of one acknowledged push to the shop with this code.
    pub fn pushed(&self, shop: &str, times: PushTimes) {
        let parts = [
            ("wait", times.wait_ms),
            ("limit", times.limit_ms),
            ("network", times.network_ms),
            ("total", times.total_ms),
        ];
        for (part, value) in parts {
            let labels = PushLabels { shop: shop.to_owned(), part };
            self.push_seconds.get_or_create(&labels).observe(value.max(0) as f64 / 1_000.0);
        }
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let of_shop = recent.entry(shop.to_owned()).or_default();
        if of_shop.len() == REMEMBERED {
            of_shop.pop_front();
        }
        of_shop.push_back(times);
    }

    /// The last pushes of each shop, at most 4,096 of each, oldest first: for exact quantiles.
    #[must_use]
    pub fn recent_pushes(&self) -> Vec<(String, Vec<PushTimes>)> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().map(|(shop, times)| (shop.clone(), times.iter().copied().collect())).collect()
    }

    /// Counts an attempt at a job of this kind (by its number) that ended.
    pub fn attempt(&self, kind: i16, shop: Option<ShopId>, outcome: &str) {
        let (lane, kind) = (lane_of(kind), kind_name(kind));
        self.pace.count(kind, !matches!(outcome, "done" | "obsolete" | "snoozed"));
        let shop = shop.map_or_else(String::new, |shop| self.code_of(shop));
        self.attempts.get_or_create(&AttemptLabels { lane, kind, shop, outcome: outcome.to_owned() }).inc();
    }

    /// What the shops are called from now on.
    pub(crate) fn name_shops(&self, codes: &HashMap<ShopId, String>) {
        self.codes.write().unwrap_or_else(PoisonError::into_inner).clone_from(codes);
    }

    fn code_of(&self, shop: ShopId) -> String {
        let codes = self.codes.read().unwrap_or_else(PoisonError::into_inner);
        codes.get(&shop).cloned().unwrap_or_else(|| shop.0.to_string())
    }
}

/// The value at `share` (0 to 1) of the way through `values`; `None` without any. Sorts them.
#[must_use]
pub fn quantile(values: &mut [Millis], share: f64) -> Option<Millis> {
    values.sort_unstable();
    let last = values.len().checked_sub(1)?;
    // The share is between 0 and 1, so the product fits.
    let at = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
    values.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushes_are_remembered_up_to_a_bound_and_have_quantiles() {
        let metrics = QueueMetrics::default();
        for at in 0..5_000 {
            let times = PushTimes { wait_ms: at, limit_ms: 0, network_ms: 1, total_ms: at + 1 };
            metrics.pushed("shopee-1", times);
        }
        let recent = metrics.recent_pushes();
        assert_eq!((recent.len(), recent[0].1.len()), (1, REMEMBERED));
        assert_eq!(recent[0].1[0].wait_ms, 5_000 - 4_096, "the oldest ones went");
        let mut totals: Vec<Millis> = (0..101).rev().collect();
        assert_eq!(quantile(&mut totals, 0.5), Some(50));
        assert_eq!(quantile(&mut totals, 0.99), Some(99));
        assert_eq!(quantile(&mut [], 0.5), None);
    }
}
