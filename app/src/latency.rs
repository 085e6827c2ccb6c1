//! How long requests take, in bounded memory: buckets whose width grows with the value, 3 % wide at most.

use std::time::Duration;

use serde::Serialize;

/// Buckets for each doubling.
const STEPS: u64 = 32;
const BUCKETS: usize = 32 * 40;

/// Counts of durations in microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Latency {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

/// The figures that are printed.
#[derive(Debug, Clone, Serialize, PartialEq)]
pub(crate) struct Percentiles {
    pub(crate) count: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: 0 }
    }
}

fn bucket_of(micros: u64) -> usize {
    if micros < STEPS {
        return usize::try_from(micros).unwrap_or_default();
    }
    let doubling = u64::from(micros.ilog2()) - u64::from(STEPS.ilog2());
    let inside = (micros >> doubling) - STEPS;
    usize::try_from(STEPS + doubling * STEPS + inside).unwrap_or(BUCKETS - 1)
}

/// The highest value that falls into a bucket.
fn top_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < STEPS {
        return bucket;
    }
    let (doubling, inside) = ((bucket - STEPS) / STEPS, (bucket - STEPS) % STEPS);
    ((STEPS + inside + 1) << doubling) - 1
}

impl Latency {
    pub(crate) fn record(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.buckets.get_mut(bucket_of(micros).min(BUCKETS - 1)) {
            *count += 1;
        }
        self.count += 1;
        self.max = self.max.max(micros);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Microseconds that `permille` of 1,000 did not exceed.
    fn quantile(&self, permille: u64) -> u64 {
        let rank = (self.count * permille).div_ceil(1000).max(1);
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return top_of(bucket).min(self.max);
            }
        }
        self.max
    }

    pub(crate) fn percentiles(&self) -> Percentiles {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of years fit into 53 bits")]
        let millis = |micros: u64| micros as f64 / 1000.0;
        Percentiles {
            count: self.count,
            p50_ms: millis(self.quantile(500)),
            p95_ms: millis(self.quantile(950)),
            p99_ms: millis(self.quantile(990)),
            max_ms: millis(self.max),
        }
    }
}

impl std::fmt::Display for Percentiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "p50 {:.2} ms, p95 {:.2} ms, p99 {:.2} ms, max {:.2} ms",
            self.p50_ms, self.p95_ms, self.p99_ms, self.max_ms
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_the_width_of_a_bucket() {
        let mut latency = Latency::default();
        for micros in 1..=100_000 {
            latency.record(Duration::from_micros(micros));
        }
        let figures = latency.percentiles();
        assert_eq!(figures.count, 100_000);
        for (got, wanted) in [(figures.p50_ms, 50.0), (figures.p95_ms, 95.0), (figures.p99_ms, 99.0)] {
            assert!((got - wanted).abs() / wanted < 0.04, "{got} for {wanted}");
        }
        assert!((figures.max_ms - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn every_bucket_ends_where_the_next_begins() {
        for bucket in 0..BUCKETS - 1 {
            assert_eq!(bucket_of(top_of(bucket)), bucket);
            assert_eq!(bucket_of(top_of(bucket) + 1), bucket + 1);
        }
    }

    #[test]
    fn nothing_recorded_is_zero() {
        assert!(Latency::default().percentiles().p99_ms.abs() < f64::EPSILON);
    }
}
