//! The same request twice, at once, after a restart, and almost the same.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f2_fifty_identical_requests_at_once_are_one() {
    let world = World::new().await;
    world.stocked("A", 100).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 2}]});
    let answers =
        join_all((0..50).map(|_| world.call("POST", "/v1/orders").key("one").json(&order).send())).await;
    let first = answers[0].clone();
    for answer in &answers {
        answer.expect(201);
        assert_eq!(answer.bytes, first.bytes);
        assert_eq!(answer.header("operation-id"), first.header("operation-id"));
        assert_eq!(answer.header("location"), first.header("location"));
    }
    let replayed = answers.iter().filter(|a| a.header("idempotency-replayed") == Some("true")).count();
    assert_eq!(replayed, 49);
    assert_eq!(world.figures("A").await, [100, 2, 0, 0, 98]);
    world.assert_clean().await;
}

#[tokio::test]
async fn f3_the_same_key_with_another_request_is_refused_and_the_first_untouched() {
    let world = World::new().await;
    world.stocked("A", 100).await;
    let place = |body: &str| world.call("POST", "/v1/orders").key("k").raw(body.to_owned()).send();
    let first = place(r#"{"lines":[{"sku":"A","quantity":2}],"channel":"web"}"#).await;
    first.expect(201);
    place(r#"{"lines":[{"sku":"A","quantity":3}],"channel":"web"}"#)
        .await
        .problem(422, "idempotency_mismatch");
    // The same request in other words is the same request.
    let again =
        place(r#"{ "channel" : "web", "reference": null, "lines" : [ {"quantity":2, "sku":"\u0041"} ] }"#)
            .await;
    assert_eq!(again.bytes, first.bytes);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let quoted = world.call("POST", "/v1/orders").key("\"k\"");
    let quoted = quoted.raw(r#"{"lines":[{"sku":"A","quantity":2}],"channel":"web"}"#).send().await;
    assert_eq!(quoted.bytes, first.bytes, "a quoted key is the same key");

    // Another kind of command under the same key is another operation; so is another order's step refused.
    let path = format!("/v1/orders/{}", first.json()["id"].as_str().unwrap());
    world.call("POST", &format!("{path}/confirm")).key("k").send().await.expect(200);
    let other = world.post("/v1/orders", json!({"lines": [{"sku": "A", "quantity": 1}]})).await.expect(201);
    let other = format!("/v1/orders/{}/confirm", other["id"].as_str().unwrap());
    world.call("POST", &other).key("k").send().await.problem(422, "idempotency_mismatch");
    let again = world.call("POST", &format!("{path}/confirm")).key("k");
    let again = again.header("if-match", "\"v1\"").send().await;
    again.problem(422, "idempotency_mismatch");
    assert_eq!(world.figures("A").await, [100, 1, 2, 0, 97]);
    let rows = world.get("/v1/operations/k").await.expect(200);
    assert_eq!(rows["data"].as_array().unwrap().len(), 2, "{rows}");
}

/// A request of each kind, done or refused, on this order and this reservation.
fn one_of_each(order: &str, held: &str) -> Vec<(&'static str, String, Value)> {
    let line = json!({"line": 1, "quantity": 1});
    vec![
        ("POST", "/v1/locations".to_owned(), json!({"location": "three", "name": "Third"})),
        ("PATCH", "/v1/locations/two".to_owned(), json!({"name": "Second"})),
        ("POST", "/v1/skus".to_owned(), json!({"sku": "C", "components": [{"sku": "A", "quantity": 2}]})),
        ("PATCH", "/v1/skus/A".to_owned(), json!({"name": "Ay", "backorder_limit": 1})),
        ("POST", "/v1/skus/bulk".to_owned(), json!({"skus": [{"sku": "D"}, {"sku": "A"}]})),
        ("POST", "/v1/stock/adjust".to_owned(), json!({"sku": "A", "quantity": 2, "reason": "received"})),
        ("POST", "/v1/stock/set".to_owned(), json!({"sku": "B", "on_hand": 3, "expected": 1})),
        ("POST", "/v1/stock/count".to_owned(), json!({"sku": "B", "counted": 4})),
        (
            "POST",
            "/v1/stock/move".to_owned(),
            json!({"sku": "A", "quantity": 2, "from": {}, "to": {"location": "two"}}),
        ),
        ("POST", "/v1/orders".to_owned(), json!({"lines": [{"sku": "A", "quantity": 2}], "reference": "R"})),
        ("POST", "/v1/orders".to_owned(), json!({"lines": [{"sku": "B", "quantity": 200}]})),
        ("POST", format!("{order}/confirm"), json!({"payment_reference": "P"})),
        ("POST", format!("{order}/payments"), json!({"payment_reference": "Q", "event": "succeeded"})),
        ("POST", format!("{order}/ship"), json!({"lines": [line]})),
        ("POST", format!("{order}/cancel"), json!({"lines": [line]})),
        ("POST", format!("{order}/deliver"), json!({})),
        (
            "POST",
            format!("{order}/return"),
            json!({"lines": [{"line": 1, "quantity": 1, "condition": "sellable"}]}),
        ),
        (
            "POST",
            "/v1/reservations".to_owned(),
            json!({"lines": [{"sku": "A", "quantity": 1}], "owner": "o"}),
        ),
        ("POST", format!("{held}/extend"), json!({"ttl_s": 600})),
        ("POST", format!("{held}/release"), json!({"lines": [line]})),
        ("POST", format!("{held}/allocate"), json!({})),
        ("POST", format!("{held}/allocate"), json!({"reference": "late"})),
    ]
}

#[tokio::test]
async fn f5_every_answer_comes_again_to_the_byte_also_after_a_restart() {
    let world = World::new().await;
    world.stocked("A", 100).await;
    world.stocked("B", 1).await;
    world.post("/v1/locations", json!({"location": "two"})).await.expect(201);
    let order = world.post("/v1/orders", json!({"lines": [{"sku": "A", "quantity": 9}]})).await.expect(201);
    let order = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let held = world.post("/v1/reservations", json!({"lines": [{"sku": "A", "quantity": 9}]})).await;
    let held = held.header("location").unwrap().to_owned();
    let requests = one_of_each(&order, &held);
    let mut first = Vec::new();
    for (index, (method, path, body)) in requests.iter().enumerate() {
        first.push(world.call(method, path).key(&format!("f5-{index}")).json(body).send().await);
    }
    let refused = first.iter().filter(|answer| answer.status.as_u16() >= 400).count();
    assert_eq!(refused, 3, "the order beyond stock, the delivery of half an order, the second allocation");
    let world = world.restart().await;
    let head = world.engine.reads().feed_head().await.unwrap();
    for (index, (method, path, body)) in requests.iter().enumerate() {
        let again = world.call(method, path).key(&format!("f5-{index}")).json(body).send().await;
        let was = &first[index];
        assert_eq!(again.status, was.status, "{method} {path}");
        assert_eq!(
            String::from_utf8_lossy(&again.bytes),
            String::from_utf8_lossy(&was.bytes),
            "{method} {path}"
        );
        if !path.ends_with("bulk") {
            assert_eq!(again.header("idempotency-replayed"), Some("true"), "{method} {path}");
        }
        for name in ["content-type", "location", "operation-id"] {
            assert_eq!(again.header(name), was.header(name), "{name} of {method} {path}");
        }
    }
    assert_eq!(world.engine.reads().feed_head().await.unwrap(), head, "nothing was done twice");
    world.assert_clean().await;
}

#[tokio::test]
async fn a_request_that_changes_state_needs_a_key() {
    let world = World::new().await;
    let call = world.call("POST", "/v1/skus").json(&json!({"sku": "A"}));
    let problem = call.without("idempotency-key").send().await.problem(400, "idempotency_key_missing");
    assert!(problem["detail"].as_str().unwrap().contains("Idempotency-Key"));
    for bad in ["", "\"open", "a b", &"x".repeat(256)] {
        let call = world.call("POST", "/v1/skus").json(&json!({"sku": "A"}));
        call.key(bad).send().await.problem(400, "invalid_header");
    }
    world.call("POST", "/v1/skus").json(&json!({"sku": "A"})).key(&"x".repeat(255)).send().await.expect(201);
    let bulk = world.call("POST", "/v1/skus/bulk").json(&json!({"skus": [{"sku": "B"}]}));
    bulk.key(&"x".repeat(255)).send().await.problem(400, "invalid_header");
}
