//! Shopee: writing stock.

use onhand_sandbox::{Market, Options, RateLimits};
use serde_json::{Value, json};

use crate::probe::{Probe, number};
use crate::shopee_partner::Partner;

/// An item with this many models, and their numbers.
async fn wide_item(probe: &Probe, models: usize) -> (u64, Vec<u64>) {
    let variants: Vec<Value> = (0..models)
        .map(|n| json!({"seller_sku": format!("W{n}"), "options": [format!("No {n}")], "stock": 10}))
        .collect();
    let item = json!({"title": "Wide", "axes": ["Number"], "variants": variants});
    let listed = probe.tell("/control/catalogue", json!({"market": "shopee", "items": [item]})).await;
    let id = number(&listed["listed"][0]["item"]);
    let listings = probe.look("/control/listings?market=shopee").await;
    let mine =
        listings["listings"].as_array().unwrap().iter().filter(|listing| number(&listing["item"]) == id);
    (id, mine.map(|listing| number(&listing["variant"])).collect())
}

async fn stocks(probe: &Probe, item: u64) -> Vec<i64> {
    let listings = probe.look("/control/listings?market=shopee").await;
    let mine =
        listings["listings"].as_array().unwrap().iter().filter(|listing| number(&listing["item"]) == item);
    mine.map(|listing| listing["stock"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn fifty_models_are_set_and_fifty_one_refused() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let (item, models) = wide_item(&probe, 51).await;
    let all: Vec<(u64, i64)> = models.iter().map(|model| (*model, 3)).collect();
    assert_eq!(partner.set_stock(item, &all).await["error"], "error_param");
    assert_eq!(stocks(&probe, item).await, vec![10; 51], "nothing of it was done");
    let done = partner.set_stock(item, &all[..50]).await;
    assert_eq!(done["error"], "");
    assert_eq!(done["response"]["success_list"].as_array().unwrap().len(), 50);
    assert_eq!(stocks(&probe, item).await.iter().filter(|stock| **stock == 3).count(), 50);
}

#[tokio::test]
async fn an_item_without_models_is_set_by_model_0_and_one_with_models_is_not() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let plain = probe.listing(Market::Shopee, "PRT-HER").await["item"].as_u64().unwrap();
    assert_eq!(partner.set_stock(plain, &[(0, 0)]).await["error"], "");
    let after = probe.listing(Market::Shopee, "PRT-HER").await;
    assert_eq!(after["stock"], 0, "0 is a stock like any other");
    assert_eq!(after["history"].as_array().unwrap().last().unwrap()["cause"], "push");
    let (wide, models) = wide_item(&probe, 3).await;
    let refused = partner.set_stock(wide, &[(0, 5)]).await;
    assert_eq!(refused["error"], "product.error_edit_item_stock_for_item_has_model");
    let poisoned = partner.set_stock(wide, &[(models[0], 5), (7, 5)]).await;
    assert_eq!(poisoned["message"], "Wrong model_id.");
    let repeated = partner.set_stock(wide, &[(models[0], 5), (models[0], 6)]).await;
    assert_eq!(repeated["message"], "Repeat model_id.");
    assert_eq!(stocks(&probe, wide).await, vec![10; 3], "an unknown model stops its siblings");
    assert_eq!(partner.set_stock(99, &[(0, 5)]).await["error"], "product.error_item_not_found");
    assert_eq!(partner.set_stock(plain, &[(0, -1)]).await["error"], "product.error_param");
}

#[tokio::test]
async fn some_models_fail_and_the_rest_is_done() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let (item, models) = wide_item(&probe, 5).await;
    probe
        .tell(
            "/control/faults",
            json!({"market": "shopee", "fault": "partial_failure", "items": 2, "count": 1}),
        )
        .await;
    let wanted: Vec<(u64, i64)> = models.iter().map(|model| (*model, 4)).collect();
    let done = partner.set_stock(item, &wanted).await;
    assert_eq!(done["error"], "", "partial failure looks like success: {done}");
    assert_eq!(done["response"]["failure_list"].as_array().unwrap().len(), 2);
    assert_eq!(done["response"]["success_list"].as_array().unwrap().len(), 3);
    assert_eq!(stocks(&probe, item).await, vec![10, 10, 4, 4, 4]);
    let again = partner.set_stock(item, &wanted).await;
    assert_eq!(again["response"]["failure_list"], json!([]), "it struck once");
}

#[tokio::test]
async fn a_promotion_holds_units_or_the_whole_listing() {
    let probe = Probe::start().await;
    let partner = Partner::connect(&probe).await;
    let (item, models) = wide_item(&probe, 2).await;
    probe
        .tell("/control/listings/reserve", json!({"market": "shopee", "seller_sku": "W0", "units": 6}))
        .await;
    let done = partner.set_stock(item, &[(models[0], 5), (models[1], 5)]).await;
    assert_eq!(done["error"], "");
    assert_eq!(done["response"]["failure_list"][0]["model_id"], models[0]);
    assert_eq!(stocks(&probe, item).await, vec![10, 5]);
    assert_eq!(
        partner.set_stock(item, &[(models[0], 6)]).await["error"],
        "",
        "down to what is held it may go"
    );
    let id = item.to_string();
    let held = partner.get("/api/v2/product/get_item_promotion", &[("item_id_list", id.as_str())]).await;
    let held = &held["response"]["success_list"][0]["promotion"][0]["promotion_stock_info_v2"];
    assert_eq!(held["summary_info"]["total_reserved_stock"], 6);

    probe
        .tell("/control/faults", json!({"market": "shopee", "fault": "promotion_lock", "seller_sku": "W1"}))
        .await;
    let locked = partner.set_stock(item, &[(models[1], 9)]).await;
    assert_eq!(locked["error"], "product.error_promotion_cantnot_update_stock");
    assert_eq!(locked["response"]["failure_list"][0]["model_id"], models[1], "the lists tell it too");
    probe.http.delete(format!("{}/control/faults", probe.sandbox.urls().control)).send().await.unwrap();
    assert_eq!(partner.set_stock(item, &[(models[1], 9)]).await["error"], "");
}

#[tokio::test]
async fn too_many_calls_are_told_inside_200() {
    let probe = Probe::with(Options { limits: RateLimits::PerSecond(5), ..Options::default() }).await;
    let partner = Partner::connect(&probe).await;
    let calls = (0..20).map(|_| partner.get_raw("/api/v2/shop/get_shop_info", &[]));
    let mut throttled = 0;
    for answer in futures_of(calls).await {
        assert_eq!(answer.status(), 200);
        let answer: Value = answer.json().await.unwrap();
        match answer["error"].as_str().unwrap() {
            "" => {}
            "error_rate_limit" => throttled += 1,
            other => panic!("{other}"),
        }
    }
    assert!(throttled > 0, "20 calls at once where 5 a second are allowed");
    let report = probe.look("/control/report").await;
    let shop = report["shops"]
        .as_array()
        .unwrap()
        .iter()
        .find(|shop| number(&shop["shop"]) == partner.shop)
        .unwrap();
    assert_eq!(shop["throttled"], throttled);
    let models = partner.get("/api/v2/product/get_item_limit", &[]).await;
    assert_eq!(models["error"], "", "another endpoint has a limit of its own");
}

/// All at once.
async fn futures_of(
    calls: impl Iterator<Item = impl Future<Output = Result<reqwest::Response, reqwest::Error>>>,
) -> Vec<reqwest::Response> {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    let mut done: Vec<Option<reqwest::Response>> = calls.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (call, done) in calls.iter_mut().zip(&mut done) {
            if done.is_none()
                && let std::task::Poll::Ready(answer) = call.as_mut().poll(context)
            {
                *done = Some(answer.unwrap());
            }
        }
        if done.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
