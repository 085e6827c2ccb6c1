//! How often a shop may be called: a bucket for each shop and endpoint that fills at the published rate and holds one second
//! of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::dialect::Limit;
use crate::world::{Market, ShopKey};

/// Which limits hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RateLimits {
    /// Those that the marketplaces publish. Shopee publishes none; the sandbox takes 50 a second for each endpoint there.
    #[default]
    Published,
    /// The same for every endpoint of every marketplace: calls a second of one shop.
    PerSecond(u32),
    /// None.
    Off,
}

/// What each shop has used.
#[derive(Debug)]
pub(crate) struct Limits {
    policy: Mutex<RateLimits>,
    buckets: Mutex<HashMap<(Market, u64, String), Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Limits {
    pub(crate) fn new(policy: RateLimits) -> Limits {
        Limits { policy: Mutex::new(policy), buckets: Mutex::new(HashMap::new()) }
    }

    pub(crate) fn set(&self, policy: RateLimits) {
        *self.policy.lock().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// Counts a call; whether it is within the limit.
    pub(crate) fn allow(&self, market: Market, shop: Option<ShopKey>, limit: &Limit, now: Instant) -> bool {
        let policy = *self.policy.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = match (policy, limit.per_second) {
            (RateLimits::Off, _) | (_, None) => return true,
            (RateLimits::PerSecond(rate), Some(_)) | (RateLimits::Published, Some(rate)) => f64::from(rate),
        };
        let key = (market, shop.map_or(0, |shop| shop.account), limit.endpoint.clone());
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: rate, filled: now });
        let gone = now.saturating_duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + gone * rate).min(rate);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_second_of_calls_and_then_as_many_as_flow_in() {
        let limits = Limits::new(RateLimits::Published);
        let limit = Limit { endpoint: "stock".to_owned(), per_second: Some(10) };
        let start = Instant::now();
        let allowed = |at: Duration, tries: usize| {
            (0..tries).filter(|_| limits.allow(Market::Shopee, None, &limit, start + at)).count()
        };
        assert_eq!(allowed(Duration::ZERO, 50), 10);
        assert_eq!(allowed(Duration::from_millis(300), 50), 3);
        assert_eq!(allowed(Duration::from_secs(60), 50), 10, "what is saved up is one second's");
        limits.set(RateLimits::Off);
        assert_eq!(allowed(Duration::from_secs(60), 50), 50);
    }
}
