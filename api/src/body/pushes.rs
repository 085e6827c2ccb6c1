//! What marketplaces were told, and how long it took.

use onhand_engine::telemetry::{PushTimes, quantile};
use onhand_rules::EventBody;
use onhand_store::EventRow;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::time::Time;

/// Upper ends of the histogram, in milliseconds.
const UP_TO_MS: [i64; 15] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

/// A figure that a marketplace has acknowledged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Push)]
pub(crate) struct PushView {
    /// Always `push`.
    #[schema(example = "push")]
    object: &'static str,
    /// The number of its event.
    pub(crate) number: i64,
    /// Code of the shop.
    shop: String,
    /// Number of the listing.
    listing_id: i64,
    /// Code of the SKU.
    sku: String,
    /// What the marketplace had acknowledged before.
    from: Option<i64>,
    /// What it acknowledged.
    to: i64,
    /// When the stock changed that it follows from.
    cause_at: Time,
    /// When its job was put into the queue.
    enqueued_at: Option<Time>,
    /// When the request was sent.
    sent_at: Option<Time>,
    /// When the marketplace answered.
    answered_at: Option<Time>,
    /// When that was kept here.
    at: Time,
    /// In the queue and in our hands, in milliseconds.
    wait_ms: i64,
    /// Waiting for the rate limit, in milliseconds.
    limit_ms: i64,
    /// The marketplace's answer, in milliseconds.
    network_ms: i64,
    /// All together, in milliseconds.
    total_ms: i64,
}

impl PushView {
    /// The push that an event tells of, if it is one that is asked for.
    pub(crate) fn of(row: EventRow, query: &PushQuery) -> Option<Self> {
        let EventBody::ListingPushed {
            listing,
            shop,
            sku,
            quantity,
            before,
            cause_at,
            enqueued_at,
            sent_at,
            answered_at,
            wait_ms,
            limit_ms,
            network_ms,
            total_ms,
        } = row.body
        else {
            return None;
        };
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let of_listing = query.listing.is_none_or(|wanted| wanted == listing);
        let asked_for = of_listing && is(&query.shop, &shop) && is(&query.sku, &sku);
        // Pushes that were kept by an older program do not know all times.
        let known = |at: i64| (at > 0).then_some(Time(at));
        asked_for.then(|| Self {
            object: "push",
            number: row.number,
            shop,
            listing_id: listing,
            sku,
            from: before,
            to: quantity,
            cause_at: Time(cause_at),
            enqueued_at: known(enqueued_at),
            sent_at: known(sent_at),
            answered_at: known(answered_at),
            at: Time(row.at),
            wait_ms,
            limit_ms,
            network_ms,
            total_ms,
        })
    }
}

/// Which pushes.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PushQuery {
    /// Only to the shop with this code.
    pub(crate) shop: Option<String>,
    /// Only of this SKU.
    pub(crate) sku: Option<String>,
    /// Only of the listing with this number.
    pub(crate) listing: Option<i64>,
    /// Rows of the page at most; a page may have fewer and still have a next one, because it ends when so many events
    /// were looked at.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}

/// Which latencies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LatencyQuery {
    /// Only of the shop with this code.
    pub(crate) shop: Option<String>,
    /// How many of the most recent pushes are told one by one; 20 when nobody says.
    #[param(minimum = 0, maximum = 200)]
    pub(crate) recent: Option<u32>,
}

/// Times of one part of the way, in milliseconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quantiles {
    /// Half of the pushes took at most this.
    p50_ms: i64,
    /// 95 of 100.
    p95_ms: i64,
    /// 99 of 100.
    p99_ms: i64,
}

/// Pushes that took at most so long, and longer than the row before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Bar {
    /// Milliseconds; nothing in the last row, which has the rest.
    up_to_ms: Option<i64>,
    /// How many.
    count: usize,
}

/// How long pushes took.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Latency {
    /// Code of the shop; nothing for all together.
    shop: Option<String>,
    /// How many pushes are in it.
    count: usize,
    /// From the change of stock to the marketplace's answer.
    total: Option<Quantiles>,
    /// In the queue and in our hands.
    wait: Option<Quantiles>,
    /// Waiting for the rate limit.
    limit: Option<Quantiles>,
    /// The marketplace's answer.
    network: Option<Quantiles>,
    /// How the whole time is spread.
    histogram: Vec<Bar>,
}

pub(crate) fn quantiles(times: &[PushTimes], part: fn(&PushTimes) -> i64) -> Option<Quantiles> {
    let mut values: Vec<i64> = times.iter().map(part).collect();
    let mut at = |share: f64| quantile(&mut values, share);
    Some(Quantiles { p50_ms: at(0.5)?, p95_ms: at(0.95)?, p99_ms: at(0.99)? })
}

impl Latency {
    pub(crate) fn of(shop: Option<String>, times: &[PushTimes]) -> Self {
        let mut counts = [0_usize; UP_TO_MS.len() + 1];
        for time in times {
            let place = UP_TO_MS.partition_point(|up_to| *up_to < time.total_ms);
            if let Some(count) = counts.get_mut(place) {
                *count += 1;
            }
        }
        let ends = UP_TO_MS.into_iter().map(Some).chain([None]);
        let histogram = ends.zip(counts).map(|(up_to_ms, count)| Bar { up_to_ms, count }).collect();
        Self {
            shop,
            count: times.len(),
            total: quantiles(times, |time| time.total_ms),
            wait: quantiles(times, |time| time.wait_ms),
            limit: quantiles(times, |time| time.limit_ms),
            network: quantiles(times, |time| time.network_ms),
            histogram,
        }
    }
}

/// How long the last pushes took, at most 4,096 to each shop, in the process that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PushLatency {
    /// Always `push_latency`.
    #[schema(example = "push_latency")]
    pub(crate) object: &'static str,
    /// All shops together.
    pub(crate) all: Latency,
    /// Each shop that was told something since the start of the process.
    pub(crate) shops: Vec<Latency>,
    /// The most recent pushes of the whole fleet, newest first, among the last 5,000 events.
    pub(crate) recent: Vec<PushView>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_push_stands_in_one_bar() {
        let time = |total_ms| PushTimes { wait_ms: 1, limit_ms: 0, network_ms: 2, total_ms };
        let times: Vec<PushTimes> = [0, 1, 2, 3, 60_000, 60_001, i64::MAX].map(time).into();
        let latency = Latency::of(None, &times);
        let counts: Vec<usize> = latency.histogram.iter().map(|bar| bar.count).collect();
        assert_eq!(counts, [2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!(latency.histogram.last().map(|bar| bar.up_to_ms), Some(None));
        assert_eq!(latency.total.map(|total| (total.p50_ms, total.p99_ms)), Some((3, i64::MAX)));
        assert_eq!(Latency::of(None, &[]).total.map(|total| total.p50_ms), None);
    }
}
