//! What marketplaces send us: forged, understood, told apart.

use std::sync::Arc;

use onhand_connector::contract::check_webhooks;
use onhand_connector::{Call, Hint, RawWebhook, Refused, Secret};
use serde_json::{Value, json};

use crate::desk::{Desk, NOW};

const URL: &str = "https://shop.example/hooks/shopee?a=1";
const SECONDS: i64 = NOW / 1000;

/// Signs with the primitive of the sandbox, which shares no code with the connectors.
fn signed(name: &str, call: &Call, key: &str, body: &Value) -> RawWebhook {
    let body = body.to_string().into_bytes();
    let base = match name {
        "shopee" => [URL.as_bytes(), b"|", &body].concat(),
        _ => [call.app.id.as_bytes(), &body].concat(),
    };
    let signature = onhand_sandbox::hmac_hex(key, &base);
    RawWebhook { url: URL.into(), headers: vec![("authorization".into(), signature)], body }
}

fn order_push(name: &str) -> Value {
    match name {
        "shopee" => json!({
            "data": {"items": [], "ordersn": "220810QSK8S7BX", "status": "PROCESSED", "completed_scenario": "",
                "update_time": SECONDS},
            "shop_id": 727_720_655, "code": 3, "timestamp": SECONDS,
        }),
        "tiktok" => json!({
            "type": 1, "tts_notification_id": "7327112393057371910", "shop_id": "7494726673780148744",
            "timestamp": SECONDS,
            "data": {"order_id": "576684019603311365", "order_status": "AWAITING_SHIPMENT",
                "is_on_hold_order": false, "update_time": SECONDS - 10},
        }),
        _ => json!({
            "seller_id": "1234567", "message_type": 0, "site": "lazada_vn", "timestamp": NOW,
            "data": {"order_status": "unpaid", "trade_order_id": "260422900198363",
                "trade_order_line_id": "260422900298363", "status_update_time": SECONDS},
        }),
    }
}

async fn forged(name: &str) {
    let desk = Desk::of(name).await;
    let genuine = signed(name, &desk.call, "the-app-secret", &order_push(name));
    check_webhooks(desk.channel.as_ref(), &desk.call, &genuine);
}

#[tokio::test]
async fn g3_shopee_forgeries_are_refused() {
    forged("shopee").await;
    let desk = Desk::of("shopee").await;
    let mut elsewhere = signed("shopee", &desk.call, "the-app-secret", &order_push("shopee"));
    elsewhere.url = "https://shop.example/hooks/shopee".into();
    assert_eq!(desk.channel.verify(&desk.call, &elsewhere), Err(Refused::Signature));
}

#[tokio::test]
async fn g3_tiktok_forgeries_are_refused() {
    forged("tiktok").await;
}

#[tokio::test]
async fn g3_lazada_forgeries_are_refused() {
    forged("lazada").await;
}

#[tokio::test]
async fn g3_a_key_just_changed_is_accepted_and_an_older_one_is_not() {
    for name in ["shopee", "tiktok", "lazada"] {
        let desk = Desk::of(name).await;
        let mut app = (*desk.call.app).clone();
        app.webhook_secret = Some(Secret::new("the-push-key"));
        app.webhook_secret_before = Some(Secret::new("the-push-key-before"));
        let call = Call { app: Arc::new(app), ..desk.call.clone() };
        let verdict =
            |key: &str| desk.channel.verify(&call, &signed(name, &call, key, &order_push(name))).is_ok();
        assert!(verdict("the-push-key") && verdict("the-push-key-before"), "{name}");
        assert!(!verdict("the-push-key-before-that"), "{name}");
        assert!(!verdict("the-app-secret"), "{name}: with a push key of its own, the app's key is not good");
    }
}

#[tokio::test]
async fn g3_signed_nonsense_is_refused() {
    for name in ["shopee", "tiktok", "lazada"] {
        let desk = Desk::of(name).await;
        for body in [json!([]), json!("text"), json!({}), json!({"code": 3, "type": 1, "message_type": 0})] {
            let raw = signed(name, &desk.call, "the-app-secret", &body);
            let verdict = desk.channel.verify(&desk.call, &raw);
            assert!(matches!(verdict, Err(Refused::Body(_))), "{name} {body}: {verdict:?}");
        }
    }
}

fn hint(desk: &Desk, name: &str, body: &Value) -> Vec<Hint> {
    let raw = signed(name, &desk.call, "the-app-secret", body);
    let verified = desk.channel.verify(&desk.call, &raw).unwrap();
    desk.channel.hints(&verified).unwrap()
}

#[tokio::test]
async fn what_shopee_hints_at() {
    let desk = Desk::of("shopee").await;
    let order = || Hint::Order { reference: "S1".into() };
    for (code, data, expected) in [
        (0, json!({"verify_info": "x"}), Hint::Nothing),
        (1, json!({"shop_id": 5}), Hint::Nothing),
        (2, json!({"shop_id": 5, "authorize_type": "cancelled"}), Hint::Deauthorised),
        (3, json!({"ordersn": "S1", "status": "UNPAID", "update_time": 1}), order()),
        (4, json!({"ordersn": "S1", "tracking_no": "T"}), order()),
        (5, json!({}), Hint::Nothing),
        (6, json!({"item_id": 77}), Hint::Listing { item: "77".into() }),
        (8, json!({"item_id": 77, "variation_id": 8}), Hint::Stock { item: "77".into() }),
        (10, json!({}), Hint::Nothing),
        (
            12,
            json!({"expire_before": 1_800_000_000, "page_no": 1}),
            Hint::GrantEnds { at: Some(1_800_000_000_000), account: None },
        ),
        (16, json!({"item_id": "77"}), Hint::Listing { item: "77".into() }),
        (22, json!({"item_id": 77}), Hint::Nothing),
        (
            29,
            json!({"order_sn": "S1", "return_sn": "R1"}),
            Hint::Return { reference: Some("S1".into()), id: Some("R1".into()) },
        ),
        (30, json!({"ordersn": "S1"}), order()),
        (47, json!({"ordersn": "S1"}), order()),
    ] {
        let body = json!({"code": code, "timestamp": SECONDS, "shop_id": 5, "data": data});
        assert_eq!(hint(&desk, "shopee", &body), [expected], "{code}");
    }
    // Some pushes write their numbers as text.
    let body = json!({"code": "28", "timestamp": SECONDS.to_string(), "shop_id": "5", "data": {}});
    assert_eq!(hint(&desk, "shopee", &body), [Hint::Nothing]);
    let body = json!({"code": 3, "timestamp": SECONDS, "shop_id": 5, "data": {}});
    let verified = desk.channel.verify(&desk.call, &signed("shopee", &desk.call, "the-app-secret", &body));
    assert!(desk.channel.hints(&verified.unwrap()).is_err(), "an order push without an order");
}

#[tokio::test]
async fn what_tiktok_hints_at() {
    let desk = Desk::of("tiktok").await;
    let order = |id: &str| Hint::Order { reference: id.into() };
    for (kind, data, expected) in [
        (1, json!({"order_id": "57", "order_status": "CANCEL", "update_time": 1}), vec![order("57")]),
        (3, json!({"order_id": "57"}), vec![Hint::Nothing]),
        (4, json!({"package_list": [{"order_id_list": ["57", 58]}]}), vec![order("57"), order("58")]),
        (
            5,
            json!({"product_id": 1_729_592_969_712_207_013_i64}),
            vec![Hint::Listing { item: "1729592969712207013".into() }],
        ),
        (6, json!({"message": "deauthorised"}), vec![Hint::Deauthorised]),
        (
            7,
            json!({"expiration_time": 1_800_000_000}),
            vec![Hint::GrantEnds { at: Some(1_800_000_000_000), account: None }],
        ),
        (11, json!({"order_id": "57", "cancel_status": "CANCELLATION_REQUEST_PENDING"}), vec![order("57")]),
        (
            12,
            json!({"order_id": "57", "return_id": "9", "return_status": "x", "order_status": "y"}),
            vec![Hint::Return { reference: Some("57".into()), id: Some("9".into()) }],
        ),
        (15, json!({"product_id": "7"}), vec![Hint::Listing { item: "7".into() }]),
        (16, json!({"product_id": "7"}), vec![Hint::Listing { item: "7".into() }]),
        (
            27,
            json!({"product_id": "7", "inventory_distribution": {}}),
            vec![Hint::Stock { item: "7".into() }],
        ),
        (99, json!({}), vec![Hint::Nothing]),
    ] {
        let body = json!({"type": kind, "timestamp": SECONDS, "shop_id": "5", "data": data});
        assert_eq!(hint(&desk, "tiktok", &body), expected, "{kind}");
    }
}

#[tokio::test]
async fn what_lazada_hints_at() {
    let desk = Desk::of("lazada").await;
    let order = || Hint::Order { reference: "26".into() };
    let line = json!({"order_status": "pending", "trade_order_id": 26, "trade_order_line_id": 27, "status_update_time": 1});
    for (kind, data, expected) in [
        (0, line, order()),
        (1, json!({"item_id": 7}), Hint::Listing { item: "7".into() }),
        (3, json!({"item_id": 7}), Hint::Listing { item: "7".into() }),
        (4, json!({"item_id": "7"}), Hint::Listing { item: "7".into() }),
        (5, json!({"item_id": 7}), Hint::Listing { item: "7".into() }),
        (6, json!({"item_id": 7, "sku_id": 8, "real_quantity": 4}), Hint::Stock { item: "7".into() }),
        (6, json!({"sku_id": 8}), Hint::Nothing),
        (
            8,
            json!({"auth_expiry_time": 1_800_000_000, "seller_id": "5"}),
            Hint::GrantEnds { at: Some(1_800_000_000_000), account: None },
        ),
        (10, json!({"reverse_status": "CANCEL_INIT", "trade_order_id": "26"}), order()),
        (
            10,
            json!({"reverse_status": "RTM_INIT", "trade_order_id": "26", "reverse_order_id": 3}),
            Hint::Return { reference: Some("26".into()), id: Some("3".into()) },
        ),
        (13, json!({}), Hint::Nothing),
        (14, json!({"trade_order_id": 26}), order()),
    ] {
        // Seconds here, milliseconds in orders.
        let body = json!({"seller_id": "5", "message_type": kind, "timestamp": SECONDS, "data": data});
        assert_eq!(hint(&desk, "lazada", &body), [expected], "{kind}");
    }
}

fn verified(desk: &Desk, name: &str, body: &Value) -> onhand_connector::Verified {
    desk.channel.verify(&desk.call, &signed(name, &desk.call, "the-app-secret", body)).unwrap()
}

#[tokio::test]
async fn one_webhook_of_shopee_says_of_several_shops_that_their_grants_end() {
    let desk = Desk::of("shopee").await;
    let ends = |at: i64, account: Option<&str>| {
        let account = account.map(str::to_owned);
        Hint::GrantEnds { at: Some(at), account }
    };
    let soon = |shops: Value, end: Value| {
        let data = json!({"page_no": 1, "total_page": 1, "shop_expire_soon": shops, "expire_before": end});
        verified(&desk, "shopee", &json!({"code": 12, "timestamp": SECONDS, "data": data}))
    };
    let end = 1_800_000_000_i64;
    let several = soon(json!([5, "6"]), json!(end));
    assert_eq!(several.account, "", "it is about the app");
    let hints = desk.channel.hints(&several).unwrap();
    assert_eq!(hints, [ends(end * 1_000, Some("5")), ends(end * 1_000, Some("6"))]);
    // One alone is a webhook of that shop. Without a time it is a week.
    let alone = soon(json!([5]), Value::Null);
    assert_eq!(alone.account, "5");
    assert_eq!(desk.channel.hints(&alone).unwrap(), [ends(SECONDS * 1_000 + 7 * 86_400_000, None)]);
}

#[tokio::test]
async fn the_same_delivery_has_the_same_key_and_another_has_another() {
    for (name, changes) in [
        ("shopee", vec!["/data/status", "/data/ordersn", "/data/update_time", "/shop_id"]),
        ("tiktok", vec!["/tts_notification_id"]),
        (
            "lazada",
            vec!["/data/order_status", "/data/trade_order_line_id", "/data/status_update_time", "/seller_id"],
        ),
    ] {
        let desk = Desk::of(name).await;
        let body = order_push(name);
        let first = verified(&desk, name, &body);
        // A retry may have been sent at another time.
        let mut retry = body.clone();
        let time = retry["timestamp"].as_i64().unwrap();
        retry["timestamp"] = json!(time + 1);
        assert_eq!(verified(&desk, name, &retry).dedupe, first.dedupe, "{name}");
        for change in changes {
            let mut other = body.clone();
            let value = other.pointer_mut(change).unwrap();
            *value =
                if value.is_string() { json!(format!("{}9", value.as_str().unwrap())) } else { json!(9) };
            assert_ne!(verified(&desk, name, &other).dedupe, first.dedupe, "{name} {change}");
        }
    }
}

#[tokio::test]
async fn whose_it_is() {
    let shopee = Desk::of("shopee").await;
    for (body, account) in [
        (json!({"code": 3, "shop_id": 5, "timestamp": SECONDS, "data": {"ordersn": "S"}}), "5"),
        (json!({"code": 2, "timestamp": SECONDS, "data": {"shop_id": 6}}), "6"),
        (json!({"code": 12, "timestamp": SECONDS, "data": {"page_no": 1}}), ""),
    ] {
        let verified = verified(&shopee, "shopee", &body);
        assert_eq!((verified.account.as_str(), verified.topic), (account, body["code"].to_string()));
    }
    let lazada = Desk::of("lazada").await;
    let body =
        json!({"seller_id": "null", "message_type": 8, "timestamp": SECONDS, "data": {"seller_id": "7"}});
    assert_eq!(verified(&lazada, "lazada", &body).account, "7");
}
