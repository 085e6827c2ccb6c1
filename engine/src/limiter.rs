//! Rate limits of marketplaces, for each shop and endpoint, kept by the whole fleet and over restarts (Q9).
//!
//! Requests are paid for before they are made: tokens come out of a row of the database, a few at a time so that not
//! every request costs a commit. What was taken and not used within a second is given up: the rate is never exceeded,
//! only sometimes not quite reached. A call of a connector may be several requests, which is known only afterwards: the
//! rest is charged then and may leave a debt, so that over time the rate holds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onhand_rules::commands::queue::{BlockBucket, TakeTokens};
use onhand_rules::setting::{Setting, bucket_key};
use onhand_rules::{Millis, Receipt, ShopId};
use onhand_store::Outcome;
use tokio::sync::Mutex as Queue;

use crate::jobs::millis;
use crate::ledger::{Engine, Request, SubmitError};

/// For how long tokens that were taken may be used.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// Part of a second for whose requests tokens are taken at once.
const SHARE: i64 = 4;
/// The most that are taken at once.
const TAKE_MAX: i64 = 25;
/// How long a request waits when the tokens cannot be written, in milliseconds.
const BLIND_MS: Millis = 1_000;

/// What a shop and endpoint may be asked: from the facts about its marketplace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Thousandths of requests a second.
    pub rate: i64,
    /// Thousandths of requests that can be saved up.
    pub burst: i64,
}

impl Limit {
    /// Of requests a second, and how many can be saved up. Both at least a thousandth.
    #[must_use]
    pub fn per_second(rate: f64, burst: f64) -> Self {
        // Limits of marketplaces are small numbers; a float beyond i64 is cut, and NaN is 0.
        let thousandths = |value: f64| ((value * 1_000.0).round() as i64).max(1);
        Self { rate: thousandths(rate), burst: thousandths(burst).max(1_000) }
    }
}

/// Whether a request may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// It may be made now.
    Granted {
        /// Milliseconds waited for it.
        waited_ms: Millis,
    },
    /// Not before its deadline.
    Wait {
        /// When to ask again. Ledger clock.
        until: Millis,
    },
}

type Key = (ShopId, String);

/// One bucket as this process knows it.
struct Tap {
    /// Tokens that were taken and not used, and when.
    reserve: Mutex<(u32, Instant)>,
    /// Whoever takes more; the others wait in turn.
    taking: Queue<()>,
    /// The marketplace said: fewer. True at first, because an earlier process may have heard it.
    throttled: AtomicBool,
}

/// The limits of this process. Cloning shares them.
#[derive(Clone)]
pub struct Limiter {
    engine: Engine,
    taps: Arc<Mutex<HashMap<Key, Arc<Tap>>>>,
}

impl Limiter {
    /// Limits that are kept in the database behind `engine`. One for a process.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine, taps: Arc::default() }
    }

    /// Waits until a request may be made, but not beyond `deadline`: whoever would have to wait longer gives up his slot
    /// and comes back.
    pub async fn acquire(&self, shop: ShopId, endpoint: &str, limit: Limit, deadline: Instant) -> Permit {
        let asked = Instant::now();
        let permit = self.wait(shop, endpoint, limit, deadline).await;
        let waited = asked.elapsed();
        self.engine.metrics().queue.limit_seconds.observe(waited.as_secs_f64());
        match permit {
            None => Permit::Granted { waited_ms: i64::try_from(waited.as_millis()).unwrap_or(i64::MAX) },
            Some(until) => Permit::Wait { until },
        }
    }

    /// A call was so many requests more than the one that was acquired. Written before it returns, if it can be written.
    pub async fn charge(&self, shop: ShopId, endpoint: &str, limit: Limit, more: u32) {
        let spent = more - self.tap(shop, endpoint).draw_up_to(more);
        if spent == 0 {
            return;
        }
        let Limit { rate, burst } = limit;
        let command = TakeTokens { shop, endpoint: endpoint.to_owned(), rate, burst, want: 0, spent };
        if let Err(error) = self.engine.submit(Request::internal(command)).await {
            tracing::warn!(%error, shop = shop.0, endpoint, spent, "requests could not be charged");
        }
    }

    /// Whether at least half of what can be saved up is there. A request that could be left out is made only then, so that
    /// it never makes one wait that cannot.
    pub async fn has_room(&self, shop: ShopId, endpoint: &str, limit: Limit) -> bool {
        let key = bucket_key(shop, endpoint);
        let Ok(rows) = self.engine.reads().settings(&key).await else { return false };
        let bucket = rows.into_iter().find_map(|(found, setting)| match setting {
            Setting::Bucket(bucket) if found == key => Some(bucket),
            _ => None,
        });
        // Nobody has asked yet.
        let Some(bucket) = bucket else { return true };
        let now = self.now().await;
        let gained = (now - bucket.at).max(0).saturating_mul(limit.rate) / 1_000;
        let tokens = bucket.tokens.saturating_add(gained).min(limit.burst);
        bucket.blocked_until <= now && tokens * 2 >= limit.burst
    }

    /// The marketplace wants fewer requests: nobody asks it before `retry_after_ms`, or by the steps of 5, 10 and 30
    /// seconds. Written before it returns, if it can be written at all.
    pub async fn throttled(&self, shop: ShopId, endpoint: &str, retry_after_ms: Option<Millis>) {
        let tap = self.tap(shop, endpoint);
        tap.throttled.store(true, Ordering::Release);
        tap.reserve.lock().unwrap_or_else(PoisonError::into_inner).0 = 0;
        self.block(shop, endpoint, retry_after_ms, false).await;
    }

    /// The marketplace gave a good answer: a series of blocks, if there was one, is over.
    pub async fn answered(&self, shop: ShopId, endpoint: &str) {
        if self.tap(shop, endpoint).throttled.swap(false, Ordering::AcqRel) {
            self.block(shop, endpoint, None, true).await;
        }
    }

    async fn block(&self, shop: ShopId, endpoint: &str, retry_after_ms: Option<Millis>, lift: bool) {
        let command = BlockBucket { shop, endpoint: endpoint.to_owned(), retry_after_ms, lift };
        if let Err(error) = self.engine.submit(Request::internal(command)).await {
            // The marketplace will say so again.
            tracing::warn!(%error, shop = shop.0, endpoint, "a rate limit could not be kept");
        }
    }

    fn tap(&self, shop: ShopId, endpoint: &str) -> Arc<Tap> {
        let mut taps = self.taps.lock().unwrap_or_else(PoisonError::into_inner);
        let tap = taps.entry((shop, endpoint.to_owned())).or_insert_with(|| {
            let reserve = Mutex::new((0, Instant::now()));
            Arc::new(Tap { reserve, taking: Queue::new(()), throttled: AtomicBool::new(true) })
        });
        tap.clone()
    }

    /// `None` when a token was had, else when to ask again.
    async fn wait(&self, shop: ShopId, endpoint: &str, limit: Limit, deadline: Instant) -> Option<Millis> {
        let tap = self.tap(shop, endpoint);
        if tap.draw() {
            return None;
        }
        let Ok(_turn) = tokio::time::timeout_at(deadline.into(), tap.taking.lock()).await else {
            return Some(self.now().await + SHARE.max(limit.time_of_one()));
        };
        loop {
            if tap.draw() {
                return None;
            }
            let next_at = match self.take(shop, endpoint, limit).await {
                Ok((0, next_at)) => next_at,
                Ok((granted, _)) => {
                    tap.fill(granted);
                    continue;
                }
                Err(error) => {
                    tracing::debug!(%error, shop = shop.0, endpoint, "tokens could not be taken");
                    return Some(self.now().await + BLIND_MS);
                }
            };
            let delay = millis((next_at - self.now().await).max(1));
            if Instant::now() + delay > deadline {
                return Some(next_at);
            }
            tokio::time::sleep(delay).await;
        }
    }

    async fn take(&self, shop: ShopId, endpoint: &str, limit: Limit) -> Result<(u32, Millis), SubmitError> {
        let want = limit.at_once();
        let Limit { rate, burst } = limit;
        let command = TakeTokens { shop, endpoint: endpoint.to_owned(), rate, burst, want, spent: 0 };
        match self.engine.submit(Request::internal(command)).await?.outcome {
            Outcome::Done(Receipt::Tokens { granted, next_at }) => Ok((granted, next_at)),
            other => Err(SubmitError::Bug(format!("tokens were asked for, the answer is {other:?}"))),
        }
    }

    /// The ledger clock; this process's own when the database is away, which is good enough for asking again.
    async fn now(&self) -> Millis {
        match self.engine.look_at_clock().await {
            Ok(now) => now,
            Err(_) => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

impl Limit {
    fn at_once(self) -> u32 {
        u32::try_from((self.rate / 1_000 / SHARE).clamp(1, TAKE_MAX)).unwrap_or(1)
    }

    /// Milliseconds in which one token comes.
    fn time_of_one(self) -> Millis {
        1_000_000 / self.rate.max(1)
    }
}

impl Tap {
    fn draw(&self) -> bool {
        self.draw_up_to(1) == 1
    }

    /// How many of `wanted` there were.
    fn draw_up_to(&self, wanted: u32) -> u32 {
        let mut reserve = self.reserve.lock().unwrap_or_else(PoisonError::into_inner);
        let good = reserve.1.elapsed() < KEPT_FOR;
        let drawn = if good { wanted.min(reserve.0) } else { 0 };
        reserve.0 = if good { reserve.0 - drawn } else { 0 };
        drawn
    }

    fn fill(&self, granted: u32) {
        *self.reserve.lock().unwrap_or_else(PoisonError::into_inner) = (granted, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_a_second_is_taken_at_once() {
        assert_eq!(Limit::per_second(10.0, 20.0), Limit { rate: 10_000, burst: 20_000 });
        assert_eq!(Limit::per_second(10.0, 20.0).at_once(), 2);
        assert_eq!(
            Limit::per_second(0.5, 0.1),
            Limit { rate: 500, burst: 1_000 },
            "one can always be saved up"
        );
        assert_eq!(Limit::per_second(0.5, 1.0).at_once(), 1);
        assert_eq!(Limit::per_second(1_000.0, 1_000.0).at_once(), 25);
        assert_eq!(Limit::per_second(0.5, 1.0).time_of_one(), 2_000);
    }

    #[test]
    fn tokens_are_given_up_when_they_are_old() {
        let reserve = Mutex::new((3, Instant::now()));
        let tap = Tap { reserve, taking: Queue::new(()), throttled: AtomicBool::new(false) };
        assert!(tap.draw());
        assert!(tap.draw());
        if let Some(before) = Instant::now().checked_sub(KEPT_FOR) {
            tap.reserve.lock().unwrap().1 = before;
            assert!(!tap.draw(), "a second old");
        }
        tap.fill(1);
        assert!(tap.draw());
        assert!(!tap.draw());
        tap.fill(3);
        assert_eq!((tap.draw_up_to(2), tap.draw_up_to(2), tap.draw_up_to(2)), (2, 1, 0));
    }
}
