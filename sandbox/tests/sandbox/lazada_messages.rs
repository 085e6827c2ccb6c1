//! Lazada: what integrators are told.

use std::time::Duration;

use onhand_sandbox::{Market, Options, hmac_hex};
use serde_json::{Value, json};

use crate::hook::{Delivery, Hook};
use crate::lazada_app::LazadaApp;
use crate::probe::Probe;

/// A sandbox that tells this hook, and hurries.
async fn start(hook: &Hook) -> Probe {
    let webhook_urls = [(Market::Lazada, hook.url.clone())].into();
    Probe::with(Options { webhook_urls, time_scale: 0.000_1, ..Options::default() }).await
}

async fn order(probe: &Probe, quantity: i64) -> String {
    let lines = json!([{"seller_sku": "TRY-LIN", "quantity": quantity}]);
    let placed = probe.tell("/control/orders", json!({"market": "lazada", "lines": lines})).await;
    placed["order"].as_str().unwrap().to_owned()
}

/// The next message, which must carry the right signature.
async fn next(app: &LazadaApp<'_>, hook: &mut Hook) -> Value {
    let Delivery { signature, raw, body } = hook.next().await;
    let base = [app.keys().app_id.as_bytes(), &raw].concat();
    assert_eq!(signature, hmac_hex(&app.keys().secret, &base), "small letters, over the raw body");
    body
}

#[tokio::test]
async fn every_item_of_an_order_is_told_by_itself() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let app = LazadaApp::connect(&probe).await;
    let id = order(&probe, 3).await;
    let mut lines = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let body = next(&app, &mut hook).await;
        assert_eq!((body["message_type"].as_i64(), body["site"].as_str()), (Some(0), Some("lazada_sg")));
        assert_eq!(body["seller_id"], app.account().await);
        assert!(body["timestamp"].as_i64().unwrap() > 1_000_000_000_000, "milliseconds");
        let data = &body["data"];
        assert_eq!(
            (data["order_status"].as_str(), data["trade_order_id"].as_str()),
            (Some("unpaid"), Some(id.as_str()))
        );
        assert!(data["status_update_time"].as_i64().unwrap() < 10_000_000_000, "seconds");
        assert!(lines.insert(data["trade_order_line_id"].as_str().unwrap().to_owned()));
    }
    let items = app.items(&id).await;
    let wanted = items.iter().map(|item| item["order_item_id"].to_string()).collect();
    assert_eq!(lines, wanted);
    probe.tell(&format!("/control/orders/{id}/pay"), json!({})).await;
    assert_eq!(next(&app, &mut hook).await["data"]["order_status"], "pending");
}

#[tokio::test]
async fn what_goes_back_is_told_twice_with_the_same_number() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let app = LazadaApp::connect(&probe).await;
    let id = order(&probe, 1).await;
    next(&app, &mut hook).await;
    let act = async |action: &str| {
        probe.tell(&format!("/control/orders/{id}/{action}"), json!({})).await;
    };
    act("pay").await;
    next(&app, &mut hook).await;
    act("request_cancel").await;
    let asked = next(&app, &mut hook).await;
    assert_eq!(
        (asked["message_type"].as_i64(), &asked["data"]["reverse_status"]),
        (Some(10), &json!("CANCEL_INIT"))
    );
    assert_eq!(asked["data"]["trade_order_id"].as_u64(), id.parse().ok(), "a number in this kind of message");
    act("agree_cancel").await;
    let both = [next(&app, &mut hook).await, next(&app, &mut hook).await];
    let trade = both.iter().find(|body| body["message_type"] == 0).unwrap();
    let reverse = both.iter().find(|body| body["message_type"] == 10).unwrap();
    assert_eq!(trade["data"]["order_status"], "canceled");
    assert_eq!(reverse["data"]["reverse_status"], "CANCEL_SUCCESS");
    assert_eq!(reverse["data"]["reverse_order_id"], asked["data"]["reverse_order_id"]);
    assert_eq!(trade["data"]["reverse_order_id"], asked["data"]["reverse_order_id"].to_string());
}

#[tokio::test]
async fn a_repeated_message_tells_how_things_are_by_then() {
    let mut hook = Hook::start().await;
    hook.answer_next([(500, "")]);
    let webhook_urls = [(Market::Lazada, hook.url.clone())].into();
    // Half an hour is 1.8 seconds: time enough to pay before it is over.
    let probe = Probe::with(Options { webhook_urls, time_scale: 0.001, ..Options::default() }).await;
    let app = LazadaApp::connect(&probe).await;
    let id = order(&probe, 1).await;
    assert_eq!(next(&app, &mut hook).await["data"]["order_status"], "unpaid");
    probe.tell(&format!("/control/orders/{id}/pay"), json!({})).await;
    for _ in 0..2 {
        assert_eq!(next(&app, &mut hook).await["data"]["order_status"], "pending");
    }
    assert!(hook.there().is_none());
}

#[tokio::test]
async fn only_status_200_will_do_and_twelve_times_it_is_tried_again() {
    let mut hook = Hook::start().await;
    hook.answer_next([(204, "")].repeat(12));
    hook.answer_next([(200, "a body is no fault here")]);
    let probe = start(&hook).await;
    let app = LazadaApp::connect(&probe).await;
    order(&probe, 1).await;
    for _ in 0..13 {
        next(&app, &mut hook).await;
    }
    let webhooks = loop {
        let webhooks = probe.look("/control/webhooks").await;
        if webhooks["in_flight"] == 0 {
            break webhooks;
        }
    };
    let counts = &webhooks["markets"][2]["counts"];
    assert_eq!(
        (counts["attempts"].as_i64(), counts["delivered"].as_i64()),
        (Some(13), Some(1)),
        "{webhooks}"
    );
}

#[tokio::test]
async fn g6_above_half_of_failures_the_pushes_stop_silently() {
    let mut hook = Hook::start().await;
    hook.answer_next([(500, "")].repeat(200));
    let probe = Probe::with(Options {
        webhook_urls: [(Market::Lazada, hook.url.clone())].into(),
        ..Options::default()
    })
    .await;
    let app = LazadaApp::connect(&probe).await;
    let stock = json!({"market": "lazada", "seller_sku": "TRY-LIN", "stock": 500});
    probe.tell("/control/listings/stock", stock).await;
    order(&probe, 60).await;
    for _ in 0..51 {
        next(&app, &mut hook).await;
    }
    let suspended = async || {
        let webhooks = probe.look("/control/webhooks").await;
        webhooks["markets"][2]["counts"]["suspended"].as_bool().unwrap()
    };
    let stopped = async { while !suspended().await {} };
    tokio::time::timeout(Duration::from_secs(10), stopped).await.unwrap();
    while hook.there().is_some() {}
    order(&probe, 1).await;
    probe.tell("/control/webhooks/lazada/resume", json!({})).await;
    let id = order(&probe, 2).await;
    let told = loop {
        let body = next(&app, &mut hook).await;
        if body["data"]["order_status"] == "unpaid" && body["data"]["trade_order_id"] == id.as_str() {
            break body;
        }
    };
    assert_eq!(told["data"]["trade_order_id"], id.as_str());
}

#[tokio::test]
async fn shallow_stock_changed_listings_and_no_farewell() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let app = LazadaApp::connect(&probe).await;
    let stock = json!({"market": "lazada", "seller_sku": "TRY-LIN", "stock": 4});
    probe.tell("/control/listings/stock", stock).await;
    let low = next(&app, &mut hook).await;
    assert_eq!((low["message_type"].as_i64(), low["data"]["real_quantity"].as_i64()), (Some(6), Some(4)));
    assert!(low["timestamp"].as_i64().unwrap() < 10_000_000_000, "seconds here");
    let hide = json!({"market": "lazada", "seller_sku": "TRY-LIN", "status": "deleted"});
    probe.tell("/control/listings/status", hide).await;
    assert_eq!(next(&app, &mut hook).await["message_type"], 5);
    probe.tell("/control/faults", json!({"market": "lazada", "fault": "revoke_token"})).await;
    let lines = json!([{"seller_sku": "MUG-HER-BLK", "quantity": 1}]);
    probe.tell("/control/orders", json!({"market": "lazada", "lines": lines})).await;
    app.exchange(&app.consent().await).await;
    let placed = probe.tell("/control/orders", json!({"market": "lazada", "lines": lines})).await;
    let first = next(&app, &mut hook).await;
    assert_eq!(first["data"]["trade_order_id"], placed["order"], "the messages just stopped in between");
}

#[tokio::test]
async fn the_end_of_a_token_is_told_within_48_hours() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let mut app = LazadaApp::connect(&probe).await;
    let days = 29;
    probe.tell("/control/clock", json!({"advance_seconds": days * 86_400})).await;
    app.clock_off = days * 86_400_000;
    let soon = next(&app, &mut hook).await;
    assert_eq!((soon["message_type"].as_i64(), soon["seller_id"].as_str()), (Some(8), Some("null")));
    assert_eq!(soon["data"]["seller_id"], app.account().await);
    let left = soon["data"]["auth_expiry_time"].as_i64().unwrap() - app.now() / 1_000;
    assert!((86_400 - 60..=86_400).contains(&left), "{left}");
    // Whoever refreshes is not reminded again.
    assert_eq!(app.refresh_with(&app.refresh).await["code"], "0");
    probe.tell("/control/clock", json!({"advance_seconds": 2 * 86_400})).await;
    assert_eq!(probe.look("/control/webhooks").await["markets"][2]["counts"]["messages"], 1);
    // When the consent is over the messages just stop, without a word, until he consents again.
    let days = 180;
    probe.tell("/control/clock", json!({"advance_seconds": days * 86_400})).await;
    app.clock_off += (days + 2) * 86_400_000;
    order(&probe, 1).await;
    assert_eq!(app.exchange(&app.consent().await).await["code"], "0");
    let id = order(&probe, 1).await;
    assert_eq!(next(&app, &mut hook).await["data"]["trade_order_id"], id.as_str());
}
