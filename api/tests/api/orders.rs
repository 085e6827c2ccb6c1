//! `/v1/orders`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_order_goes_all_the_way() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let placed =
        world.post("/v1/orders", json!({"lines": [{"sku": "A", "quantity": 3}], "reference": "R1"})).await;
    let body = placed.expect(201);
    assert_eq!(body["state"], "pending");
    assert_eq!(body["channel"], "api");
    assert_eq!(body["lines"], json!([{"line": 1, "sku": "A", "location": "main", "quantity": 3}]));
    let path = format!("/v1/orders/{}", body["id"].as_str().unwrap());
    assert_eq!(placed.header("location"), Some(path.as_str()));
    assert!(placed.header("operation-id").unwrap().starts_with("op_"));
    assert_eq!(world.figures("A").await, [10, 3, 0, 0, 7]);

    let confirmed = world.call("POST", &format!("{path}/confirm")).send().await.expect(200);
    assert_eq!(confirmed["state"], "confirmed");
    assert_eq!(world.figures("A").await, [10, 0, 3, 0, 7]);

    let shipped = world
        .post(&format!("{path}/ship"), json!({"lines": [{"line": 1, "quantity": 1}], "carrier": "X"}))
        .await
        .expect(200);
    assert_eq!(shipped["state"], "processing");
    assert_eq!(shipped["lines"], json!([{"line": 1, "quantity": 1}]));
    world.post(&format!("{path}/ship"), json!({})).await.expect(200);
    assert_eq!(world.figures("A").await, [7, 0, 0, 0, 7]);

    world.call("POST", &format!("{path}/deliver")).send().await.expect(200);
    let back = json!({"lines": [
        {"line": 1, "quantity": 1, "condition": "sellable"},
        {"line": 1, "quantity": 1, "condition": "damaged"},
    ]});
    world.post(&format!("{path}/return"), back).await.expect(200);
    assert_eq!(world.figures("A").await, [9, 0, 0, 1, 8]);

    let read = world.get(&path).await;
    let order = read.expect(200);
    assert_eq!(order["fulfilment_state"], "part_returned");
    assert_eq!(order["lines"][0]["shipped"], 3);
    assert_eq!(order["lines"][0]["returned"], 2);
    assert_eq!(read.header("etag").unwrap(), format!("\"v{}\"", order["version"]));
    world.assert_clean().await;

    let events = world.get(&format!("{path}/events")).await.expect(200);
    let kinds: Vec<&str> =
        events["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds[0], "order.placed");
    assert!(kinds[1..].iter().all(|kind| *kind == "order.changed"), "{kinds:?}");
}

#[tokio::test]
async fn f6_one_short_line_of_200_holds_nothing_and_every_short_line_is_named() {
    let world = World::new().await;
    let skus: Vec<_> = (0..200).map(|n| json!({"sku": format!("S{n:03}")})).collect();
    world.post("/v1/skus/bulk", json!({"skus": skus})).await.expect(200);
    let items: Vec<_> = (0..200)
        .map(|n| {
            let quantity = if n == 198 || n == 7 { 1 } else { 5 };
            json!({"action": "adjust", "sku": format!("S{n:03}"), "quantity": quantity, "reason": "received"})
        })
        .collect();
    world.post("/v1/stock/bulk", json!({"mode": "atomic", "items": items})).await.expect(200);
    let before = world.get("/v1/events?limit=1&after=0").await.expect(200);
    let head = world.engine.reads().feed_head().await.unwrap();
    assert!(before["has_more"].as_bool().unwrap());

    let lines: Vec<_> = (0..200).map(|n| json!({"sku": format!("S{n:03}"), "quantity": 2})).collect();
    let problem = world.post("/v1/orders", json!({"lines": lines})).await.problem(409, "insufficient_stock");
    let errors = problem["errors"].as_array().unwrap();
    let pointers: Vec<&str> = errors.iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/lines/7/quantity", "/lines/198/quantity"]);
    assert_eq!(errors[1]["sku"], "S198");
    assert_eq!(errors[1]["requested"], 2);
    assert_eq!(errors[1]["available"], 1);
    assert_eq!(world.engine.reads().feed_head().await.unwrap(), head, "nothing happened");
    assert_eq!(world.figures("S000").await, [5, 0, 0, 0, 5]);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_code_that_names_nothing_is_named() {
    let world = World::new().await;
    world.stocked("A", 1).await;
    let lines = json!({"lines": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1}]});
    let problem = world.post("/v1/orders", lines).await.problem(422, "unknown_sku");
    assert_eq!(problem["errors"][0]["pointer"], "/lines/1/sku");
    let lines = json!({"lines": [{"sku": "A", "quantity": 1, "location": "moon"}]});
    let problem = world.post("/v1/orders", lines).await.problem(422, "unknown_location");
    assert_eq!(problem["errors"][0]["pointer"], "/lines/0/location");
    world.get("/v1/orders/ord_00000000000000000000000000").await.problem(404, "not_found");
    world.get("/v1/orders/7").await.problem(404, "not_found");
    let path = "/v1/orders/ord_00000000000000000000000000/confirm";
    world.post(path, json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn lines_of_one_sku_are_summed_before_the_guard() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let lines = json!({"lines": [{"sku": "A", "quantity": 3}, {"sku": "A", "quantity": 3}]});
    world.post("/v1/orders", lines).await.problem(409, "insufficient_stock");
    let lines = json!({"lines": [{"sku": "A", "quantity": 3}, {"sku": "A", "quantity": 2}]});
    let placed = world.post("/v1/orders", lines).await.expect(201);
    assert_eq!(placed["lines"].as_array().unwrap().len(), 2);
    assert_eq!(world.figures("A").await, [5, 5, 0, 0, 0]);
}

#[tokio::test]
async fn a_reference_is_taken_once_in_its_channel() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 1}], "reference": "R", "channel": "shop"});
    let first = world.post("/v1/orders", order.clone()).await.expect(201);
    let problem = world.post("/v1/orders", order).await.problem(409, "duplicate_reference");
    assert!(problem["detail"].as_str().unwrap().contains(first["id"].as_str().unwrap()));
    let found = world.get("/v1/orders?channel=shop&reference=R").await.expect(200);
    assert_eq!(found["data"][0]["id"], first["id"]);
}

#[tokio::test]
async fn a_bulk_of_orders_stands_and_falls_one_by_one_and_can_be_repeated() {
    let world = World::new().await;
    world.stocked("A", 2).await;
    let one = json!({"lines": [{"sku": "A", "quantity": 1}]});
    let bulk = json!({"orders": [one, {"lines": [{"sku": "A", "quantity": 0}]}, one, one]});
    let first = world.call("POST", "/v1/orders/bulk").key("bulk").json(&bulk).send().await;
    let results = first.expect(200);
    let statuses: Vec<i64> =
        results["results"].as_array().unwrap().iter().map(|r| r["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [201, 422, 201, 409]);
    assert_eq!(results["results"][1]["problem"]["errors"][0]["pointer"], "/lines/0/quantity");
    assert_eq!(results["results"][3]["problem"]["code"], "insufficient_stock");
    let again = world.call("POST", "/v1/orders/bulk").key("bulk").json(&bulk).send().await;
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(world.figures("A").await, [2, 2, 0, 0, 0]);
}

/// Only what a marketplace has sold is a fact; through our own API nothing goes below what is there, whoever asks.
#[tokio::test]
async fn nobody_can_force_an_order_through_our_own_api() {
    let world = World::new().await;
    world.stocked("A", 1).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 5}], "confirm": true, "forced": true});
    let problem = world.post("/v1/orders", order.clone()).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/forced", "{problem}");
    assert_eq!(problem["errors"][0]["code"], "unknown_field", "{problem}");
    let bulk = json!({"orders": [order]});
    let problem = world.post("/v1/orders/bulk", bulk).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/orders/0/forced", "{problem}");
    assert_eq!(world.figures("A").await, [1, 0, 0, 0, 1]);
}
