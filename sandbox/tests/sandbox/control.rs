//! The sandbox's own API.

use onhand_sandbox::{Market, Sandbox, SandboxError};
use serde_json::json;

use crate::probe::Probe;

#[tokio::test]
async fn three_shops_sell_the_same_codes() {
    let probe = Probe::start().await;
    let state = probe.look("/control/state").await;
    let shops = state["shops"].as_array().unwrap();
    assert_eq!(shops.len(), 3);
    assert!(shops.iter().all(|shop| shop["authorised"] == false));
    assert_eq!(state["urls"]["shopee"]["api"], probe.sandbox.urls().shopee.api.as_str());
    let codes = async |market: Market| {
        let listings = probe.look(&format!("/control/listings?market={}", market.name())).await;
        let listings = listings["listings"].as_array().unwrap().clone();
        let mut codes: Vec<(String, i64)> = listings
            .iter()
            .map(|one| (one["seller_sku"].as_str().unwrap().to_owned(), one["stock"].as_i64().unwrap()))
            .collect();
        codes.sort();
        codes
    };
    let shopee = codes(Market::Shopee).await;
    assert!(shopee.len() > 200);
    assert_eq!(shopee, codes(Market::Tiktok).await);
    assert_eq!(shopee, codes(Market::Lazada).await);
    let plain = probe.look("/control/catalogue").await;
    assert_eq!(
        plain["skus"].as_array().unwrap().len() + plain["packs"].as_array().unwrap().len(),
        shopee.len()
    );
}

#[tokio::test]
async fn the_report_sums_a_code_over_all_shops() {
    let probe = Probe::start().await;
    for market in Market::ALL {
        let cart =
            json!({"market": market, "lines": [{"seller_sku": "COA-MOS", "quantity": 2}], "pay": true});
        let order = probe.tell("/control/orders", cart).await["order"].as_str().unwrap().to_owned();
        if market == Market::Lazada {
            probe.tell(&format!("/control/orders/{order}/cancel"), json!({})).await;
        }
    }
    let report = probe.look("/control/report").await;
    let sku = report["skus"].as_array().unwrap().iter().find(|sku| sku["seller_sku"] == "COA-MOS").unwrap();
    assert_eq!([&sku["ordered"], &sku["cancelled"], &sku["sold"]], [&json!(6), &json!(2), &json!(4)]);
    for listing in sku["listings"].as_array().unwrap() {
        let sold = if listing["market"] == "lazada" { 0 } else { 2 };
        assert_eq!(listing["listed"].as_i64().unwrap() - listing["stock"].as_i64().unwrap(), sold);
    }
    assert_eq!(report["totals"]["sold"], 4);
}

#[tokio::test]
async fn an_order_is_told_without_its_units_when_that_is_wished() {
    let probe = Probe::start().await;
    let cart = |brief: bool| json!({"market": "tiktok", "lines": [{"seller_sku": "COA-MOS", "quantity": 3}], "cod": true, "brief": brief});
    let long = probe.tell("/control/orders", cart(false)).await;
    assert_eq!(long["lines"][0]["units"].as_array().map(Vec::len), Some(3));
    let unit = long["lines"][0]["units"][0]["id"].clone();
    let order = long["order"].as_str().unwrap();
    probe.tell(&format!("/control/orders/{order}/cancel"), json!({"units": [unit]})).await;
    let brief = probe.tell("/control/orders", cart(true)).await;
    assert_eq!((&brief["lines"][0]["units"], &brief["lines"][0]["quantity"]), (&json!(null), &json!(3)));
    let orders = probe.look("/control/orders?market=tiktok&brief=true").await;
    let orders = orders["orders"].as_array().unwrap();
    assert_eq!(orders.len(), 2);
    let cancelled = |order: &serde_json::Value| order["lines"][0]["cancelled"].as_i64().unwrap();
    assert_eq!(orders.iter().map(cancelled).sum::<i64>(), 1);
    assert!(orders.iter().all(|order| order["lines"][0]["units"].is_null()));
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let probe = Probe::start().await;
    let tries = [
        ("/control/orders", json!({"market": "shopee", "lines": []}), 400),
        (
            "/control/orders",
            json!({"market": "shopee", "lines": [{"seller_sku": "NONE", "quantity": 1}]}),
            404,
        ),
        ("/control/orders", json!({"lines": [{"seller_sku": "COA-MOS", "quantity": 1}]}), 400),
        ("/control/orders/none/pay", json!({}), 404),
        ("/control/faults", json!({"market": "shopee", "fault": "earthquake"}), 422),
        ("/control/faults", json!({"market": "shopee", "shop": 5, "fault": "outage"}), 404),
        ("/control/limits", json!({"limits": "none"}), 400),
        ("/control/webhooks", json!({"market": "shopee", "url": "not an address"}), 400),
        ("/control/nowhere", json!({}), 404),
    ];
    for (path, body, expected) in tries {
        assert_eq!(probe.try_tell(path, body.clone()).await.0, expected, "{path} {body}");
    }
}

#[tokio::test]
async fn a_hidden_item_is_not_sold() {
    let probe = Probe::start().await;
    let wish = |status: &str| json!({"market": "shopee", "seller_sku": "COA-SAL", "status": status});
    probe.tell("/control/listings/status", wish("delisted")).await;
    let cart = json!({"market": "shopee", "lines": [{"seller_sku": "COA-SAL", "quantity": 1}]});
    assert_eq!(probe.try_tell("/control/orders", cart.clone()).await.0, 404);
    probe.tell("/control/listings/status", wish("live")).await;
    assert_eq!(probe.try_tell("/control/orders", cart).await.0, 201);
}

#[tokio::test]
async fn a_taken_address_is_named_and_stopping_frees_it() {
    let first = Probe::start().await;
    let taken: std::net::SocketAddr =
        first.sandbox.urls().shopee.api.trim_start_matches("http://").parse().unwrap();
    let options = || onhand_sandbox::Options {
        listen: [(Market::Shopee, taken)].into(),
        ..onhand_sandbox::Options::default()
    };
    match Sandbox::start(options()).await {
        Err(SandboxError::Listen { address, .. }) => assert_eq!(address, taken),
        other => panic!("{other:?}"),
    }
    first.sandbox.stop().await;
    Sandbox::start(options()).await.unwrap().stop().await;
}
