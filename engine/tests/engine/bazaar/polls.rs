//! Polls of shops that sold a lot.

use onhand_engine::flows::FlowEnd;
use onhand_rules::commands::queue::{End, EnqueueJobs};
use onhand_rules::job::{JobBody, NewJob};
use serde_json::json;

use super::{Bazaar, SHOPEE};
use crate::stage::{Stage, done, on_both};

on_both!(g6_a_poll_of_many_orders_goes_in_parts_and_goes_on_where_it_was_cut_off);

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
    bazaar.gates[SHOPEE].fetches(u64::MAX);
    let end = bazaar.flow(&bazaar.flows, &job, lease).await;
    assert!(matches!(end, FlowEnd::End(End::Done { .. })), "{end:?}");
    assert_eq!(bazaar.available("B").await, 1_000 - ORDERS);
    let again = bazaar.gates[SHOPEE].orders_asked() - asked;
    assert_eq!(again, ORDERS.unsigned_abs(), "what was fetched after it changed is not fetched again");
    bazaar.stage.verify().await;
}
