//! `/v1/orders/{id}/payments`.

use serde_json::{Value, json};

use crate::world::World;

/// Places an order of units of A and gives its path.
async fn placed(world: &World, units: i64) -> String {
    let order =
        world.post("/v1/orders", json!({"lines": [{"sku": "A", "quantity": units}]})).await.expect(201);
    format!("/v1/orders/{}", order["id"].as_str().unwrap())
}

/// Tells what happened to a payment, and gives the states of the order, of its money and of that payment.
async fn told(world: &World, order: &str, payment: &str, event: Value) -> [String; 3] {
    let mut body = json!({"payment_reference": payment});
    body.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
    let answer = world.post(&format!("{order}/payments"), body).await.expect(200);
    assert_eq!(answer["payment"]["payment_reference"], payment);
    [&answer["state"], &answer["payment_state"], &answer["payment"]["state"]]
        .map(|state| state.as_str().unwrap().to_owned())
}

#[tokio::test]
async fn i10_a_payment_goes_all_the_way() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let order = placed(&world, 3).await;
    let event = |name: &str| json!({"event": name});
    assert_eq!(told(&world, &order, "pi_1", event("pending")).await, ["pending", "pending", "pending"]);
    assert_eq!(told(&world, &order, "pi_1", event("failed")).await, ["pending", "failed", "failed"]);
    assert_eq!(world.figures("A").await, [10, 3, 0, 0, 7], "the buyer may try again");
    assert_eq!(told(&world, &order, "pi_2", event("succeeded")).await, ["confirmed", "paid", "paid"]);
    assert_eq!(world.figures("A").await, [10, 0, 3, 0, 7]);
    // The failure of the first comes late and says nothing of the second.
    let last = json!({"event": "failed", "final": true});
    assert_eq!(told(&world, &order, "pi_1", last).await, ["confirmed", "paid", "failed"]);
    let late = told(&world, &order, "pi_1", event("succeeded")).await;
    assert_eq!(late, ["confirmed", "part_refund_pending", "refund_pending"], "paid twice: one must go back");
    assert_eq!(told(&world, &order, "pi_1", event("refunded")).await, ["confirmed", "paid", "refunded"]);
    let part = json!({"event": "refunded", "part": true, "note": "a scratch"});
    assert_eq!(told(&world, &order, "pi_2", part).await[1], "part_refunded");

    let read = world.get(&order).await.expect(200);
    assert_eq!(read["payment_reference"], "pi_2");
    let payments = json!([
        {"payment_reference": "pi_2", "state": "part_refunded"},
        {"payment_reference": "pi_1", "state": "refunded"},
    ]);
    assert_eq!(read["payments"], payments);
    let events = world.get(&format!("{order}/events")).await.expect(200);
    let steps: Vec<&str> = events["data"].as_array().unwrap()[1..]
        .iter()
        .map(|event| event["data"]["step"].as_str().unwrap())
        .collect();
    let wanted = [
        "payment_pending",
        "payment_failed",
        "confirmed",
        "payment_failed",
        "second_payment",
        "refunded",
        "part_refunded",
    ];
    assert_eq!(steps, wanted);
    assert_eq!(events["data"][7]["data"]["note"], "pi_2: a scratch");
    world.assert_clean().await;
}

#[tokio::test]
async fn i10_a_payment_that_cannot_come_any_more_gives_the_units_back() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    for body in [json!({"event": "canceled"}), json!({"event": "failed", "final": true})] {
        let order = placed(&world, 5).await;
        assert_eq!(told(&world, &order, "pi_1", body).await[0], "cancelled");
        assert_eq!(world.figures("A").await, [5, 0, 0, 0, 5]);
        let late = told(&world, &order, "pi_1", json!({"event": "succeeded"})).await;
        assert_eq!(late, ["cancelled", "refund_pending", "refund_pending"], "never revived");
    }
    let due = world.get("/v1/orders?money_due=true").await.expect(200);
    assert_eq!(due["data"].as_array().unwrap().len(), 2);
    placed(&world, 1).await;
    let all = world.get("/v1/orders?money_due=false").await.expect(200);
    assert_eq!(all["data"].as_array().unwrap().len(), 3);
    world.get("/v1/orders?money_due=soon").await.problem(400, "invalid_parameter");
    world.assert_clean().await;
}

#[tokio::test]
async fn i10_a_disputed_order_is_shipped_on_purpose_only() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let order = placed(&world, 2).await;
    told(&world, &order, "pi_1", json!({"event": "succeeded"})).await;
    let disputed = told(&world, &order, "pi_1", json!({"event": "disputed"})).await;
    assert_eq!(disputed, ["confirmed", "disputed", "disputed"]);
    let ship = format!("{order}/ship");
    let problem = world.post(&ship, json!({})).await.problem(409, "payment_disputed");
    assert_eq!(problem["errors"][0]["pointer"], "/despite_dispute");
    assert_eq!(world.figures("A").await, [5, 0, 2, 0, 3]);
    let some = json!({"lines": [{"line": 1, "quantity": 1}], "despite_dispute": true});
    world.post(&ship, some).await.expect(200);
    assert_eq!(told(&world, &order, "pi_1", json!({"event": "dispute_won"})).await[1], "paid");
    world.post(&ship, json!({})).await.expect(200);
    assert_eq!(told(&world, &order, "pi_1", json!({"event": "dispute_lost"})).await[1], "refunded");
    assert_eq!(world.figures("A").await, [3, 0, 0, 0, 3]);
    world.assert_clean().await;
}

#[tokio::test]
async fn f7_a_payment_that_is_told_wrongly_changes_nothing() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let order = placed(&world, 2).await;
    let path = format!("{order}/payments");
    let cases = [
        (r#"{}"#, "/payment_reference", "required"),
        (r#"{"payment_reference":"p"}"#, "/event", "required"),
        (r#"{"payment_reference":"","event":"pending"}"#, "/payment_reference", "invalid_code"),
        (r#"{"payment_reference":"p","event":"paid"}"#, "/event", "invalid_type"),
        (r#"{"payment_reference":"p","event":"pending","final":true}"#, "/final", "not_allowed"),
        (r#"{"payment_reference":"p","event":"failed","part":true}"#, "/part", "not_allowed"),
        (r#"{"payment_reference":"p","event":"failed","final":1}"#, "/final", "invalid_type"),
        (r#"{"payment_reference":"p","event":"failed","amount":1}"#, "/amount", "unknown_field"),
    ];
    for (body, pointer, code) in cases {
        let problem = world.call("POST", &path).raw(body).send().await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
        assert_eq!(problem["errors"][0]["code"], code, "{body}: {problem}");
    }
    let long = json!({"payment_reference": "p", "event": "failed", "note": "x".repeat(1001)});
    world.post(&path, long).await.problem(422, "validation_failed");
    for event in ["refunded", "disputed", "dispute_won", "dispute_lost"] {
        let body = json!({"payment_reference": "p", "event": event});
        let problem = world.post(&path, body).await.problem(409, "not_paid");
        assert_eq!(problem["errors"][0]["pointer"], "/payment_reference");
    }
    let pending = json!({"payment_reference": "p", "event": "pending"});
    let nobody = "/v1/orders/ord_00000000000000000000000001/payments";
    world.post(nobody, pending.clone()).await.problem(404, "not_found");
    let stale = world.call("POST", &path).header("if-match", "\"v9\"").json(&pending).send().await;
    stale.problem(412, "stale_version");
    let read = world.get(&order).await.expect(200);
    assert_eq!((&read["version"], &read["payment_state"]), (&json!(1), &json!("none")));
    assert_eq!(read["payments"], json!([]));
}

/// A provider's event that is delivered again with its own number is answered as it was, whatever happened since.
#[tokio::test]
async fn f5_a_payment_event_with_its_number_is_heard_once() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let order = placed(&world, 2).await;
    told(&world, &order, "pi_1", json!({"event": "succeeded"})).await;
    let part = json!({"payment_reference": "pi_1", "event": "refunded", "part": true});
    let path = format!("{order}/payments");
    let first = world.call("POST", &path).key("evt_1").json(&part).send().await.expect(200);
    assert_eq!(first["payment_state"], "part_refunded");
    let one = json!({"lines": [{"line": 1, "quantity": 1}]});
    world.post(&format!("{order}/cancel"), one).await.expect(200);
    let again = world.call("POST", &path).key("evt_1").json(&part).send().await.expect(200);
    assert_eq!(again, first);
    assert_eq!(world.get(&order).await.expect(200)["payment_state"], "part_refund_pending");
}
