//! The nightly comparison: every order that a shop changed within seven days is looked up here, and whoever is missing or
//! older than the shop's list says is fetched.
//!
//! Webhooks tell of an order at once and polls minutes later, both going forward from where they stand. An order that
//! slipped behind their cursor (it showed up in the list an hour late, a replica of the marketplace answered) would be
//! missing for good. Lists say when an order changed only by the window that it stands in, so windows are an hour long.

use onhand_connector::OrderWindow;
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::NewJob;
use onhand_rules::{JobBody, MarketOrder, ShopId};

use super::catching_up::{FIRST_MS, SHORTEST_MS};
use super::{Attempt, Flows, read};

/// How far back it looks. Milliseconds.
const BACK_MS: i64 = 7 * 24 * 3_600_000;
/// A window, unless too many orders changed in it. Milliseconds.
const WINDOW_MS: i64 = 3_600_000;

/// Whether an order that the marketplace changed within the window is here as it was then or later. Marketplaces count in
/// whole seconds, so the second in which the window begins belongs to it.
fn is_known(here: Option<&MarketOrder>, window: OrderWindow) -> bool {
    let since = window.since - window.since.rem_euclid(1_000);
    here.is_some_and(|order| order.snapshot.updated_at >= since)
}

impl Flows {
    pub(super) async fn compare_orders(&self, attempt: Attempt<'_>, shop: ShopId) -> Result<(), End> {
        let mut visit = self.visit(&attempt, shop).await?;
        let offset = visit.shop.health.clock_offset;
        let until = read(self.engine.reads().now().await)? + offset;
        // What was sold before we came is no business of ours, as for the first poll.
        let mut since = (until - BACK_MS).max(visit.shop.created_at + offset - FIRST_MS);
        let mut span = WINDOW_MS;
        let (mut looked_at, mut missing, mut older) = (0, 0, 0);
        while since < until {
            let window = OrderWindow { since, until: until.min(since + span) };
            let Some(listed) = self.changed(&attempt, &mut visit, window, span > SHORTEST_MS).await? else {
                span = (span / 2).max(SHORTEST_MS);
                continue;
            };
            looked_at += listed.len();
            let mut jobs = Vec::new();
            for reference in listed {
                let here = read(self.engine.reads().market_order(shop, &reference).await)?;
                if is_known(here.as_ref(), window) {
                    continue;
                }
                let counter = if here.is_none() { &mut missing } else { &mut older };
                *counter += 1;
                let body = JobBody::FetchOrder { shop, reference };
                jobs.push(NewJob { body, class: 4, run_at: 0, cause_at: None });
            }
            if !jobs.is_empty() {
                self.submit(EnqueueJobs { jobs }).await?;
            }
            since = window.until;
            span = span.saturating_mul(2).min(WINDOW_MS);
        }
        if missing > 0 {
            tracing::warn!(
                shop = shop.0,
                looked_at,
                missing,
                older,
                "orders of the last seven days had been missed; they are fetched"
            );
        } else {
            tracing::info!(
                shop = shop.0,
                looked_at,
                older,
                "the orders of the last seven days were compared"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use onhand_rules::market_order::{MarketOrderState, MarketSnapshot, MarketStatus};

    use super::*;

    fn changed_at(updated_at: i64) -> MarketOrder {
        let snapshot = MarketSnapshot {
            lines: Vec::new(),
            status: MarketStatus::Confirmed,
            raw_status: String::new(),
            known_status: true,
            cancel_requested: None,
            updated_at,
            created_at: 0,
            currency: None,
            completed: false,
            returning: false,
        };
        MarketOrder {
            shop: ShopId(1),
            reference: "1".to_owned(),
            state: MarketOrderState::Applied,
            snapshot,
            applied: Vec::new(),
            waits_for: Vec::new(),
            trouble: None,
            refusal: None,
            stale_news: 0,
            job: None,
            version: 1,
            received_at: 0,
            updated_at: 0,
        }
    }

    #[test]
    fn an_order_that_changed_after_we_last_saw_it_is_not_known() {
        let window = OrderWindow { since: 5_600, until: 9_000 };
        assert!(!is_known(None, window));
        assert!(!is_known(Some(&changed_at(4_999)), window));
        assert!(is_known(Some(&changed_at(5_000)), window), "told in whole seconds");
        assert!(is_known(Some(&changed_at(50_000)), window), "it changed again since it was listed");
    }
}
