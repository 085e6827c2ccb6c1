//! `/v1/reservations`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_reservation_becomes_an_order() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let body = json!({"lines": [{"sku": "A", "quantity": 4}], "owner": "cart-1", "ttl_s": 600});
    let held = world.post("/v1/reservations", body).await;
    let reservation = held.expect(201);
    assert_eq!(reservation["state"], "held");
    assert_eq!(reservation["owner"], "cart-1");
    let path = held.header("location").unwrap().to_owned();
    assert_eq!(world.figures("A").await, [10, 4, 0, 0, 6]);

    world.post(&format!("{path}/extend"), json!({"ttl_s": 1200})).await.expect(200);
    let release = json!({"lines": [{"line": 1, "quantity": 1}]});
    world.post(&format!("{path}/release"), release).await.expect(200);
    assert_eq!(world.figures("A").await, [10, 3, 0, 0, 7]);
    let too_many = json!({"lines": [{"line": 1, "quantity": 4}]});
    let problem = world.post(&format!("{path}/release"), too_many).await.problem(409, "exceeds_reserved");
    assert_eq!(problem["errors"][0]["pointer"], "/lines/0/quantity");

    let allocate = json!({"lines": [{"line": 1, "quantity": 2}], "remainder": "hold", "reference": "R"});
    let step = world.post(&format!("{path}/allocate"), allocate).await.expect(200);
    assert_eq!(world.figures("A").await, [10, 1, 2, 0, 7]);
    let order = world.get(&format!("/v1/orders/{}", step["order_id"].as_str().unwrap())).await.expect(200);
    assert_eq!((order["state"].as_str(), order["reference"].as_str()), (Some("confirmed"), Some("R")));
    let read = world.get(&path).await.expect(200);
    assert_eq!(read["lines"][0]["outstanding"], 1);
    assert_eq!(read["lines"][0]["allocated"], 2);

    world.call("POST", &format!("{path}/release")).send().await.expect(200);
    world.call("POST", &format!("{path}/allocate")).send().await.problem(409, "not_held");
    let found = world.get("/v1/reservations?owner=cart-1&state=allocated").await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    world.get("/v1/reservations?state=lost").await.problem(400, "invalid_parameter");
    world.assert_clean().await;
}

#[tokio::test]
async fn a_stale_version_changes_nothing() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let body = json!({"lines": [{"sku": "A", "quantity": 4}]});
    let held = world.post("/v1/reservations", body).await;
    let path = held.header("location").unwrap().to_owned();
    let release = |version: &'static str| {
        let body = json!({"lines": [{"line": 1, "quantity": 1}]});
        let call = world.call("POST", &format!("{path}/release"));
        call.header("if-match", version).json(&body).send()
    };
    release("\"v1\"").await.expect(200);
    release("\"v1\"").await.problem(412, "stale_version");
    assert_eq!(world.figures("A").await, [10, 3, 0, 0, 7]);
}
