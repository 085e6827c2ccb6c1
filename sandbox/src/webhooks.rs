//! The messages of the marketplaces to their integrators: a queue by due time, sent with each marketplace's own signature,
//! tried again by its own rules, and stopped by them too.

mod sender;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::Notify;

pub(crate) use sender::Sender;

use crate::dialect::Delivery;
use crate::faults::{Fault, Faults};
use crate::world::{Market, ShopKey};

/// Messages that wait to be sent, and what became of those that were.
#[derive(Debug)]
pub(crate) struct Outbox {
    kept: Mutex<Kept>,
    wake: Notify,
    /// Waiting times are multiplied by this: 1 is as on the marketplace, 0.001 makes five minutes a third of a second.
    scale: f64,
}

#[derive(Debug, Default)]
struct Kept {
    urls: BTreeMap<Market, String>,
    queue: BinaryHeap<Reverse<Pending>>,
    next: u64,
    /// When each attempt of the window ended and whether it succeeded.
    attempts: BTreeMap<Market, VecDeque<(Instant, bool)>>,
    suspended: BTreeSet<Market>,
    lost: BTreeMap<Market, VecDeque<Lost>>,
    counts: BTreeMap<Market, WebhookCounts>,
    in_flight: usize,
}

/// One message on its way. The order of these is that of their due times.
#[derive(Debug, Clone)]
struct Pending {
    due: Instant,
    number: u64,
    shop: ShopKey,
    message: Value,
    /// How often it was tried before.
    tried: usize,
}

impl PartialEq for Pending {
    fn eq(&self, other: &Pending) -> bool {
        self.number == other.number
    }
}

impl Eq for Pending {}

impl PartialOrd for Pending {
    fn partial_cmp(&self, other: &Pending) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pending {
    fn cmp(&self, other: &Pending) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

/// A message that was given up.
#[derive(Debug, Clone)]
pub(crate) struct Lost {
    /// Rises with each lost message of the marketplace.
    pub(crate) id: u64,
    pub(crate) shop: ShopKey,
    pub(crate) message: Value,
    pub(crate) at: Instant,
}

/// What became of a marketplace's messages.
#[derive(Debug, Default, Clone, Serialize)]
pub(crate) struct WebhookCounts {
    /// Messages that the marketplace had to tell and had an address for.
    pub(crate) messages: u64,
    pub(crate) attempts: u64,
    pub(crate) delivered: u64,
    pub(crate) failed_attempts: u64,
    pub(crate) given_up: u64,
    pub(crate) dropped: u64,
    pub(crate) duplicated: u64,
    pub(crate) delayed: u64,
    pub(crate) reordered: u64,
    /// Messages that were not even queued because the marketplace had stopped sending.
    pub(crate) suppressed: u64,
    pub(crate) suspended: bool,
}

/// How far a reordered message falls behind.
const FALLS_BEHIND: Duration = Duration::from_millis(250);

impl Outbox {
    pub(crate) fn new(urls: BTreeMap<Market, String>, scale: f64) -> Outbox {
        let kept = Kept { urls, next: 1, ..Kept::default() };
        Outbox { kept: Mutex::new(kept), wake: Notify::new(), scale }
    }

    /// Sets where a marketplace sends its messages, or that it sends none.
    pub(crate) fn set_url(&self, market: Market, url: Option<String>) {
        let mut kept = self.lock();
        match url {
            Some(url) => drop(kept.urls.insert(market, url)),
            None => drop(kept.urls.remove(&market)),
        }
    }

    pub(crate) fn url(&self, market: Market) -> Option<String> {
        self.lock().urls.get(&market).cloned()
    }

    /// A marketplace that had stopped sending starts again. What it did not send meanwhile stays unsent.
    pub(crate) fn resume(&self, market: Market) {
        let mut kept = self.lock();
        kept.suspended.remove(&market);
        kept.attempts.remove(&market);
    }

    /// A marketplace stops sending, as it would after too many failures.
    pub(crate) fn suspend(&self, market: Market) {
        self.lock().suspended.insert(market);
    }

    /// Queues a message, unless the faults in force want something else.
    pub(crate) fn post(&self, faults: &Faults, shop: ShopKey, message: Value) {
        let market = shop.market;
        let mut kept = self.lock();
        if !kept.urls.contains_key(&market) {
            return;
        }
        if kept.suspended.contains(&market) {
            kept.count(market, |counts| counts.suppressed += 1);
            return;
        }
        kept.count(market, |counts| counts.messages += 1);
        let share = |pick: fn(&Fault) -> Option<(f64, u64)>| faults.strike_by_share(market, Some(shop), pick);
        let now = Instant::now();
        if share(|fault| if let Fault::DropWebhooks { share } = fault { Some((*share, 0)) } else { None })
            .is_some()
        {
            kept.count(market, |counts| counts.dropped += 1);
            kept.lose(shop, message, now);
            return;
        }
        let mut due = now;
        if let Some(ms) = share(delay) {
            kept.count(market, |counts| counts.delayed += 1);
            due += Duration::from_millis(ms);
        }
        if share(|fault| if let Fault::ReorderWebhooks { share } = fault { Some((*share, 0)) } else { None })
            .is_some()
        {
            kept.count(market, |counts| counts.reordered += 1);
            due += FALLS_BEHIND;
        }
        let twice = |fault: &Fault| {
            if let Fault::DuplicateWebhooks { share } = fault { Some((*share, 0)) } else { None }
        };
        if share(twice).is_some() {
            kept.count(market, |counts| counts.duplicated += 1);
            kept.push(due, shop, message.clone(), 0);
        }
        kept.push(due, shop, message, 0);
        drop(kept);
        self.wake.notify_one();
    }

    /// What was given up within the last `within`, the oldest first.
    pub(crate) fn lost(&self, market: Market, within: Duration) -> Vec<Lost> {
        let kept = self.lock();
        let young = |lost: &&Lost| lost.at.elapsed() < within;
        kept.lost.get(&market).map(|lost| lost.iter().filter(young).cloned().collect()).unwrap_or_default()
    }

    /// Forgets the lost messages up to this one.
    pub(crate) fn confirm_lost(&self, market: Market, last: u64) {
        if let Some(lost) = self.lock().lost.get_mut(&market) {
            lost.retain(|lost| lost.id > last);
        }
    }

    pub(crate) fn counts(&self, market: Market) -> WebhookCounts {
        let kept = self.lock();
        let mut counts = kept.counts.get(&market).cloned().unwrap_or_default();
        counts.suspended = kept.suspended.contains(&market);
        counts
    }

    /// Messages that wait for their time, and those on the wire.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let kept = self.lock();
        (kept.queue.len(), kept.in_flight)
    }

    /// Takes a message that is due, with its address; else says when the next one will be.
    fn take(&self, now: Instant) -> Result<(Pending, String), Option<Instant>> {
        let mut kept = self.lock();
        loop {
            match kept.queue.peek() {
                None => return Err(None),
                Some(Reverse(first)) if first.due > now => return Err(Some(first.due)),
                Some(_) => {}
            }
            let Some(Reverse(pending)) = kept.queue.pop() else { return Err(None) };
            let market = pending.shop.market;
            if kept.suspended.contains(&market) {
                kept.count(market, |counts| counts.suppressed += 1);
                continue;
            }
            let Some(url) = kept.urls.get(&market).cloned() else { continue };
            kept.count(market, |counts| counts.attempts += 1);
            kept.in_flight += 1;
            return Ok((pending, url));
        }
    }

    /// Notes how an attempt ended and decides what becomes of the message and of the subscription.
    fn finished(&self, pending: Pending, succeeded: bool, rules: &Delivery) {
        let market = pending.shop.market;
        let now = Instant::now();
        let mut kept = self.lock();
        kept.in_flight -= 1;
        kept.attempts.entry(market).or_default().push_back((now, succeeded));
        if succeeded {
            kept.count(market, |counts| counts.delivered += 1);
        } else {
            kept.count(market, |counts| counts.failed_attempts += 1);
            match rules.retries.get(pending.tried) {
                Some(wait) => {
                    let due = now + wait.mul_f64(self.scale);
                    kept.push(due, pending.shop, pending.message, pending.tried + 1);
                }
                None => {
                    kept.count(market, |counts| counts.given_up += 1);
                    if rules.keeps_lost {
                        kept.lose(pending.shop, pending.message, now);
                    }
                }
            }
        }
        if let Some(rule) = rules.suspension {
            let window = rule.window.mul_f64(self.scale);
            let attempts = kept.attempts.entry(market).or_default();
            while attempts.front().is_some_and(|(at, _)| now.saturating_duration_since(*at) > window) {
                attempts.pop_front();
            }
            let good = attempts.iter().filter(|(_, succeeded)| *succeeded).count();
            let share = good as f64 / attempts.len().max(1) as f64;
            if attempts.len() > rule.more_than && share < rule.below {
                kept.suspended.insert(market);
            }
        } else {
            kept.attempts.remove(&market);
        }
        drop(kept);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn delay(fault: &Fault) -> Option<(f64, u64)> {
    if let Fault::DelayWebhooks { share, ms } = fault { Some((*share, *ms)) } else { None }
}

impl Kept {
    fn push(&mut self, due: Instant, shop: ShopKey, message: Value, tried: usize) {
        let number = self.next;
        self.next += 1;
        self.queue.push(Reverse(Pending { due, number, shop, message, tried }));
    }

    fn lose(&mut self, shop: ShopKey, message: Value, at: Instant) {
        let id = self.next;
        self.next += 1;
        self.lost.entry(shop.market).or_default().push_back(Lost { id, shop, message, at });
    }

    fn count(&mut self, market: Market, change: impl FnOnce(&mut WebhookCounts)) {
        change(self.counts.entry(market).or_default());
    }
}
