//! The ledger clock for whoever judges without a transaction: whether an API key, a session or a link has ended.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use onhand_rules::Millis;
use onhand_store::{Reads, StoreError};

/// For how long one look is good. A clock that is stepped is noticed after that.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// No look yet.
const NEVER: i64 = i64::MIN;

/// Milliseconds since 1970 by the database's clock, extrapolated by the monotonic one between looks, and never going back:
/// what has ended by it stays ended, whatever becomes of the clock. Over a restart the database remembers, as it does for
/// the ledger. This machine's own clock has no say, so that two processes over one database judge alike.
#[derive(Debug)]
pub(super) struct Time {
    started: Instant,
    /// What is added to the milliseconds since `started`.
    offset: AtomicI64,
    /// When the last look was, in milliseconds since `started`.
    looked: AtomicI64,
    /// The latest time that was told.
    told: AtomicI64,
}

impl Time {
    /// Begins at a time that the database told just now.
    pub(super) fn at(now: Millis) -> Self {
        let time = Self {
            started: Instant::now(),
            offset: AtomicI64::new(now),
            looked: AtomicI64::new(NEVER),
            told: AtomicI64::new(now),
        };
        time.learn(now);
        time
    }

    fn passed(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Keeps what the database told just now. Every batch has asked, so that there is nothing to look for while work is done.
    pub(super) fn learn(&self, now: Millis) {
        let passed = self.passed();
        self.offset.store(now.saturating_sub(passed), Ordering::Relaxed);
        self.looked.store(passed, Ordering::Relaxed);
        self.told.fetch_max(now, Ordering::Relaxed);
    }

    /// The time as far as it is known.
    pub(super) fn now(&self) -> Millis {
        let now = self.offset.load(Ordering::Relaxed).saturating_add(self.passed());
        self.told.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Asks the database, unless that was done within the last second.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(super) async fn look(&self, reads: &dyn Reads) -> Result<Millis, StoreError> {
        let age = self.passed().saturating_sub(self.looked.load(Ordering::Relaxed));
        if age >= i64::try_from(GOOD_FOR.as_millis()).unwrap_or(i64::MAX) {
            // Learnt as of the answer: a look that took long is early rather than late, and the next one is better.
            self.learn(reads.now().await?);
        }
        Ok(self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_the_time_that_was_told_is_never_taken_back() {
        let time = Time::at(10_000_000);
        assert!(time.now() >= 10_000_000);
        time.learn(20_000_000);
        let told = time.now();
        assert!(told >= 20_000_000);
        time.learn(16_400_000);
        let later = time.now();
        assert!(later >= told, "an hour back: {told} and then {later}");
        assert!(later < 20_000_000 + 60_000, "it stands still until the clock has caught up");
        time.learn(21_000_000);
        assert!(time.now() >= 21_000_000, "and then goes on");
    }
}
