//! TikTok Shop: what integrators are told.

use std::collections::BTreeSet;

use onhand_sandbox::{Market, Options, hmac_hex};
use serde_json::{Value, json};

use crate::hook::{Delivery, Hook};
use crate::probe::Probe;
use crate::tiktok_app::TiktokApp;

/// A sandbox that tells this hook, and hurries.
async fn start(hook: &Hook) -> Probe {
    let webhook_urls = [(Market::Tiktok, hook.url.clone())].into();
    Probe::with(Options { webhook_urls, time_scale: 0.000_1, ..Options::default() }).await
}

async fn order(probe: &Probe, quantity: i64) -> String {
    order_of(probe, "TRY-LIN", quantity).await
}

async fn order_of(probe: &Probe, seller_sku: &str, quantity: i64) -> String {
    let lines = json!([{"seller_sku": seller_sku, "quantity": quantity}]);
    let placed = probe.tell("/control/orders", json!({"market": "tiktok", "lines": lines})).await;
    placed["order"].as_str().unwrap().to_owned()
}

/// The next message, which must carry the right signature.
async fn next(app: &TiktokApp<'_>, hook: &mut Hook) -> Value {
    let Delivery { signature, raw, body } = hook.next().await;
    let base = [app.keys().app_id.as_bytes(), &raw].concat();
    assert_eq!(signature, hmac_hex(&app.keys().secret, &base));
    body
}

#[tokio::test]
async fn every_change_of_an_order_is_told_signed_and_with_its_own_number() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let app = TiktokApp::connect(&probe).await;
    let id = order(&probe, 1).await;
    let mut numbers = BTreeSet::new();
    let mut told = Vec::new();
    for action in ["pay", "pack", "ship", "deliver", ""] {
        let body = next(&app, &mut hook).await;
        assert_eq!((body["type"].as_i64(), body["data"]["order_id"].as_str()), (Some(1), Some(id.as_str())));
        assert_eq!(body["shop_id"], app.account().await);
        assert!(numbers.insert(body["tts_notification_id"].as_str().unwrap().to_owned()));
        told.push(body["data"]["order_status"].as_str().unwrap().to_owned());
        if !action.is_empty() {
            probe.tell(&format!("/control/orders/{id}/{action}"), json!({})).await;
        }
    }
    assert_eq!(told, ["UNPAID", "AWAITING_SHIPMENT", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED"]);
}

#[tokio::test]
async fn cancellations_and_returns_have_topics_of_their_own() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let app = TiktokApp::connect(&probe).await;
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
        (asked["type"].as_i64(), &asked["data"]["cancel_status"]),
        (Some(11), &json!("CANCELLATION_REQUEST_PENDING"))
    );
    act("refuse_cancel").await;
    let refused = next(&app, &mut hook).await;
    assert_eq!(refused["data"]["cancel_status"], "CANCELLATION_REQUEST_CANCELLED");
    assert_eq!(refused["data"]["cancel_id"], asked["data"]["cancel_id"]);
    for action in ["ship", "deliver"] {
        act(action).await;
    }
    act("return").await;
    let returned = loop {
        let body = next(&app, &mut hook).await;
        if body["type"] != 1 {
            break body;
        }
    };
    assert_eq!(
        (returned["type"].as_i64(), returned["data"]["order_id"].as_str()),
        (Some(12), Some(id.as_str()))
    );
    let second = order(&probe, 1).await;
    next(&app, &mut hook).await;
    probe.tell(&format!("/control/orders/{second}/cancel"), json!({})).await;
    let both = [next(&app, &mut hook).await, next(&app, &mut hook).await];
    let mut topics: Vec<i64> = both.iter().map(|body| body["type"].as_i64().unwrap()).collect();
    topics.sort_unstable();
    assert_eq!(topics, [1, 11]);
}

#[tokio::test]
async fn a_failed_delivery_is_repeated_word_by_word_four_times() {
    let mut hook = Hook::start().await;
    hook.answer_next([(500, ""), (204, ""), (200, "a body"), (302, ""), (200, "")]);
    let probe = start(&hook).await;
    let app = TiktokApp::connect(&probe).await;
    order(&probe, 1).await;
    let first = next(&app, &mut hook).await;
    for _ in 0..4 {
        assert_eq!(next(&app, &mut hook).await, first);
    }
    let webhooks = loop {
        let webhooks = probe.look("/control/webhooks").await;
        if webhooks["in_flight"] == 0 {
            break webhooks;
        }
    };
    let counts = &webhooks["markets"][1]["counts"];
    assert_eq!((counts["attempts"].as_i64(), counts["delivered"].as_i64()), (Some(5), Some(1)), "{webhooks}");
}

#[tokio::test]
async fn low_stock_changed_listings_and_farewells() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let app = TiktokApp::connect(&probe).await;
    let stock = json!({"market": "tiktok", "seller_sku": "TRY-LIN", "stock": 4});
    probe.tell("/control/listings/stock", stock).await;
    let low = next(&app, &mut hook).await;
    assert_eq!(
        (low["type"].as_i64(), &low["data"]["current_inventory_status"]),
        (Some(27), &json!("LOW_STOCK"))
    );
    assert_eq!(low["data"]["inventory_distribution"]["available_quantity"], 4);
    let hide = json!({"market": "tiktok", "seller_sku": "TRY-LIN", "status": "delisted"});
    probe.tell("/control/listings/status", hide).await;
    let both = [next(&app, &mut hook).await, next(&app, &mut hook).await];
    let status = both.iter().find(|body| body["type"] == 5).unwrap();
    assert!(status["data"]["product_id"].is_u64(), "a bare number here, text elsewhere: {status}");
    assert!(both.iter().any(|body| body["type"] == 15 && body["data"]["product_id"].is_string()));
    probe.tell("/control/faults", json!({"market": "tiktok", "fault": "revoke_token"})).await;
    assert_eq!(next(&app, &mut hook).await["type"], 6);
    // Nobody is told of what happens after that: the next message is of the time after he came back.
    order_of(&probe, "MUG-HER-BLK", 1).await;
    app.exchange(&app.consent().await).await;
    let id = order_of(&probe, "MUG-HER-BLK", 2).await;
    assert_eq!(next(&app, &mut hook).await["data"]["order_id"], id.as_str());
}

#[tokio::test]
async fn the_address_can_be_set_by_the_api() {
    let mut hook = Hook::start().await;
    let probe = Probe::start().await;
    let app = TiktokApp::connect(&probe).await;
    let path = "/event/202309/webhooks";
    let put = async |topic: &str, to: &str| {
        let body = json!({"event_type": topic, "address": to}).to_string();
        app.call(reqwest::Method::PUT, path, &[], &body).await.1
    };
    assert_eq!(put("NO_SUCH_TOPIC", &hook.url).await["code"], 36_009_004);
    assert_eq!(put("ORDER_STATUS_CHANGE", "ftp://x").await["code"], 36_009_004);
    assert_eq!(put("ORDER_STATUS_CHANGE", &hook.url).await["code"], 0);
    let listed = app.get(path, &[]).await;
    assert_eq!(listed["data"]["webhooks"][0]["address"], hook.url.as_str());
    let id = order(&probe, 1).await;
    assert_eq!(next(&app, &mut hook).await["data"]["order_id"], id.as_str());
}

#[tokio::test]
async fn the_end_of_the_consent_is_told_daily_for_thirty_days_and_when_it_comes() {
    let mut hook = Hook::start().await;
    let probe = start(&hook).await;
    let app = TiktokApp::connect(&probe).await;
    let go = async |hours: i64| {
        probe.tell("/control/clock", json!({"advance_seconds": hours * 3_600})).await;
    };
    go(336 * 24 + 12).await;
    for left in [28, 27] {
        let soon = next(&app, &mut hook).await;
        assert_eq!(soon["type"], 7);
        let message = soon["data"]["message"].as_str().unwrap();
        assert!(message.contains(&format!("expiring in {left} days")), "{message}");
        assert!(soon["data"]["expiration_time"].is_string(), "text, though a time: {soon}");
        go(24).await;
    }
    next(&app, &mut hook).await;
    go(30 * 24).await;
    assert_eq!(next(&app, &mut hook).await["type"], 6);
    // Nobody is told anything until he consents again.
    order(&probe, 1).await;
    app.exchange(&app.consent().await).await;
    let id = order(&probe, 1).await;
    assert_eq!(next(&app, &mut hook).await["data"]["order_id"], id.as_str());
}
