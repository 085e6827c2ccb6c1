//! Messages of marketplaces: twice, out of order, lost, not kept, and of things that nobody knows.

use onhand_connector::RawWebhook;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_store::faulty::Call;
use onhand_store::{InboxFilter, MarketOrderFilter, StoreError};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Bazaar, LAZADA, SHOPEE, TIKTOK};
use crate::stage::{Stage, done, figures, on_both, within};

on_both!(
    g1_a_hundred_deliveries_at_once_are_one,
    g2_every_order_of_arrival_ends_alike,
    g5_what_cannot_be_kept_is_not_acknowledged_and_comes_again,
    g6_lost_messages_are_fetched_and_confirmed,
    g7_an_order_that_nobody_knows_is_asked_for_and_given_up,
);

async fn inbox(bazaar: &Bazaar, reference: &str) -> Vec<onhand_rules::Inbox> {
    let page = bazaar.engine.reads().inbox(&InboxFilter::default(), 1_000).await.expect("a read");
    page.rows.into_iter().filter(|row| row.body.contains(reference)).collect()
}

/// Delivers a message so often, all at once; each must be taken.
async fn deliver(bazaar: &Bazaar, channel: &'static str, raw: &RawWebhook, times: usize) {
    let mut deliveries = JoinSet::new();
    for _ in 0..times {
        let (flows, raw) = (bazaar.flows.clone(), raw.clone());
        deliveries.spawn(async move { flows.receive(channel, &raw).await });
    }
    while let Some(arrived) = within("an answer", deliveries.join_next()).await {
        arrived.expect("no panic").expect("it is kept, and acknowledged");
    }
}

async fn fetch(bazaar: &Bazaar, channel: &str, reference: &str) {
    let body = JobBody::FetchOrder { shop: bazaar.shop_id(channel), reference: reference.to_owned() };
    let job = NewJob { body, class: 1, run_at: 0, cause_at: None };
    done(&bazaar.engine, EnqueueJobs { jobs: vec![job] }).await;
    while bazaar.work("fetch_order").await > 0 {}
}

async fn g1_a_hundred_deliveries_at_once_are_one(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 100).await;
    bazaar.hooks.deaf(200);
    let mut left = 100;
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        let reference = bazaar.buy(channel, "A", 3).await;
        left -= 3;
        let raw = bazaar.hooks.holding(&reference, 1).await.remove(0);
        deliver(&bazaar, channel, &raw, 100).await;
        let kept = inbox(&bazaar, &reference).await;
        assert_eq!(kept.len(), 1, "{channel}: one row");
        assert_eq!(kept[0].deliveries, 100, "{channel}: and it says how often it came");
        assert_eq!(bazaar.jobs("fetch_order").await.len(), 1, "{channel}: one fetch");
        bazaar.work("fetch_order").await;
        deliver(&bazaar, channel, &raw, 100).await;
        assert_eq!(bazaar.jobs("fetch_order").await.len(), 0, "{channel}: it was followed already");
        assert_eq!(bazaar.available("A").await, left, "{channel}: taken once");
    }
    let orders = MarketOrderFilter::default();
    assert_eq!(bazaar.engine.reads().market_orders(&orders, 10).await.expect("a read").rows.len(), 3);
    bazaar.stage.verify().await;
}

/// What is fetched may be older than what is known, for a copy of the marketplace's database may answer.
async fn g2_every_order_of_arrival_ends_alike(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[LAZADA], 1_000).await;
    bazaar.hooks.deaf(200);
    let gate = &bazaar.gates[LAZADA];
    for last in ["ship", "cancel"] {
        let mut ends = Vec::new();
        for arrival in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for twice in [None, Some(0), Some(1), Some(2)] {
                let before = figures(&bazaar.engine, "A").await;
                let reference = bazaar.try_buy(LAZADA, "A", 5, false).await.expect("it is there");
                let mut news = vec![gate.order_now(&reference).await];
                for action in ["pay", last] {
                    bazaar.act(&reference, action).await;
                    news.push(gate.order_now(&reference).await);
                }
                for at in arrival.into_iter().chain(twice) {
                    gate.tell(news[at].clone());
                    fetch(&bazaar, LAZADA, &reference).await;
                }
                let order = bazaar.market_order(LAZADA, &reference).await.expect("the order");
                let after = figures(&bazaar.engine, "A").await;
                let moved = (after.0 - before.0, after.1 - before.1, after.2 - before.2);
                let applied: Vec<_> =
                    order.applied.iter().map(|line| (line.quantity - line.cancelled, line.shipped)).collect();
                ends.push((order.state, order.snapshot.status, moved, applied));
            }
        }
        let expected = if last == "ship" { (-5, 0, 0) } else { (0, 0, 0) };
        assert_eq!(ends[0].2, expected, "{last}");
        assert!(
            ends.iter().all(|end| end.2 == expected && end.0 == ends[0].0 && end.1 == ends[0].1),
            "{ends:#?}"
        );
        assert_eq!(ends.len(), 24);
    }
    bazaar.stage.verify().await;
}

async fn g5_what_cannot_be_kept_is_not_acknowledged_and_comes_again(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 100).await;
    let before = bazaar.hooks.answers().len();
    // More often than the writer tries by itself.
    for _ in 0..3 {
        bazaar.plan.fail(Call::BeforeCommit, StoreError::Unavailable("stopped".into()));
    }
    let reference = bazaar.buy(SHOPEE, "A", 2).await;
    // The marketplace sends again what was not acknowledged.
    within("it is kept", async {
        while inbox(&bazaar, &reference).await.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let answers = bazaar.hooks.answers();
    assert!(answers[before..].contains(&503), "{answers:?}");
    assert_eq!(bazaar.plan.pending(), 0);
    while bazaar.work("fetch_order").await > 0 {}
    assert_eq!(bazaar.available("A").await, 98);
    bazaar.stage.verify().await;
}

async fn g6_lost_messages_are_fetched_and_confirmed(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 100).await;
    bazaar.fault(SHOPEE, json!({"fault": "drop_webhooks"})).await;
    let reference = bazaar.buy(SHOPEE, "A", 2).await;
    let lost = async || bazaar.look("webhooks").await["markets"][0]["lost"].as_u64().expect("a number");
    assert!(lost().await > 0);
    let body = JobBody::RecoverWebhooks { shop: bazaar.shop_id(SHOPEE) };
    let jobs = vec![NewJob { body, class: 3, run_at: 0, cause_at: None }];
    let before = lost().await;
    done(&bazaar.engine, EnqueueJobs { jobs }).await;
    let job = bazaar.jobs("recover_webhooks").await.remove(0);
    let again = bazaar.killed_before(&job).await;
    assert_eq!(lost().await, before, "what is not kept is not confirmed");
    bazaar.attempt(&again).await;
    assert_eq!(lost().await, 0, "all is kept, and confirmed");
    while bazaar.work("fetch_order").await > 0 {}
    assert!(bazaar.market_order(SHOPEE, &reference).await.is_some());
    assert_eq!(bazaar.available("A").await, 98);
    bazaar.stage.verify().await;
}

async fn g7_an_order_that_nobody_knows_is_asked_for_and_given_up(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 100).await;
    let body = JobBody::FetchOrder { shop: bazaar.shop_id(SHOPEE), reference: "2610010NOBODYS".to_owned() };
    done(&bazaar.engine, EnqueueJobs { jobs: vec![NewJob { body, class: 1, run_at: 0, cause_at: None }] })
        .await;
    let mut attempts = 0;
    while !bazaar.jobs("fetch_order").await.is_empty() {
        attempts += bazaar.work("fetch_order").await;
        bazaar.stage.pass(120_000).await;
        assert!(attempts < 10, "for ever");
    }
    assert_eq!(attempts, 4, "it may only be late");
    let done_jobs = bazaar.engine.reads().done_jobs(None, 10).await.expect("a read").rows;
    assert!(done_jobs.iter().any(|done| done.outcome == "obsolete"), "{done_jobs:?}");
    bazaar.nothing_is_dead().await;
}
