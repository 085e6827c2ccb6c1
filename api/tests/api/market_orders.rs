//! `/v1/market-orders`.

use onhand_connector::RemoteStatus;
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{Durability, Postgres};
use serde_json::{Value, json};

use crate::stall::Stall;

/// An order of a known and of an unmapped listing has come in.
async fn bought(stall: &Stall) -> Value {
    stall.market.buys("R-1", &[("a", 2), ("b", 1)]);
    stall.hook("1", "n1", "R-1").await.expect(200);
    stall.until("the order is here", async || !stall.list("/v1/market-orders").await.is_empty()).await;
    stall.idle().await;
    stall.list("/v1/market-orders").await.remove(0)
}

async fn an_order_is_found_and_shown_with_what_became_of_it(stall: Stall) {
    let order = bought(&stall).await;
    assert_eq!((&order["shop"], &order["reference"]), (&json!("stall-1"), &json!("R-1")));
    assert_eq!((&order["units"], &order["total_minor"]), (&json!(3), &json!(750)));
    for (query, count) in [
        ("shop=stall-1&state=waits_for_mapping", 1),
        ("shop=stall-1", 1),
        ("state=applied", 0),
        ("state=needs_attention", 0),
    ] {
        assert_eq!(stall.list(&format!("/v1/market-orders?{query}")).await.len(), count, "{query}");
    }
    stall.world.get("/v1/market-orders?shop=none").await.problem(404, "not_found");
    stall.world.get("/v1/market-orders?state=none").await.problem(400, "invalid_parameter");
    let path = format!("/v1/market-orders/{}", order["id"].as_str().unwrap());
    let answer = stall.world.get(&path).await;
    let body = answer.expect(200);
    assert_eq!(answer.header("etag"), Some(format!("\"v{}\"", body["version"]).as_str()));
    let lines = body["lines"].as_array().unwrap();
    assert_eq!((&lines[0]["state"], &lines[0]["sku"]), (&json!("applied"), &json!("A")));
    assert_eq!(lines[0]["applied"][0]["order_id"], body["order_ids"][0]);
    assert_eq!((&lines[1]["state"], &lines[1]["sku"]), (&json!("waits_for_mapping"), &Value::Null));
    let told: Vec<&str> =
        body["timeline"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert!(told.contains(&"market_order.changed") && told.contains(&"order.placed"), "{told:?}");
    let numbers: Vec<i64> =
        body["timeline"].as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    stall.world.get(&format!("{path}?x=1")).await.problem(400, "invalid_parameter");
    for id in ["x", "1-none", "0-R-1", "2-R-1"] {
        stall.world.get(&format!("/v1/market-orders/{id}")).await.problem(404, "not_found");
    }
    stall.close().await;
}

#[tokio::test]
async fn an_order_is_found_and_shown_over_sqlite() {
    an_order_is_found_and_shown_with_what_became_of_it(Stall::open().await).await;
}

#[tokio::test]
async fn an_order_is_found_and_shown_over_postgres() {
    let server = Postgres::shared(Durability::Fast).unwrap();
    let database = server.fresh_database().unwrap();
    let options = Options { unsafe_durability: true, ..Options::new(database.url()) };
    let store = PostgresStore::connect(options).await.unwrap();
    an_order_is_found_and_shown_with_what_became_of_it(Stall::over(std::sync::Arc::new(store)).await).await;
}

/// Goods have left there that are not here: why the order could not be applied is told as facts, on both databases alike.
async fn trouble_is_told_by_a_code(stall: Stall) {
    stall.market.buys("R-2", &[("a", 12)]);
    {
        let mut state = stall.market.now();
        let order = state.orders.get_mut("R-2").unwrap();
        (order.status, order.lines[0].status) = (RemoteStatus::Shipped, RemoteStatus::Shipped);
    }
    stall.hook("1", "n2", "R-2").await.expect(200);
    stall.until("the order is here", async || !stall.list("/v1/market-orders").await.is_empty()).await;
    let order = stall.list("/v1/market-orders").await.remove(0);
    assert_eq!(order["state"], "needs_attention");
    let goods = json!([{"sku": "A", "location": null, "requested": 12, "available": 10}]);
    assert_eq!(order["refusal"], json!({"code": "not_on_hand", "about": goods}));
    let text = "SKU A: 12 to ship, 10 in the building; count or receive first";
    assert_eq!(order["trouble"], text);
    let notices = stall.list("/v1/notices?open=true").await;
    let told = &notices.iter().find(|notice| notice["kind"] == "order_trouble").unwrap()["told"];
    assert_eq!(told, &json!({"form": "order_trouble", "order": "R-2", "said": text, "code": "not_on_hand"}));
    // The goods are found, and nothing is left of it.
    let more = json!({"sku": "A", "quantity": 5, "reason": "received"});
    stall.world.post("/v1/stock/adjust", more).await.expect(200);
    let path = format!("/v1/market-orders/{}", order["id"].as_str().unwrap());
    stall.world.call("POST", &format!("{path}/fetch")).send().await.expect(200);
    stall
        .until("it is applied", async || stall.world.get(&path).await.expect(200)["state"] == "applied")
        .await;
    let order = stall.world.get(&path).await.expect(200);
    assert_eq!((&order["refusal"], &order["trouble"]), (&Value::Null, &Value::Null));
    stall.close().await;
}

#[tokio::test]
async fn trouble_is_told_by_a_code_over_sqlite() {
    trouble_is_told_by_a_code(Stall::open().await).await;
}

#[tokio::test]
async fn trouble_is_told_by_a_code_over_postgres() {
    let server = Postgres::shared(Durability::Fast).unwrap();
    let database = server.fresh_database().unwrap();
    let options = Options { unsafe_durability: true, ..Options::new(database.url()) };
    let store = PostgresStore::connect(options).await.unwrap();
    trouble_is_told_by_a_code(Stall::over(std::sync::Arc::new(store)).await).await;
}

#[tokio::test]
async fn an_order_is_fetched_again_shipped_and_its_cancellation_answered() {
    let stall = Stall::open().await;
    let order = bought(&stall).await;
    let path = format!("/v1/market-orders/{}", order["id"].as_str().unwrap());
    let before = stall.heard("orders R-1");
    let fetch = || stall.world.call("POST", &format!("{path}/fetch")).key("again").send();
    let first = fetch().await;
    let job = first.expect(200)["jobs"][0].as_str().unwrap().to_owned();
    stall.idle().await;
    assert_eq!(stall.heard("orders R-1"), before + 1);
    assert_eq!(fetch().await.bytes, first.bytes, "the same key does it once");
    stall.idle().await;
    assert_eq!(stall.heard("orders R-1"), before + 1);
    let seen = stall.world.get(&format!("/v1/jobs/{job}")).await.expect(200);
    assert_eq!((&seen["state"], &seen["kind"]), (&json!("done"), &json!("fetch_order")));

    let parcel = json!({"carrier": "SPX", "tracking_number": "T-9", "line_ids": ["R-1-a"]});
    stall.world.post(&format!("{path}/ship"), parcel).await.expect(200);
    stall.world.call("POST", &format!("{path}/ship")).send().await.expect(200);
    stall.world.post(&format!("{path}/answer-cancel"), json!({"accept": false})).await.expect(200);
    stall.idle().await;
    let words = stall.words();
    for word in ["ship R-1 [R-1-a] by SPX T-9", "ship R-1 [] by - -", "answer R-1 false"] {
        assert!(words.contains(word), "{word} in {words:?}");
    }
    let wrong = stall.world.post(&format!("{path}/ship"), json!({"line_ids": ["ok", "\u{0}"]})).await;
    assert_eq!(wrong.problem(422, "validation_failed")["errors"][0]["pointer"], "/line_ids/1");
    let wrong = stall.world.post(&format!("{path}/answer-cancel"), json!({})).await;
    assert_eq!(wrong.problem(422, "validation_failed")["errors"][0]["pointer"], "/accept");
    for step in ["fetch", "ship", "answer-cancel"] {
        let call = stall.world.call("POST", &format!("/v1/market-orders/1-none/{step}"));
        call.json(&json!({"accept": true})).send().await.expect(if step == "ship" { 422 } else { 404 });
    }
    stall.close().await;
}
