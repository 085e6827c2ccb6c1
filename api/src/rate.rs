//! How often one API key may ask: a bucket of tokens for each, in the memory of this process.
//!
//! A key that asks seldom saves tokens up to the burst; every request takes one; they come back at the rate. Each
//! replica counts for itself. The headers are those of draft-ietf-httpapi-ratelimit-headers-10, and beside them the
//! `X-RateLimit-…` that older clients know.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::caller::CallerId;

/// Keys remembered before those with a full bucket are forgotten. Only keys that exist are ever counted.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    since: Instant,
}

/// The buckets of all keys.
#[derive(Debug)]
pub(crate) struct Limiter {
    /// Tokens a second.
    rate: f64,
    /// Tokens in a full bucket, at least one.
    burst: f64,
    buckets: Mutex<HashMap<CallerId, Bucket>>,
}

/// What a key may still do, told with every answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Whether this request may be served.
    pub(crate) allowed: bool,
    quota: u32,
    window_s: u32,
    remaining: u32,
    /// Seconds until there is a token again or, where there are some, until there are as many as there can be.
    pub(crate) reset_s: u32,
}

/// Seconds or counts that fit, rounded up; the cast saturates.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
fn whole(number: f64) -> u32 {
    number.ceil() as u32
}

impl Limiter {
    /// `rate` requests a second and key, 0 for no limit; `burst` at once, 0 for those of two seconds.
    pub(crate) fn new(rate: u32, burst: u32) -> Option<Self> {
        let burst = if burst == 0 { rate.saturating_mul(2) } else { burst };
        (rate > 0).then(|| Self {
            rate: f64::from(rate),
            burst: f64::from(burst),
            buckets: Mutex::new(HashMap::new()),
        })
    }

    /// Takes a token, if there is one.
    pub(crate) fn take(&self, key: CallerId, now: Instant) -> Allowance {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= REMEMBERED_MAX {
            buckets.retain(|_, bucket| self.filled(*bucket, now) < self.burst);
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: self.burst, since: now });
        let tokens = self.filled(*bucket, now);
        let allowed = tokens >= 1.0;
        let left = if allowed { tokens - 1.0 } else { tokens };
        *bucket = Bucket { tokens: left, since: now };
        let lacking = if left < 1.0 { 1.0 - left } else { self.burst - left };
        Allowance {
            allowed,
            quota: whole(self.burst),
            window_s: whole(self.burst / self.rate),
            remaining: whole(left.floor()),
            reset_s: whole(lacking / self.rate).max(1),
        }
    }

    fn filled(&self, bucket: Bucket, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(bucket.since).as_secs_f64();
        (bucket.tokens + passed * self.rate).min(self.burst)
    }
}

impl Allowance {
    /// Writes the headers.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let Self { quota, window_s, remaining, reset_s, .. } = self;
        let mut put = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        put("ratelimit-policy", format!("\"default\";q={quota};w={window_s}"));
        put("ratelimit", format!("\"default\";r={remaining};t={reset_s}"));
        put("x-ratelimit-limit", quota.to_string());
        put("x-ratelimit-remaining", remaining.to_string());
        put("x-ratelimit-reset", reset_s.to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_empties_at_once_and_fills_at_the_rate() {
        let limiter = Limiter::new(2, 3).unwrap();
        let (start, one, other) = (Instant::now(), (1), (2));
        let remaining: Vec<u32> = (0..3).map(|_| limiter.take(one, start).remaining).collect();
        assert_eq!(remaining, [2, 1, 0]);
        let refused = limiter.take(one, start);
        assert_eq!((refused.allowed, refused.remaining, refused.reset_s), (false, 0, 1));
        assert!(limiter.take(other, start).allowed, "each key has a bucket of its own");
        // A refusal costs nothing: half a second is one token.
        assert!(limiter.take(one, start + Duration::from_millis(500)).allowed);
        assert!(!limiter.take(one, start + Duration::from_millis(900)).allowed);
        // However long it rests, it never has more than a burst.
        let rested = limiter.take(one, start + Duration::from_secs(3_600));
        assert_eq!((rested.allowed, rested.remaining, rested.quota, rested.window_s), (true, 2, 3, 2));
    }

    #[test]
    fn keys_that_rest_are_forgotten() {
        let limiter = Limiter::new(1, 1).unwrap();
        let start = Instant::now();
        for key in 0..REMEMBERED_MAX as u128 {
            limiter.take(key, start);
        }
        limiter.take(u128::MAX, start + Duration::from_secs(2));
        assert_eq!(limiter.buckets.lock().unwrap().len(), 1);
    }

    #[test]
    fn no_rate_is_no_limit_and_no_burst_is_two_seconds() {
        assert!(Limiter::new(0, 5).is_none());
        assert_eq!(Limiter::new(50, 0).unwrap().take(1, Instant::now()).quota, 100);
    }
}
