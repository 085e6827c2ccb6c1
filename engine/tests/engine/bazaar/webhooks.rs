//! Messages of marketplaces: forged, twice, late, out of order, lost, and of things that nobody knows.

use std::sync::Arc;

use onhand_connector::{RawWebhook, Refused, Secret};
use onhand_engine::flows::{Flows, IngestError, Outlet, SharedLimits};
use onhand_engine::jobs::RunnerSettings;
use onhand_engine::vault::Vault;
use onhand_rules::commands::CreateSku;
use onhand_rules::commands::channels::MapListing;
use onhand_rules::commands::queue::{EnqueueJobs, PutSetting};
use onhand_rules::job::{Job, JobBody, NewJob};
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::{Notice, NoticeKind};
use onhand_rules::setting::{Setting, kind_pause_key};
use onhand_rules::shop::{PollFirst, ShopState};
use onhand_store::faulty::Call;
use onhand_store::{InboxFilter, MarketOrderFilter, StoreError};
use serde_json::json;
use tokio::task::JoinSet;

use super::{Bazaar, LAZADA, SHOPEE, TIKTOK, keys, market_of, stop};
use crate::stage::{HOUR, Stage, done, figures, on_both, receive, within};

const DAY: i64 = 24 * HOUR;

on_both!(
    g1_a_hundred_deliveries_at_once_are_one,
    g2_every_order_of_arrival_ends_alike,
    g3_what_is_not_believed_is_not_kept,
    g4_a_genuine_message_days_later_changes_nothing,
    g5_what_cannot_be_kept_is_not_acknowledged_and_comes_again,
    g6_without_messages_the_poll_finds_the_orders_and_somebody_is_told,
    g6_lost_messages_are_fetched_and_confirmed,
    g7_a_line_that_nobody_mapped_waits_and_is_applied_then,
    g7_an_order_that_nobody_knows_is_asked_for_and_given_up,
    g7_the_orders_of_a_shop_that_is_not_connected_yet_are_taken_when_it_is,
    h4_an_old_message_that_consent_was_taken_back_disconnects_nobody,
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

/// The same process after its keys were changed: what signs is new, and the old one is still believed, or not.
fn rotated(bazaar: &Bazaar, channel: &str, old_is_good: bool) -> Flows {
    let mut app = keys(&bazaar.sandbox, market_of(channel), None);
    let old = app.webhook_secret.clone().unwrap_or_else(|| app.secret.clone());
    app.webhook_secret = Some(Secret::new("the new one"));
    app.webhook_secret_before = old_is_good.then_some(old);
    let outlet = Outlet { channel: bazaar.gates[channel].clone(), app: Arc::new(app) };
    let limits = Arc::new(SharedLimits::new(bazaar.engine.clone()));
    Flows::new(bazaar.engine.clone(), vec![outlet], Vault::new([7; 32]), limits)
}

async fn refused(flows: &Flows, channel: &str, raw: &RawWebhook, why: &Refused, what: &str) {
    let answer = flows.receive(channel, raw).await;
    assert!(
        matches!(&answer, Err(IngestError::Refused(said)) if said == why),
        "{channel} {what}: {answer:?}"
    );
}

async fn g3_what_is_not_believed_is_not_kept(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK, LAZADA], 100).await;
    bazaar.hooks.deaf(200);
    let flows = &bazaar.flows;
    let all =
        async || bazaar.engine.reads().inbox(&InboxFilter::default(), 100).await.expect("a read").rows.len();
    let before = all().await;
    let mut genuine = Vec::new();
    for channel in [SHOPEE, TIKTOK, LAZADA] {
        let reference = bazaar.buy(channel, "A", 1).await;
        let raw = bazaar.hooks.holding(&reference, 1).await.remove(0);
        genuine.push((channel, reference, raw));
        // Its clock is twenty minutes ahead.
        bazaar.fault(channel, json!({"fault": "clock_skew", "ms": 20 * 60_000})).await;
        let ahead = bazaar.buy(channel, "A", 1).await;
        let ahead = bazaar.hooks.holding(&ahead, 1).await.remove(0);
        refused(flows, channel, &ahead, &Refused::Time, "of the future").await;
        bazaar.end_faults().await;
    }
    for (at, (channel, reference, raw)) in genuine.iter().enumerate() {
        let signature = |raw: &RawWebhook| raw.header("authorization").expect("a signature").to_owned();
        let signed = |signature: &str| {
            let mut other = raw.clone();
            other.headers.retain(|(name, _)| name != "authorization");
            other.headers.extend((!signature.is_empty()).then(|| ("authorization".into(), signature.into())));
            other
        };
        let text = String::from_utf8(raw.body.clone()).expect("text");
        let tampered =
            RawWebhook { body: text.replace(reference, "260101NOBODYS").into_bytes(), ..raw.clone() };
        assert_ne!(tampered.body, raw.body);
        for (forged, what) in [
            (tampered, "about another order"),
            (signed(""), "unsigned"),
            (signed(&"0".repeat(64)), "signed with nothing"),
            (signed(&signature(&genuine[(at + 1) % 3].2)), "signed with the key of another marketplace"),
        ] {
            refused(flows, channel, &forged, &Refused::Signature, what).await;
        }
        refused(&rotated(&bazaar, channel, false), channel, raw, &Refused::Signature, "of an old key").await;
    }
    assert_eq!(all().await, before, "nothing of it is kept");
    assert!(bazaar.jobs("fetch_order").await.is_empty());
    // A key that was just changed is good as long as the old one is named.
    for (channel, reference, raw) in &genuine {
        rotated(&bazaar, channel, true).receive(channel, raw).await.expect("it is believed");
        assert_eq!(inbox(&bazaar, reference).await.len(), 1, "{channel}");
    }
    assert_eq!(bazaar.work("fetch_order").await, 3);
    assert_eq!(bazaar.available("A").await, 97);
    bazaar.stage.verify().await;
}

async fn g4_a_genuine_message_days_later_changes_nothing(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[TIKTOK, LAZADA], 100).await;
    bazaar.hooks.deaf(200);
    let mut old = Vec::new();
    for channel in [TIKTOK, LAZADA] {
        let reference = bazaar.buy(channel, "A", 4).await;
        let raw = bazaar.hooks.holding(&reference, 1).await.remove(0);
        let then = bazaar.gates[channel].order_now(&reference).await;
        deliver(&bazaar, channel, &raw, 1).await;
        bazaar.work("fetch_order").await;
        assert_eq!(bazaar.available("A").await, 96);
        bazaar.act(&reference, "cancel").await;
        fetch(&bazaar, channel, &reference).await;
        assert_eq!(bazaar.available("A").await, 100);
        let known = bazaar.market_order(channel, &reference).await.expect("the order");
        old.push((channel, raw, then, known));
    }
    // Whoever sends it has it from the wire. While it may be a late retry it is believed, and what it hints at may be read
    // from a copy that is old, too.
    bazaar.stage.pass(20 * HOUR).await;
    for (channel, raw, then, known) in &old {
        deliver(&bazaar, channel, raw, 3).await;
        bazaar.gates[channel].tell(then.clone());
        fetch(&bazaar, channel, &known.reference).await;
        let now = bazaar.market_order(channel, &known.reference).await.expect("the order");
        assert_eq!((&now.snapshot, &now.applied), (&known.snapshot, &known.applied), "{channel}");
        assert_eq!(now.stale_news, known.stale_news + 1, "{channel}: seen, and not believed");
        assert_eq!(bazaar.available("A").await, 100, "{channel}");
    }
    bazaar.stage.pass(2 * DAY).await;
    for (channel, raw, _, _) in &old {
        refused(&bazaar.flows, channel, raw, &Refused::Time, "of days ago").await;
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

/// With schedules, which look every second.
pub(super) fn with_timers() -> RunnerSettings {
    RunnerSettings { timers: true, gauges_every: None, ..RunnerSettings::default() }
}

async fn g6_without_messages_the_poll_finds_the_orders_and_somebody_is_told(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[TIKTOK], 100).await;
    // Who reads figures back would find the sale, too.
    for kind in ["sweep_drift", "read_back"] {
        let value = Some(Setting::KindPaused { reason: "a test".into() });
        done(&bazaar.engine, PutSetting { key: kind_pause_key(kind), value }).await;
    }
    let runner = bazaar.run_with(with_timers());
    // The first poll is over, and the shop has been silent for longer than messages take.
    bazaar.stage.pass(11 * 60_000).await;
    within("the first poll", async {
        loop {
            let until = bazaar.shop(TIKTOK).await.cursors.orders_until;
            if until > 0 && bazaar.jobs("poll_orders").await.is_empty() {
                return;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    bazaar.control("webhooks/tiktok/suspend", &json!({})).await;
    let reference = bazaar.buy(TIKTOK, "A", 2).await;
    // The next poll is ten minutes later at most.
    bazaar.stage.pass(10 * 60_000).await;
    let order = bazaar.until_taken(TIKTOK, &reference).await;
    assert_eq!(order.state, MarketOrderState::Applied);
    assert_eq!(bazaar.available("A").await, 98);
    assert!(inbox(&bazaar, &reference).await.is_empty(), "no message came");
    let key = Notice::key(NoticeKind::WebhooksSilent, &bazaar.shop(TIKTOK).await.code);
    bazaar.stage.pass(60_000).await;
    within("the notice", async {
        while !bazaar.engine.reads().notice(&key).await.expect("a read").is_some_and(|notice| notice.open) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stop(&runner).await;
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
    // They are fetched, and before they are kept the database is gone.
    let plan = bazaar.plan.clone();
    let gone = move || {
        for _ in 0..20 {
            plan.fail(Call::BeforeCommit, StoreError::Unavailable("gone".into()));
        }
    };
    bazaar.gates[SHOPEE].once_fetched(gone);
    let again = bazaar.killed_in(&job).await;
    assert!(inbox(&bazaar, &reference).await.is_empty(), "they were not kept");
    assert_eq!(lost().await, before, "what is not kept is not confirmed");
    bazaar.attempt(&again).await;
    assert_eq!(lost().await, 0, "all is kept, and confirmed");
    while bazaar.work("fetch_order").await > 0 {}
    assert!(bazaar.market_order(SHOPEE, &reference).await.is_some());
    assert_eq!(bazaar.available("A").await, 98);
    bazaar.stage.verify().await;
}

async fn g7_a_line_that_nobody_mapped_waits_and_is_applied_then(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE], 100).await;
    bazaar.put_up("UNKNOWN").await;
    bazaar.control("listings/stock", &json!({"market": SHOPEE, "seller_sku": "UNKNOWN", "stock": 9})).await;
    let runner = bazaar.run();
    let cart = json!({"market": SHOPEE, "pay": true, "lines": [
        {"seller_sku": "UNKNOWN", "quantity": 2}, {"seller_sku": "A", "quantity": 1},
    ]});
    let reference = bazaar.control("orders", &cart).await["order"].as_str().expect("a number").to_owned();
    let order = bazaar.until_taken(SHOPEE, &reference).await;
    assert_eq!(order.state, MarketOrderState::WaitsForMapping);
    assert_eq!(order.waits_for.len(), 1, "visibly");
    within("the listing", async {
        let filter = onhand_store::ListingFilter::default();
        while bazaar.engine.reads().listings(&filter, 10).await.expect("a read").rows.len() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let listing = bazaar.listing(SHOPEE, "UNKNOWN").await;
    let key = Notice::key(NoticeKind::Unmapped, &listing.id.0.to_string());
    within("somebody is told to map it", async {
        while !bazaar.engine.reads().notice(&key).await.expect("a read").is_some_and(|notice| notice.open) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let create = CreateSku { code: "C".into(), name: "C".into(), components: Vec::new(), backorder_limit: 0 };
    done(&bazaar.engine, create).await;
    done(&bazaar.engine, receive("C", 10)).await;
    // One unit there is two of ours.
    let to = Some(("C".to_owned(), 2));
    done(&bazaar.engine, MapListing { listing: listing.id, expected_version: None, to }).await;
    within("it is applied", async {
        while bazaar.until_taken(SHOPEE, &reference).await.state != MarketOrderState::Applied {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(bazaar.available("C").await, 6);
    assert_eq!(bazaar.available("A").await, 99, "once");
    assert!(bazaar.engine.reads().notice(&key).await.expect("a read").is_some_and(|notice| !notice.open));
    bazaar.until_it_shows(SHOPEE, "UNKNOWN", 3).await;
    stop(&runner).await;
    bazaar.nothing_is_dead().await;
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

async fn g7_the_orders_of_a_shop_that_is_not_connected_yet_are_taken_when_it_is(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[LAZADA], 100).await;
    bazaar.hooks.deaf(200);
    let known = bazaar.buy(LAZADA, "A", 1).await;
    let raw = bazaar.hooks.holding(&known, 1).await.remove(0);
    bazaar.hooks.deaf(0);
    let opened = bazaar.control("shops", &json!({"market": LAZADA, "name": "The other"})).await;
    let variant = json!({"seller_sku": "A", "options": [], "stock": 7});
    let item = json!({"title": "A again", "axes": [], "variants": [variant]});
    let goods = json!({"market": LAZADA, "shop": opened["shop"], "items": [item]});
    bazaar.control("catalogue", &goods).await;
    let cart = json!({"market": LAZADA, "shop": opened["shop"], "pay": true,
        "lines": [{"seller_sku": "A", "quantity": 2}]});
    let reference = bazaar.control("orders", &cart).await["order"].as_str().expect("a number").to_owned();
    // The marketplace tells only those who were let in; another installation with the same app was.
    let text = String::from_utf8(raw.body.clone()).expect("text").replace(&known, &reference);
    let account = bazaar.shop(LAZADA).await.account;
    let other = opened["shop"].as_str().expect("a number");
    assert!(text.contains(&account), "{text}");
    let body = text.replace(&account, other);
    let app = keys(&bazaar.sandbox, market_of(LAZADA), None);
    let signature = onhand_sandbox::hmac_hex(app.secret.expose(), format!("{}{body}", app.id).as_bytes());
    let headers = vec![("authorization".to_owned(), signature)];
    bazaar
        .flows
        .receive(LAZADA, &RawWebhook { body: body.into_bytes(), headers, ..raw })
        .await
        .expect("it is kept");
    let kept = inbox(&bazaar, &reference).await;
    assert!(kept.len() == 1 && kept[0].shop.is_none(), "visible as of nobody: {kept:?}");
    // The first shop's own message may have come again by now.
    let asks = |job: &Job| matches!(&job.body, JobBody::FetchOrder { reference: of, .. } if *of == reference);
    assert!(!bazaar.jobs("fetch_order").await.iter().any(asks), "nobody may ask for it");
    let shop = bazaar.connect(LAZADA, PollFirst::Auto).await;
    assert_ne!(shop, bazaar.shop_id(LAZADA));
    let runner = bazaar.run_with(with_timers());
    bazaar.stage.pass(61_000).await;
    within("the order", async {
        while bazaar.engine.reads().market_order(shop, &reference).await.expect("a read").is_none() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    within("both orders", async {
        while bazaar.available("A").await != 97 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stop(&runner).await;
    bazaar.stage.verify().await;
}

/// The marketplace repeats a message for hours, and the owner has consented again meanwhile.
async fn h4_an_old_message_that_consent_was_taken_back_disconnects_nobody(stage: Stage) {
    let bazaar = Bazaar::open(stage, &[SHOPEE, TIKTOK], 20).await;
    bazaar.hooks.deaf(200);
    for (channel, text) in [(SHOPEE, "shop cancelled authorization"), (TIKTOK, "deauthorized")] {
        bazaar.fault(channel, json!({"fault": "revoke_token"})).await;
        let old = bazaar.hooks.holding(text, 1).await.remove(0);
        assert_eq!(bazaar.connect(channel, PollFirst::Auto).await, bazaar.shop_id(channel));
        deliver(&bazaar, channel, &old, 1).await;
        assert!(bazaar.work("probe_shop").await >= 1, "{channel}: the shop is asked");
        assert_eq!(bazaar.shop(channel).await.state, ShopState::Connected, "{channel}");
        // One that is true ends the grant as soon as it comes.
        bazaar.control("clock", &json!({"advance_seconds": 2})).await;
        bazaar.fault(channel, json!({"fault": "revoke_token"})).await;
        let new = bazaar.hooks.holding(text, 2).await.remove(1);
        deliver(&bazaar, channel, &new, 1).await;
        assert!(bazaar.work("probe_shop").await >= 1, "{channel}: and again");
        assert_eq!(bazaar.shop(channel).await.state, ShopState::Disconnected, "{channel}");
    }
    bazaar.stage.verify().await;
}
