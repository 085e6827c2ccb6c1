//! Orders that we have not heard of, looked for before a figure is written over their sale (`ledger.md` §9.2 c).
//!
//! A marketplace takes a unit off its figure when a buyer orders; we hear of it a moment later. An absolute figure that is
//! written in between hands the unit back to the next buyer. Where few units are left, the new orders are asked for
//! first. One look serves all pushes of a shop that come at once, and no push waits for one for long.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use onhand_connector::{Call, Channel, Endpoint, OrderWindow};
use onhand_rules::commands::queue::End;
use onhand_rules::shop::PollFirst;
use onhand_rules::{Listing, ShopId};

use super::catching_up::{SHORT_OVERLAP_MS, rest_after};
use super::visit::Visit;
use super::{Attempt, Flows, read};

/// A figure up to this is small, in units.
const THIN: i64 = 5;
/// A look that began so long ago is new enough for another push. Milliseconds.
const FRESH_MS: i64 = 250;
/// How long a push waits for a look. A figure that is late does more harm than one that was not looked at before.
const PATIENCE: Duration = Duration::from_secs(2);
/// How far it goes back at most; what is older is the poll's. Milliseconds.
const BACK_MS: i64 = 15 * 60_000;
/// How far a look goes back before the end of the one before it: enough for orders that a marketplace shows a moment
/// after their time. A busy shop has more orders in a minute than the pages of a look hold, oldest first, so that going
/// back further would keep a look from ever reaching the newest. Milliseconds.
const OVERLAP_MS: i64 = 5_000;
/// Pages of one look at most: it is to be cheap.
const PAGES: usize = 3;

/// The last look at a shop's new orders.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Peeked {
    /// When it began. Ledger clock.
    began: i64,
    /// How long it took. Milliseconds.
    took: i64,
    /// Orders up to then were listed. Marketplace clock; 0 before the first look.
    until: i64,
}

impl Peeked {
    /// Whether it serves a push that asked at this time (ledger clock).
    fn serves(&self, asked: i64) -> bool {
        asked - self.began < FRESH_MS.max(rest_after(self.took))
    }
}

/// Whether an order that we have not heard of could be sold twice by writing `quantity`: there is little left, or little
/// for the speed at which it sells there. Writing 0 hands nothing back.
pub(super) fn may_hurt(listing: &Listing, quantity: i64, now: i64) -> bool {
    let sold_for = listing.pushed_at.map_or(0, |at| (now - at).max(1_000));
    let in_a_minute = listing.sold_there.saturating_mul(60_000).checked_div(sold_for).unwrap_or(0);
    quantity > 0 && quantity <= THIN.max(in_a_minute)
}

impl Flows {
    /// Looks for new orders of the shop, if its settings and its limits allow it. Whether it did: what was read before is
    /// to be read again. That it fails does not hold a push back.
    pub(super) async fn peek(&self, attempt: &Attempt<'_>, visit: &mut Visit) -> bool {
        if visit.shop.settings.poll_first == PollFirst::Off {
            return false;
        }
        // Before it waits its turn: a look serves all who came while it was made, or the next one does.
        let asked = visit.now();
        tokio::time::timeout(PATIENCE, self.look_once(attempt, visit, asked)).await.unwrap_or(false)
    }

    async fn look_once(&self, attempt: &Attempt<'_>, visit: &mut Visit, asked: i64) -> bool {
        let last = self.peeked_of(visit.shop.id);
        let mut last = last.lock().await;
        if last.serves(asked) {
            return true;
        }
        let began = visit.now();
        if !self.has_room(visit, Endpoint::Orders).await {
            return false;
        }
        let before = *last;
        // Whoever is cut off in the middle leaves this behind, as after a slow look: the next pushes go without one for a
        // while.
        let patience = i64::try_from(PATIENCE.as_millis()).unwrap_or(i64::MAX);
        *last = Peeked { began, took: patience, until: before.until };
        let looked = self.look(attempt, visit, began, before.until).await;
        let took = visit.now() - began;
        match looked {
            Ok(until) => {
                *last = Peeked { began, took, until };
                true
            }
            Err(end) => {
                *last = before;
                tracing::debug!(shop = visit.shop.code, ?end, "new orders could not be looked for");
                false
            }
        }
    }

    fn peeked_of(&self, shop: ShopId) -> Arc<tokio::sync::Mutex<Peeked>> {
        let mut peeked = self.peeked.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(peeked.entry(shop).or_default())
    }

    /// Fetches those of the orders that changed lately which are not known at all. Later changes of known ones hand units
    /// back or move them on; the poll has time for them, and its cursor is not moved here.
    async fn look(
        &self,
        attempt: &Attempt<'_>,
        visit: &mut Visit,
        now: i64,
        seen_until: i64,
    ) -> Result<i64, End> {
        let until = now + visit.shop.health.clock_offset + 1_000;
        let window = window(visit.shop.cursors.orders_until, seen_until, until);
        let (mut fresh, mut cursor) = (BTreeSet::new(), None::<String>);
        for _ in 0..PAGES {
            let at = cursor.as_deref();
            let page = |channel: Arc<dyn Channel>, call: Call| async move {
                channel.orders_changed(&call, window, at).await
            };
            let (page, _) = self.ask(attempt, visit, Endpoint::Orders, page).await?;
            for reference in page.references {
                if read(self.engine.reads().market_order(visit.shop.id, &reference).await)?.is_none() {
                    fresh.insert(reference);
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        // What is more than one request is a backlog, and the order lane's; a push that waited for it would be late as well.
        let most = visit.outlet.channel.facts().orders_max.max(1);
        let fresh: Vec<String> = fresh.into_iter().take(most).collect();
        self.take_orders(attempt, visit, &fresh).await?;
        Ok(until)
    }
}

/// What of the marketplace's time a look asks for: behind the poll or the look before, whichever went further.
fn window(polled_until: i64, seen_until: i64, until: i64) -> OrderWindow {
    let known = (polled_until - SHORT_OVERLAP_MS).max(seen_until - OVERLAP_MS);
    OrderWindow { since: known.max(until - BACK_MS), until }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::catching_up::SLOW_MS;
    use onhand_rules::ListingId;
    use onhand_rules::listing::ListingState;

    fn listing(sold_there: i64) -> Listing {
        Listing {
            id: ListingId(1),
            shop: ShopId(1),
            item: String::new(),
            variant: String::new(),
            seller_sku: String::new(),
            title: String::new(),
            warehouses: Vec::new(),
            unit: String::new(),
            state: ListingState::Active,
            mapping: None,
            hands_off: false,
            rule: None,
            desired: 1,
            acked: 0,
            pushed: Some(100),
            pushed_at: Some(0),
            pushed_before: None,
            dirty_since: 0,
            seen: None,
            seen_at: None,
            promotion_reserved: 0,
            sold_there,
            unsure: false,
            unanswered: Vec::new(),
            sales: Default::default(),
            edit: None,
            settled: None,
            trouble: None,
            version: 1,
            created_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn a_look_goes_back_a_little_behind_the_last_one() {
        let now = 10_000_000;
        assert_eq!(window(now - 100_000, now - 300, now).since, now - 300 - OVERLAP_MS);
        assert_eq!(window(now - 1_000, now - 300_000, now).since, now - 1_000 - SHORT_OVERLAP_MS);
        assert_eq!(window(0, 0, now).since, now - BACK_MS);
    }

    #[test]
    fn a_look_serves_who_came_meanwhile_and_a_slow_one_for_longer() {
        let quick = Peeked { began: 10_000, took: SLOW_MS - 1, until: 0 };
        assert!(quick.serves(10_000 + FRESH_MS - 1) && !quick.serves(10_000 + FRESH_MS));
        assert!(quick.serves(9_000), "it began after that push had asked");
        let slow = Peeked { took: 1_500, ..quick };
        assert!(slow.serves(15_999) && !slow.serves(16_000));
        assert!(!Peeked::default().serves(1_000_000), "there was none");
    }

    #[test]
    fn few_units_or_fast_sales_are_worth_a_look() {
        let slow = |quantity| may_hurt(&listing(0), quantity, 60_000);
        assert!(!slow(0), "nothing is handed back");
        assert!(slow(1) && slow(5) && !slow(6));
        // 20 in half a minute.
        let fast = |quantity| may_hurt(&listing(20), quantity, 30_000);
        assert!(fast(40) && !fast(41));
        assert!(!may_hurt(&Listing { pushed_at: None, ..listing(20) }, 6, 30_000));
    }
}
