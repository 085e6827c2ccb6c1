//! Polls of shops that sold a lot.

use onhand_engine::flows::FlowEnd;
use onhand_rules::commands::channels::MoveCursors;
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::market_order::MarketStatus;
use onhand_rules::shop::ShopCursors;
use serde_json::json;

use super::{Bazaar, LAZADA, SHOPEE, TIKTOK};
use crate::stage::{HOUR, Stage, done, on_both};

on_both!(
    g6_a_poll_of_many_orders_goes_in_parts_and_goes_on_where_it_was_cut_off,
    g6_what_messages_and_polls_have_missed_is_found_within_a_day,
);

/// Orders of each of two moments: together more than one part of a poll, and each a part with three fetches.
const ORDERS: i64 = 120;
/// How long lies between the two moments. Milliseconds.
const BETWEEN: i64 = 600_000;

async fn g6_a_poll_of_many_orders_goes_in_parts_and_goes_on_where_it_was_cut_off(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 1_000).await;
    bazaar.control("webhooks/shopee/suspend", &json!({})).await;
    bazaar.fault(SHOPEE, json!({"fault": "clock_skew", "ms": -BETWEEN})).await;
    for _ in 0..ORDERS {
        bazaar.buy(SHOPEE, "A", 1).await;
    }
    bazaar.end_faults().await;
    for _ in 0..ORDERS {
        bazaar.buy(SHOPEE, "B", 1).await;
    }
    let body = JobBody::PollOrders { shop: bazaar.shop_id(SHOPEE) };
    done(&bazaar.engine, EnqueueJobs { jobs: vec![NewJob { body, class: 3, run_at: 0, cause_at: None }] })
        .await;
    let job = bazaar.jobs("poll_orders").await.remove(0);
    let lease = bazaar.claim(&job, 60_000).await;

    // The second part is cut off after its first fetch.
    bazaar.gates[SHOPEE].fetches(4);
    let end = bazaar.flow(&bazaar.flows, &job, lease).await;
    assert!(matches!(end, FlowEnd::End(End::Failed { .. })), "{end:?}");
    let cursor = bazaar.shop(SHOPEE).await.cursors.orders_until;
    let ago = bazaar.now().await - cursor;
    assert!((1_000..BETWEEN).contains(&ago), "the cursor is behind the first part: {ago} ms ago");
    assert_eq!(bazaar.available("A").await, 1_000 - ORDERS);

    let asked = bazaar.gates[SHOPEE].orders_asked();
    bazaar.gates[SHOPEE].earliest_listed();
    bazaar.gates[SHOPEE].fetches(u64::MAX);
    let end = bazaar.flow(&bazaar.flows, &job, lease).await;
    assert!(matches!(end, FlowEnd::End(End::Done { .. })), "{end:?}");
    assert_eq!(bazaar.available("B").await, 1_000 - ORDERS);
    let again = bazaar.gates[SHOPEE].orders_asked() - asked;
    let back = cursor - bazaar.gates[SHOPEE].earliest_listed();
    assert_eq!(back, 60_000, "it looked back in full just now");
    assert_eq!(again, ORDERS.unsigned_abs(), "what was fetched after it changed is not fetched again");
    bazaar.stage.verify().await;
}

async fn ask(bazaar: &Bazaar, body: JobBody) {
    let kind = body.kind();
    let job = NewJob { body, class: 3, run_at: 0, cause_at: None };
    done(&bazaar.engine, EnqueueJobs { jobs: vec![job] }).await;
    bazaar.work(kind).await;
    while bazaar.work("fetch_order").await > 0 {}
}

/// Orders that show up in the list late, behind the cursor of the polls: one that is not here, and one that is here as it
/// was before.
async fn g6_what_messages_and_polls_have_missed_is_found_within_a_day(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 1_000).await;
    bazaar.hooks.deaf(200);
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        let shop = bazaar.shop_id(channel);
        let before = bazaar.available("A").await;
        bazaar.fault(channel, json!({"fault": "clock_skew", "ms": -5 * HOUR})).await;
        let known = bazaar.try_buy(channel, "A", 3, true).await.expect("it is there");
        bazaar.end_faults().await;
        ask(&bazaar, JobBody::FetchOrder { shop, reference: known.clone() }).await;
        assert_eq!(bazaar.available("A").await, before - 3, "{channel}");

        bazaar.fault(channel, json!({"fault": "clock_skew", "ms": -2 * HOUR})).await;
        bazaar.act(&known, "cancel").await;
        let unknown = bazaar.try_buy(channel, "A", 5, true).await.expect("it is there");
        bazaar.end_faults().await;
        let cursors = ShopCursors { orders_until: bazaar.now().await, ..ShopCursors::default() };
        done(&bazaar.engine, MoveCursors { shop, cursors }).await;
        ask(&bazaar, JobBody::PollOrders { shop }).await;
        assert!(
            bazaar.market_order(channel, &unknown).await.is_none(),
            "{channel}: a poll does not look there"
        );

        ask(&bazaar, JobBody::CompareOrders { shop }).await;
        let order = bazaar.market_order(channel, &known).await.expect("the order");
        assert_eq!(order.snapshot.status, MarketStatus::Cancelled, "{channel}");
        assert!(bazaar.market_order(channel, &unknown).await.is_some(), "{channel}");
        assert_eq!(bazaar.available("A").await, before - 5, "{channel}");

        // Nothing is fetched that is here as it is there.
        let asked = bazaar.gates[channel].orders_asked();
        ask(&bazaar, JobBody::CompareOrders { shop }).await;
        assert_eq!(bazaar.gates[channel].orders_asked(), asked, "{channel}");
    }
    bazaar.stage.verify().await;
}
