//! Shopee: its messages, the retries, the end of its patience and what is kept of what was lost.

use onhand_sandbox::{Market, Options, hmac_hex};
use serde_json::{Value, json};

use crate::hook::Hook;
use crate::probe::Probe;
use crate::shopee_partner::Partner;

/// A sandbox whose waiting times are a hundred thousandth of the real ones, with a hook for Shopee.
async fn hooked() -> (Probe, Hook) {
    let hook = Hook::start().await;
    let webhook_urls = [(Market::Shopee, hook.url.clone())].into();
    let probe = Probe::with(Options { webhook_urls, time_scale: 0.000_01, ..Options::default() }).await;
    (probe, hook)
}

async fn order(probe: &Probe) -> String {
    let cart = json!({"market": "shopee", "lines": [{"seller_sku": "CRD-SAL", "quantity": 1}]});
    probe.tell("/control/orders", cart).await["order"].as_str().unwrap().to_owned()
}

/// Waits until nothing is queued and nothing on the wire.
async fn quiet(probe: &Probe) -> Value {
    loop {
        let told = probe.look("/control/webhooks").await;
        if told["waiting"] == 0 && told["in_flight"] == 0 {
            return told["markets"][0].clone();
        }
    }
}

#[tokio::test]
async fn from_the_consent_to_the_push_by_raw_http() {
    let (probe, mut hook) = hooked().await;
    let partner = Partner::connect(&probe).await;
    let authorised = hook.next().await;
    assert_eq!(authorised.body["code"], 1);
    assert_eq!(authorised.body["data"]["shop_id"], partner.shop, "inside data for this code");

    let listing = probe.listing(Market::Shopee, "TEE-HER-BLK-M").await;
    let (item, model) = (listing["item"].as_u64().unwrap(), listing["variant"].as_u64().unwrap());
    assert_eq!(partner.set_stock(item, &[(model, 5)]).await["error"], "");

    let cart =
        json!({"market": "shopee", "lines": [{"seller_sku": "TEE-HER-BLK-M", "quantity": 5}], "pay": true});
    let sn = probe.tell("/control/orders", cart).await["order"].as_str().unwrap().to_owned();
    let (placed, paid) = (hook.next().await, hook.next().await);
    let mut states = [placed, paid].map(|told| {
        let key = &probe.sandbox.app(Market::Shopee).push_secret;
        let mut base = format!("{}|", hook.url).into_bytes();
        base.extend_from_slice(&told.raw);
        assert_eq!(told.signature, hmac_hex(key, &base), "signed over the address and the bytes");
        assert_eq!(
            (told.body["code"].as_u64(), told.body["shop_id"].as_u64()),
            (Some(3), Some(partner.shop))
        );
        assert_eq!(told.body["data"]["ordersn"], sn.as_str());
        told.body["data"]["status"].as_str().unwrap().to_owned()
    });
    states.sort();
    assert_eq!(states, ["READY_TO_SHIP", "UNPAID"], "they may overtake each other");
    let stock = partner.get("/api/v2/product/get_model_list", &[("item_id", &item.to_string())]).await;
    let models = stock["response"]["model"].as_array().unwrap();
    let bought = models.iter().find(|known| known["model_id"] == model).unwrap();
    assert_eq!(bought["stock_info_v2"]["summary_info"]["total_available_stock"], 0);
}

#[tokio::test]
async fn a_shop_that_let_nobody_in_is_not_talked_about() {
    let (probe, mut hook) = hooked().await;
    order(&probe).await;
    Partner::connect(&probe).await;
    assert_eq!(hook.next().await.body["code"], 1, "the first message is the consent's");
    probe.tell("/control/faults", json!({"market": "shopee", "fault": "revoke_token"})).await;
    assert_eq!(hook.next().await.body["code"], 2);
    order(&probe).await;
    quiet(&probe).await;
    assert!(hook.there().is_none());
}

#[tokio::test]
async fn a_body_in_the_answer_is_a_failure_and_is_tried_four_times_in_all() {
    let (probe, mut hook) = hooked().await;
    Partner::connect(&probe).await;
    hook.next().await;
    hook.answer_next([(200, "{\"ok\":true}"), (500, ""), (204, "")]);
    order(&probe).await;
    let first = hook.next().await.raw;
    assert_eq!(hook.next().await.raw, first);
    assert_eq!(hook.next().await.raw, first);
    let told = quiet(&probe).await;
    assert_eq!(told["counts"]["failed_attempts"], 2, "204 is as good as 200");
    assert_eq!(told["lost"], 0);
    hook.answer_next([(500, ""), (500, ""), (500, ""), (500, "")]);
    order(&probe).await;
    for _ in 0..4 {
        hook.next().await;
    }
    let told = quiet(&probe).await;
    assert_eq!((told["counts"]["given_up"].as_u64(), told["lost"].as_u64()), (Some(1), Some(1)));
    assert!(hook.there().is_none());
}

#[tokio::test]
async fn g6_what_was_lost_is_fetched_and_confirmed() {
    let (probe, mut hook) = hooked().await;
    let partner = Partner::connect(&probe).await;
    hook.next().await;
    probe.tell("/control/faults", json!({"market": "shopee", "fault": "drop_webhooks"})).await;
    let plenty = json!({"market": "shopee", "seller_sku": "CRD-SAL", "stock": 500});
    probe.tell("/control/listings/stock", plenty).await;
    let mut placed = Vec::new();
    for _ in 0..101 {
        placed.push(order(&probe).await);
    }
    let fetch = "/api/v2/push/get_lost_push_message";
    let first = partner.public_get(fetch).await["response"].clone();
    assert_eq!(first["has_next_page"], true);
    let orders = |page: &Value| -> Vec<String> {
        let list = page["push_message_list"].as_array().unwrap();
        list.iter()
            .map(|lost| {
                let whole: Value = serde_json::from_str(lost["data"].as_str().unwrap()).unwrap();
                assert_eq!(whole["code"], lost["code"]);
                whole["data"]["ordersn"].as_str().unwrap().to_owned()
            })
            .collect()
    };
    let mut found = orders(&first);
    assert_eq!(found.len(), 100);
    assert_eq!(orders(&partner.public_get(fetch).await["response"]), found, "until it is confirmed");
    let confirm = "/api/v2/push/confirm_consumed_lost_push_message";
    partner.public_post(confirm, json!({"last_message_id": first["last_message_id"]})).await;
    let rest = partner.public_get(fetch).await["response"].clone();
    assert_eq!(rest["has_next_page"], false);
    found.extend(orders(&rest));
    assert_eq!(found, placed);
}

#[tokio::test]
async fn too_many_failures_end_the_subscription() {
    let (probe, mut hook) = hooked().await;
    Partner::connect(&probe).await;
    hook.next().await;
    probe
        .tell("/control/listings/stock", json!({"market": "shopee", "seller_sku": "CRD-SAL", "stock": 5_000}))
        .await;
    hook.answer_next(std::iter::repeat_n((500, ""), 5_000));
    let mut placed = 0;
    // Six hours are a fifth of a second here, so the failures are made as fast as possible.
    while quiet(&probe).await["counts"]["suspended"] == false && placed < 1_000 {
        let orders = (0..100).map(|_| order(&probe));
        for placing in orders {
            placing.await;
            placed += 1;
        }
    }
    let told = quiet(&probe).await;
    assert_eq!(told["counts"]["suspended"], true);
    while hook.there().is_some() {}
    order(&probe).await;
    assert!(quiet(&probe).await["counts"]["suppressed"].as_u64().unwrap() > 0);
    probe.tell("/control/webhooks/shopee/resume", json!({})).await;
    assert_eq!(quiet(&probe).await["counts"]["suspended"], false);
}

#[tokio::test]
async fn messages_come_twice_late_or_in_another_order_when_told_to() {
    let (probe, mut hook) = hooked().await;
    Partner::connect(&probe).await;
    hook.next().await;
    let fault = |fault: Value| probe.tell("/control/faults", fault);
    fault(json!({"market": "shopee", "fault": "duplicate_webhooks", "count": 1})).await;
    let twice = order(&probe).await;
    for _ in 0..2 {
        assert_eq!(hook.next().await.body["data"]["ordersn"], twice.as_str());
    }
    fault(json!({"market": "shopee", "fault": "reorder_webhooks", "count": 1})).await;
    let (first, second) = (order(&probe).await, order(&probe).await);
    assert_eq!(hook.next().await.body["data"]["ordersn"], second.as_str());
    assert_eq!(hook.next().await.body["data"]["ordersn"], first.as_str());
    let start = std::time::Instant::now();
    fault(json!({"market": "shopee", "fault": "delay_webhooks", "ms": 300, "count": 1})).await;
    order(&probe).await;
    hook.next().await;
    assert!(start.elapsed() >= std::time::Duration::from_millis(300));
    let counts = quiet(&probe).await["counts"].clone();
    for kind in ["duplicated", "reordered", "delayed"] {
        assert_eq!(counts[kind], 1, "{kind}");
    }
}

#[tokio::test]
async fn the_end_of_the_consent_is_told_seven_days_before_and_when_it_comes() {
    let (probe, mut hook) = hooked().await;
    let partner = Partner::connect(&probe).await;
    hook.next().await;
    probe.tell("/control/clock", json!({"advance_seconds": 359 * 86_400})).await;
    let soon = hook.next().await.body;
    assert_eq!((soon["code"].as_u64(), soon.get("shop_id")), (Some(12), None));
    assert_eq!(soon["data"]["shop_expire_soon"], json!([partner.shop]));
    probe.tell("/control/clock", json!({"advance_seconds": 7 * 86_400})).await;
    let over = hook.next().await.body;
    assert_eq!(over["code"], 2);
    assert!(over["data"]["authorize_type"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn parcels_returns_and_promotions_have_messages_of_their_own() {
    let (probe, mut hook) = hooked().await;
    let partner = Partner::connect(&probe).await;
    hook.next().await;
    let reserve = json!({"market": "shopee", "seller_sku": "CRD-SAL", "units": 2});
    probe.tell("/control/listings/reserve", reserve).await;
    let reserved = hook.next().await.body;
    assert_eq!(reserved["code"], 8);
    let change = &reserved["data"]["changed_values"][0];
    assert_eq!((change["old"].as_i64(), change["new"].as_i64()), (Some(0), Some(2)));

    let sn = order(&probe).await;
    hook.next().await;
    let act = async |action: &str| {
        probe.tell(&format!("/control/orders/{sn}/{action}"), json!({})).await;
    };
    act("pay").await;
    hook.next().await;
    act("pack").await;
    let both = [hook.next().await.body, hook.next().await.body];
    let parcel = both.iter().find(|told| told["code"] == 4).unwrap();
    let number = partner.get("/api/v2/logistics/get_tracking_number", &[("order_sn", &sn)]).await;
    assert_eq!(parcel["data"]["tracking_no"], number["response"]["tracking_number"]);
    assert_eq!(both.iter().find(|told| told["code"] == 3).unwrap()["data"]["status"], "PROCESSED");
    for action in ["ship", "deliver"] {
        act(action).await;
        hook.next().await;
    }
    act("return").await;
    let both = [hook.next().await.body, hook.next().await.body];
    let back = both.iter().find(|told| told["code"] == 29).unwrap();
    assert_eq!(back["data"]["order_sn"], sn.as_str());
    assert_eq!(back["data"]["updated_values"][0]["new_value"], "REQUESTED");
    assert_eq!(both.iter().find(|told| told["code"] == 3).unwrap()["data"]["status"], "TO_RETURN");
}
