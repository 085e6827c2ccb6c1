//! Medians, percentiles and how numbers are written.

use std::time::Duration;

/// The middle one; of an even number, the lower of the two in the middle. 0 of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}

/// What `share` of all are at most; 0 of none.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

/// Durations in buckets of about 3 %, so that taking one costs a nanosecond and a million of them no memory.
#[derive(Debug, Clone)]
pub(crate) struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

/// Buckets for each doubling.
const STEPS: u64 = 32;

impl Latencies {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; 64 * STEPS as usize], total: 0 }
    }

    pub(crate) fn add(&mut self, took: Duration) {
        let micros = (took.as_nanos() as u64 / 1_000).max(1);
        self.counts[Self::bucket(micros)] += 1;
        self.total += 1;
    }

    fn bucket(micros: u64) -> usize {
        if micros < STEPS {
            return micros as usize;
        }
        let doublings = 63 - u64::from(micros.leading_zeros()) - STEPS.trailing_zeros() as u64;
        (doublings * STEPS + (micros >> doublings)) as usize
    }

    /// The upper edge of a bucket, in microseconds.
    fn edge(bucket: usize) -> u64 {
        let bucket = bucket as u64;
        if bucket < 2 * STEPS {
            return bucket;
        }
        let doublings = bucket / STEPS - 1;
        (((bucket - doublings * STEPS) + 1) << doublings) - 1
    }

    /// In milliseconds: what `share` of all took at most.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted.max(1) {
                return Self::edge(bucket) as f64 / 1_000.0;
            }
        }
        0.0
    }

    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}

/// Three significant digits at most, thousands separated: `152,000`, `3.14`.
pub(crate) fn short(value: f64) -> String {
    if value <= 0.0 {
        return "0".to_owned();
    }
    let digits = value.log10().floor() as i32;
    if digits >= 2 {
        let unit = 10f64.powi(digits - 2);
        return thousands(((value / unit).round() * unit) as u64);
    }
    let decimals = usize::try_from(2 - digits).unwrap_or(0).min(3);
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// With separators.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_single_values() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 0.5), 50.0);
        assert_eq!(percentile(&values, 0.99), 99.0);
        assert_eq!(percentile(&values, 1.0), 100.0);
        assert_eq!(percentile(&[], 0.5), 0.0);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(151_820.4), "152,000");
        assert_eq!(short(999.6), "1,000");
        assert_eq!(short(6.02214), "6.02");
        assert_eq!(short(0.5), "0.5");
        assert_eq!(short(42.0), "42");
        assert_eq!(short(0.0), "0");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }

    #[test]
    fn percentiles_are_within_a_bucket() {
        let mut latencies = Latencies::new();
        (1..=10_000).for_each(|n| latencies.add(Duration::from_micros(n)));
        for (share, exact) in [(0.5, 5.0), (0.99, 9.9), (1.0, 10.0)] {
            let found = latencies.percentile(share);
            assert!(found >= exact * 0.999 && found <= exact * 1.04, "{share}: {found} for {exact}");
        }
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    }
}
