//! Measures what stands in the database, every few seconds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use onhand_rules::job::{JobState, LANES, kind_name, lane_of};
use onhand_rules::retry::class_name;
use onhand_rules::setting::Setting;
use onhand_rules::shop::ShopState;
use onhand_rules::{Millis, ShopId};

use super::Shared;
use super::claim::within;
use super::gates::Door;
use crate::telemetry::{BucketLabels, DeadLabels, LaneLabels, OneLane, QueueMetrics, ShopLabels};

/// Between two measurements there are so many times as long as one takes.
const REST: u32 = 20;

pub(super) async fn run(shared: Arc<Shared>, every: Duration) {
    let mut stop = shared.stop.subscribe();
    while stop.borrow_and_update().is_none() {
        let begun = Instant::now();
        if let Err(why) = measure(&shared).await {
            tracing::debug!(why, "the queue cannot be measured now");
        }
        tokio::select! {
            // Counting a long queue, or one whose rows cannot be cleaned away, must not be what the database does.
            () = tokio::time::sleep(every.max(begun.elapsed() * REST)) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn measure(shared: &Shared) -> Result<(), String> {
    let reads = shared.engine.reads();
    let metrics = &shared.engine.metrics().queue;
    let now = within(reads.now()).await?;
    let shops = within(reads.shops()).await?;
    let codes: HashMap<ShopId, String> = shops.iter().map(|shop| (shop.id, shop.code.clone())).collect();
    metrics.name_shops(&codes);
    let counts = within(reads.job_counts()).await?;
    of_lanes(metrics, &counts, &codes, now);
    for (lane, _) in LANES {
        let used = shared.table.used().get(lane).copied().unwrap_or(0);
        metrics.slots_used.get_or_create(&OneLane { lane }).set(i64::from(used));
    }
    metrics.dead.clear();
    for group in within(reads.dead_groups()).await? {
        let labels = DeadLabels { kind: kind_name(group.kind), outcome: class_name(group.class).to_owned() };
        // Several codes have one class.
        metrics.dead.get_or_create(&labels).inc_by(group.count);
    }
    let staleness: HashMap<ShopId, (i64, Millis)> =
        within(reads.staleness()).await?.into_iter().map(|row| (row.shop, (row.dirty, row.oldest))).collect();
    for shop in &shops {
        let labels = ShopLabels { shop: shop.code.clone() };
        metrics.shop_connected.get_or_create(&labels).set(i64::from(shop.state == ShopState::Connected));
        let breaker = match Door::of(shop, now) {
            _ if shop.health.open_until.is_none() => 0,
            Door::HalfOpen => 2,
            _ => 1,
        };
        metrics.breaker.get_or_create(&labels).set(breaker);
        let (dirty, oldest) = staleness.get(&shop.id).copied().unwrap_or((0, now));
        metrics.dirty.get_or_create(&labels).set(dirty);
        metrics.staleness_seconds.get_or_create(&labels).set(seconds(now - oldest));
    }
    for (key, value) in within(reads.settings("bucket:")).await? {
        let (Setting::Bucket(bucket), Some((shop, endpoint))) = (value, bucket_of(&key)) else { continue };
        let labels = BucketLabels { shop: name_of(&codes, shop), endpoint: endpoint.to_owned() };
        metrics
            .bucket_blocked_seconds
            .get_or_create(&labels)
            .set(seconds((bucket.blocked_until - now).max(0)));
    }
    Ok(())
}

/// The shop and the endpoint of a bucket's key.
pub(super) fn bucket_of(key: &str) -> Option<(ShopId, &str)> {
    let (shop, endpoint) = key.strip_prefix("bucket:")?.split_once(':')?;
    Some((ShopId(shop.parse().ok()?), endpoint))
}

fn of_lanes(
    metrics: &QueueMetrics,
    counts: &[onhand_store::JobCount],
    codes: &HashMap<ShopId, String>,
    now: Millis,
) {
    // (ready, running, oldest due)
    let mut sums: BTreeMap<(&'static str, String), (i64, i64, Millis)> = BTreeMap::new();
    for (lane, _) in LANES {
        sums.insert((lane, String::new()), (0, 0, now));
    }
    for count in counts {
        let shop = count.shop.map_or_else(String::new, |shop| name_of(codes, shop));
        let sum = sums.entry((lane_of(count.kind), shop)).or_insert((0, 0, now));
        match count.state {
            JobState::Ready => {
                sum.0 += count.count;
                sum.2 = sum.2.min(count.oldest_run_at);
            }
            JobState::Running => sum.1 += count.count,
        }
    }
    // A shop that has no jobs any more has no rows.
    metrics.ready.clear();
    metrics.running.clear();
    metrics.oldest_seconds.clear();
    for ((lane, shop), (ready, running, oldest)) in sums {
        let labels = LaneLabels { lane, shop };
        metrics.ready.get_or_create(&labels).set(ready);
        metrics.running.get_or_create(&labels).set(running);
        metrics.oldest_seconds.get_or_create(&labels).set(seconds(now - oldest));
    }
}

fn name_of(codes: &HashMap<ShopId, String>, shop: ShopId) -> String {
    codes.get(&shop).cloned().unwrap_or_else(|| shop.0.to_string())
}

fn seconds(millis: Millis) -> f64 {
    millis as f64 / 1_000.0
}
