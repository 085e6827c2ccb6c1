//! How many attempts ended in the last minute: a rate that people look at, without a collector of metrics.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// How far back it looks, in seconds.
const SECONDS: usize = 60;

/// Attempts that ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ended {
    /// All of them.
    pub ended: u64,
    /// Those that failed.
    pub failed: u64,
}

/// Counts by kind and second. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Pace {
    started: Instant,
    ring: Arc<Mutex<Vec<Second>>>,
}

/// What ended in one second since the start.
#[derive(Debug, Clone, Default)]
struct Second {
    number: u64,
    kinds: BTreeMap<&'static str, Ended>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { started: Instant::now(), ring: Arc::new(Mutex::new(vec![Second::default(); SECONDS])) }
    }
}

impl Pace {
    /// Counts an attempt that ended now.
    pub fn count(&self, kind: &'static str, failed: bool) {
        self.count_at(self.started.elapsed().as_secs(), kind, failed);
    }

    fn count_at(&self, number: u64, kind: &'static str, failed: bool) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let place = usize::try_from(number % SECONDS as u64).unwrap_or(0);
        let Some(second) = ring.get_mut(place) else { return };
        if second.number != number {
            *second = Second { number, kinds: BTreeMap::new() };
        }
        let ended = second.kinds.entry(kind).or_default();
        ended.ended += 1;
        ended.failed += u64::from(failed);
    }

    /// By kind, what ended in the last sixty seconds.
    #[must_use]
    pub fn last_minute(&self) -> BTreeMap<&'static str, Ended> {
        self.minute_until(self.started.elapsed().as_secs())
    }

    fn minute_until(&self, number: u64) -> BTreeMap<&'static str, Ended> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums: BTreeMap<&'static str, Ended> = BTreeMap::new();
        let recent = ring.iter().filter(|second| second.number + SECONDS as u64 > number);
        for (kind, ended) in recent.flat_map(|second| &second.kinds) {
            let sum = sums.entry(kind).or_default();
            sum.ended += ended.ended;
            sum.failed += ended.failed;
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_remembered_and_no_more() {
        let pace = Pace::default();
        pace.count_at(0, "push_stock", false);
        pace.count_at(0, "push_stock", true);
        pace.count_at(59, "fetch_order", false);
        let all = pace.minute_until(59);
        assert_eq!(all["push_stock"], Ended { ended: 2, failed: 1 });
        assert_eq!(all["fetch_order"], Ended { ended: 1, failed: 0 });
        assert_eq!(pace.minute_until(60).get("push_stock"), None, "a minute ago");
        // The second that stands in the same place begins anew.
        pace.count_at(60, "push_stock", false);
        assert_eq!(pace.minute_until(60)["push_stock"], Ended { ended: 1, failed: 0 });
        assert!(pace.minute_until(500).is_empty());
    }
}
