//! Catching up with a shop's orders: all that changed since its cursor, and some time before it, because orders show up
//! late in lists.
//!
//! It goes in parts, and the cursor moves with each. A busy shop, or an outage, brings more orders than one attempt has
//! time for; the next one goes on from there, and fetches nothing again that was fetched after it changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onhand_connector::http::TOO_LARGE;
use onhand_connector::{Call, Channel, Endpoint, OrderWindow};
use onhand_rules::ShopId;
use onhand_rules::commands::channels::MoveCursors;
use onhand_rules::commands::queue::End;
use onhand_rules::shop::ShopCursors;

use super::visit::Visit;
use super::{Attempt, Flows, read};

/// How far a poll looks back behind its cursor. Milliseconds.
pub(super) const OVERLAP_MS: i64 = 15 * 60_000;
/// How long the whole of that counts as looked at: a poll that goes on where the last one was cut off does not list it
/// again, or a shop that sold much in these fifteen minutes would be listed over and over and never caught up with.
const LOOKED_MS: i64 = 5 * 60_000;
/// The same between two polls, which look at the whole of it again. Milliseconds.
pub(super) const SHORT_OVERLAP_MS: i64 = 60_000;
/// How far the first poll of a shop looks back. Milliseconds.
pub(super) const FIRST_MS: i64 = 24 * 3_600_000;
/// Orders of one part at most, unless they changed within [`SHORTEST_MS`].
const PART: usize = 200;
/// A part is no shorter than this: marketplaces count in seconds. Milliseconds.
pub(super) const SHORTEST_MS: i64 = 1_000;
/// What a marketplace may need until an order's own page shows what its list shows. Milliseconds.
const SETTLING_MS: i64 = 2_000;

/// Orders of one shop that are remembered as fetched: some megabytes.
const KNOWN_MAX: usize = 50_000;

/// Listing orders that took this long was slow. Milliseconds.
pub(super) const SLOW_MS: i64 = 1_000;
/// After that, whoever need not list them rests so many times as long.
const REST: i64 = 4;
/// When a job that did not get through comes again. Milliseconds.
const AGAIN_MS: i64 = 2_000;

/// How long nobody lists a shop's orders again who need not, after that took so long, in milliseconds: a marketplace that is
/// slow to list them is asked less often, and neither its limits nor this machine are used up by it.
pub(super) fn rest_after(took: i64) -> i64 {
    if took < SLOW_MS { 0 } else { took.saturating_mul(REST) }
}

/// What this process knows of the orders that it fetched lately. It saves requests and nothing else: after a
/// restart they are made once more.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When each order was last fetched, by shop. Ledger clock.
    fetched: Mutex<BTreeMap<ShopId, HashMap<String, i64>>>,
    /// Until when orders rest whose last fetch was slow. Ledger clock.
    resting: Mutex<HashMap<(ShopId, String), i64>>,
    /// When the whole of [`OVERLAP_MS`] behind a shop's cursor was listed and taken last. Ledger clock.
    looked_back: Mutex<BTreeMap<ShopId, i64>>,
    /// Held while a job that cannot go on catches up with a shop; and when the next one may. Ledger clock.
    gates: Mutex<BTreeMap<ShopId, Arc<tokio::sync::Mutex<i64>>>>,
}

impl Seen {
    /// It was asked for at `at` or later, and taken.
    pub(super) fn fetched(&self, shop: ShopId, reference: String, at: i64) {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let of_shop = fetched.entry(shop).or_default();
        // Polls clear it up. Where they are paused, everything is fetched once more instead.
        if of_shop.len() >= KNOWN_MAX {
            of_shop.clear();
        }
        of_shop.insert(reference, at);
    }

    /// Fetching this order took `took` milliseconds and ended at `ended` (ledger clock).
    pub(super) fn fetch_took(&self, shop: ShopId, reference: &str, took: i64, ended: i64) {
        let rest = rest_after(took);
        if rest == 0 {
            return;
        }
        let mut resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.retain(|_, until| *until > ended);
        resting.insert((shop, reference.to_owned()), ended + rest);
    }

    /// Until when this order is not fetched again, if it is not to be fetched now: Lazada sends a webhook for each of its
    /// units, and an order of ten thousand would be fetched for as long as they come.
    pub(super) fn rests_until(&self, shop: ShopId, reference: &str, now: i64) -> Option<i64> {
        let resting = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        resting.get(&(shop, reference.to_owned())).copied().filter(|until| *until > now)
    }

    /// Of `references`, which changed before `changed_before` (ledger clock), those that were not fetched since.
    fn unseen(&self, shop: ShopId, references: Vec<String>, changed_before: i64) -> Vec<String> {
        let fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(of_shop) = fetched.get(&shop) else { return references };
        let is_known =
            |reference: &String| of_shop.get(reference).is_some_and(|at| *at >= changed_before + SETTLING_MS);
        references.into_iter().filter(|reference| !is_known(reference)).collect()
    }

    fn looked_back(&self, shop: ShopId, at: i64) {
        self.looked_back.lock().unwrap_or_else(PoisonError::into_inner).insert(shop, at);
    }

    /// How far a poll at `now` (ledger clock) looks back behind its cursor.
    fn overlap(&self, shop: ShopId, now: i64) -> i64 {
        let looked_back = self.looked_back.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = looked_back.get(&shop).is_some_and(|at| now - at < LOOKED_MS);
        if lately { SHORT_OVERLAP_MS } else { OVERLAP_MS }
    }

    /// What was fetched before `before` is of no use to any later poll.
    fn forget(&self, shop: ShopId, before: i64) {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_shop) = fetched.get_mut(&shop) {
            of_shop.retain(|_, at| *at >= before);
        }
    }

    fn gate_of(&self, shop: ShopId) -> Arc<tokio::sync::Mutex<i64>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(shop).or_default())
    }
}

impl Flows {
    pub(super) async fn poll_orders(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        // An attempt that ran out of time did not get through all of that.
        let overlap = self.seen.overlap(shop, visit.now());
        let overlap = if attempt.job.crashes > 0 { SHORT_OVERLAP_MS } else { overlap };
        let patience = attempt.guard.for_requests() / 2;
        self.orders_until_now(&attempt, &mut visit, overlap, patience).await
    }

    /// Takes the orders up to now, for a job that cannot go on before they are known. If that takes longer, or another job
    /// is at it, the job is to come again: it must not keep a place that pushes need.
    pub(super) async fn orders_from_here(&self, attempt: &Attempt<'_>, visit: &mut Visit) -> Result<(), End> {
        let gate = self.seen.gate_of(visit.shop.id);
        let began = visit.now();
        let Ok(mut not_before) = gate.try_lock() else {
            return Err(End::Snooze { until: began + AGAIN_MS });
        };
        if began < *not_before {
            return Err(End::Snooze { until: *not_before });
        }
        let result = self.orders_until_now(attempt, visit, SHORT_OVERLAP_MS, Duration::ZERO).await;
        let ended = visit.now();
        *not_before = ended + rest_after(ended - began);
        result
    }

    /// Takes everything that changed since the cursor, and `overlap` milliseconds before it. What needs more than one part
    /// ends as a snooze when `patience` is over, having moved the cursor to where it came.
    async fn orders_until_now(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        overlap: i64,
        patience: Duration,
    ) -> Result<(), End> {
        let (shop, offset) = (visit.shop.id, visit.shop.health.clock_offset);
        let begun = Instant::now();
        let now = read(self.engine.reads().now().await)?;
        let until = now + offset + 1_000;
        let known = visit.shop.cursors.orders_until;
        let mut since = if known == 0 { until - FIRST_MS } else { known - overlap };
        let mut span = until - since;
        while since < until {
            let window = OrderWindow { since, until: until.min(since + span) };
            let Some(listed) = self.changed(attempt, visit, window, span > SHORTEST_MS).await? else {
                span = (span / 2).max(SHORTEST_MS);
                continue;
            };
            let references = self.seen.unseen(shop, listed, window.until - offset);
            self.take_orders(attempt, visit, &references).await?;
            if window.until > known {
                if known == 0 || overlap >= OVERLAP_MS {
                    self.seen.looked_back(shop, now);
                }
                let cursors = ShopCursors { orders_until: window.until, ..ShopCursors::default() };
                self.submit(MoveCursors { shop, cursors }).await?;
                visit.shop.cursors.orders_until = window.until;
            }
            since = window.until;
            span = span.saturating_mul(2);
            if since < until && since > known && begun.elapsed() > patience {
                return Err(End::Snooze { until: now + AGAIN_MS });
            }
        }
        self.seen.forget(shop, now - OVERLAP_MS - SHORT_OVERLAP_MS);
        Ok(())
    }

    /// The orders that changed in the window; nothing if they are more than one part, or their list is longer than an answer
    /// may be, and the window may be `divided`.
    pub(super) async fn changed(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        window: OrderWindow,
        divided: bool,
    ) -> Result<Option<Vec<String>>, End> {
        let mut references = BTreeSet::new();
        let mut cursor: Option<String> = None;
        loop {
            let at = cursor.as_deref();
            let page = |channel: Arc<dyn Channel>, call: Call| async move {
                channel.orders_changed(&call, window, at).await
            };
            let page = match self.ask(attempt, visit, Endpoint::Orders, page).await {
                Ok((page, _)) => page,
                // TikTok Shop lists whole orders, each with its lines.
                Err(End::Failed { code, .. }) if code == TOO_LARGE && divided => return Ok(None),
                Err(end) => return Err(end),
            };
            references.extend(page.references);
            if divided && references.len() > PART {
                return Ok(None);
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(Some(references.into_iter().collect())),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_fetched_again_only_if_it_may_have_changed_since() {
        let (seen, shop) = (Seen::default(), ShopId(1));
        let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        seen.fetched(shop, "early".to_owned(), 10_000);
        seen.fetched(shop, "late".to_owned(), 50_000);
        assert_eq!(seen.unseen(shop, of(&["early", "late", "new"]), 40_000), of(&["early", "new"]));
        // What the list shows may not be on the order's page at once.
        assert_eq!(seen.unseen(shop, of(&["late"]), 50_000 - SETTLING_MS + 1), of(&["late"]));
        assert_eq!(seen.unseen(ShopId(2), of(&["late"]), 0), of(&["late"]), "numbers are a shop's own");
        seen.forget(shop, 20_000);
        assert_eq!(seen.unseen(shop, of(&["early", "late"]), 0), of(&["early"]));
    }

    #[test]
    fn a_poll_that_goes_on_does_not_look_back_again() {
        let (seen, shop) = (Seen::default(), ShopId(1));
        assert_eq!(seen.overlap(shop, 10_000), OVERLAP_MS);
        seen.looked_back(shop, 10_000);
        assert_eq!(seen.overlap(shop, 10_000 + LOOKED_MS - 1), SHORT_OVERLAP_MS);
        assert_eq!(seen.overlap(shop, 10_000 + LOOKED_MS), OVERLAP_MS, "the next poll does");
        assert_eq!(seen.overlap(ShopId(2), 10_001), OVERLAP_MS);
    }

    #[test]
    fn an_order_that_is_slow_to_fetch_rests_and_others_do_not() {
        let (seen, shop) = (Seen::default(), ShopId(1));
        seen.fetch_took(shop, "quick", SLOW_MS - 1, 10_000);
        seen.fetch_took(shop, "slow", 2_000, 10_000);
        assert_eq!(seen.rests_until(shop, "quick", 10_000), None);
        assert_eq!(seen.rests_until(shop, "slow", 17_999), Some(18_000));
        assert_eq!(seen.rests_until(shop, "slow", 18_000), None);
        assert_eq!(seen.rests_until(ShopId(2), "slow", 10_001), None, "numbers are a shop's own");
        seen.fetch_took(shop, "later", 2_000, 20_000);
        assert_eq!(seen.resting.lock().unwrap().len(), 1, "what is over is forgotten");
    }

    #[test]
    fn what_is_remembered_has_an_end_where_nobody_polls() {
        let (seen, shop) = (Seen::default(), ShopId(1));
        for number in 0..=KNOWN_MAX {
            seen.fetched(shop, number.to_string(), 10_000);
        }
        let known = |number: usize| seen.unseen(shop, vec![number.to_string()], 0).is_empty();
        assert!(known(KNOWN_MAX) && !known(KNOWN_MAX - 1));
    }
}
