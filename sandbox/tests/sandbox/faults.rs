//! What goes wrong to order, seen from outside.

use std::time::{Duration, Instant};

use onhand_sandbox::Market;
use serde_json::{Value, json};

use crate::probe::{Probe, number};
use crate::shopee_partner::Partner;

const SHOP_INFO: &str = "/api/v2/shop/get_shop_info";

async fn fault(probe: &Probe, mut order: Value) -> Value {
    order["market"] = json!("shopee");
    probe.tell("/control/faults", order).await
}

#[tokio::test]
async fn latency_outage_storm_and_html() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    fault(&probe, json!({"fault": "latency", "ms": 200, "count": 1})).await;
    let start = Instant::now();
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "");
    assert!(start.elapsed() >= Duration::from_millis(200));

    fault(&probe, json!({"fault": "outage", "count": 1})).await;
    assert_eq!(partner.get_raw(SHOP_INFO, &[]).await.unwrap().status(), 502);
    fault(&probe, json!({"fault": "throttle", "count": 2})).await;
    for _ in 0..2 {
        assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "error_rate_limit");
    }
    fault(&probe, json!({"fault": "forbid", "count": 1})).await;
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "error_permission");
    fault(&probe, json!({"fault": "html", "count": 1})).await;
    let page = partner.get_raw(SHOP_INFO, &[]).await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().starts_with("<!doctype html>"));
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "", "and then all is well again");
}

#[tokio::test]
async fn e1_the_answer_is_lost_after_the_effect() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let item = probe.listing(Market::Shopee, "PRT-SAL").await["item"].as_u64().unwrap();
    fault(&probe, json!({"fault": "lose_answer", "count": 1})).await;
    let body = json!({"item_id": item, "stock_list": [{"seller_stock": [{"stock": 1}]}]});
    let lost = partner.post_raw("/api/v2/product/update_stock", body).await;
    assert!(lost.is_err(), "the connection is cut");
    assert_eq!(probe.listing(Market::Shopee, "PRT-SAL").await["stock"], 1, "and yet it was done");
}

#[tokio::test]
async fn a_fault_for_one_shop_leaves_the_others_alone() {
    let probe = Probe::start().await;
    let first = Partner::connect(&probe).await;
    probe.tell("/control/shops", json!({"market": "shopee", "name": "Another"})).await;
    let second = Partner::connect(&probe).await;
    assert_ne!(first.shop, second.shop);
    fault(&probe, json!({"fault": "outage", "shop": first.shop})).await;
    assert_eq!(first.get_raw(SHOP_INFO, &[]).await.unwrap().status(), 502);
    assert_eq!(second.get(SHOP_INFO, &[]).await["error"], "");
    let listed = probe.look("/control/faults").await["faults"][0].clone();
    assert_eq!((listed["struck"].as_u64(), number(&listed["shop"])), (Some(1), first.shop));
    let url = format!("{}/control/faults/{}", probe.sandbox.urls().control, listed["id"]);
    assert_eq!(probe.http.delete(&url).send().await.unwrap().status(), 204);
    assert_eq!(probe.http.delete(&url).send().await.unwrap().status(), 404);
    assert_eq!(first.get(SHOP_INFO, &[]).await["error"], "");
}

#[tokio::test]
async fn a_wrong_clock_makes_right_timestamps_wrong() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    fault(&probe, json!({"fault": "clock_skew", "ms": -400_000, "shop": partner.shop})).await;
    let refused = partner.get(SHOP_INFO, &[]).await;
    assert_eq!(refused["message"], "Timestamp is expired.");
    assert_eq!(partner.at(-400).get(SHOP_INFO, &[]).await["error"], "");
}

#[tokio::test]
async fn tokens_expire_before_their_time_and_the_refresh_token_does_not() {
    let probe = Probe::start().await;
    let mut partner = Partner::connect(&probe).await;
    fault(&probe, json!({"fault": "expire_token"})).await;
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "invalid_acceess_token");
    let fresh = partner.refresh_with(&partner.refresh).await;
    partner.keep(&fresh);
    assert_eq!(partner.get(SHOP_INFO, &[]).await["error"], "");
}

#[tokio::test]
async fn the_seller_edits_and_a_campaign_forbids_to_lower() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    fault(&probe, json!({"fault": "seller_edit", "seller_sku": "PRT-TID", "stock": 33})).await;
    let edited = probe.listing(Market::Shopee, "PRT-TID").await;
    assert_eq!(edited["stock"], 33);
    assert_eq!(edited["history"].as_array().unwrap().last().unwrap()["cause"], "seller_edit");
    let item = edited["item"].as_u64().unwrap();
    fault(&probe, json!({"fault": "campaign_lock", "for_seconds": 3_600})).await;
    let lowered = partner.set_stock(item, &[(0, 30)]).await;
    assert_eq!(lowered["error"], "product.error_busi_update_stock_failed");
    assert_eq!(partner.set_stock(item, &[(0, 34)]).await["error"], "");
}

#[tokio::test]
async fn a_fault_ends_after_its_time() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    fault(&probe, json!({"fault": "outage", "for_seconds": 0.2})).await;
    assert_eq!(partner.get_raw(SHOP_INFO, &[]).await.unwrap().status(), 502);
    let start = Instant::now();
    while partner.get_raw(SHOP_INFO, &[]).await.unwrap().status() == 502 {
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
