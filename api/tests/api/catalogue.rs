//! `/v1/skus` and `/v1/locations`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_sku_is_created_read_and_changed() {
    let world = World::new().await;
    let made = world.post("/v1/skus", json!({"sku": "00 7/é", "name": "Seven"})).await;
    let body = made.expect(201);
    assert_eq!(body["kind"], "simple");
    let path = made.header("location").unwrap().to_owned();
    let read = world.get(&path).await;
    assert_eq!(read.expect(200), body, "what a creation answers is what is read");
    assert_eq!(read.header("etag"), Some("\"v1\""));
    world.post("/v1/skus", json!({"sku": "00 7/é"})).await.problem(409, "sku_exists");
    let change = json!({"name": "Eight", "backorder_limit": 5});
    let changed = world.patch(&path, change.clone()).await.expect(200);
    assert_eq!(changed["version"], 2);
    assert_eq!(changed["changed"]["name"], "Eight");
    let now = world.get(&path).await.expect(200);
    assert_eq!((now["name"].as_str(), now["backorder_limit"].as_i64()), (Some("Eight"), Some(5)));
    world.get("/v1/skus/none").await.problem(404, "not_found");
    world.patch("/v1/skus/none", json!({})).await.problem(404, "not_found");
}

#[tokio::test]
async fn f11_a_stale_version_changes_nothing() {
    let world = World::new().await;
    world.stocked("A", 0).await;
    let edit = |version: &'static str, name: &'static str| {
        world.call("PATCH", "/v1/skus/A").header("if-match", version).json(&json!({"name": name})).send()
    };
    edit("\"v1\"", "first").await.expect(200);
    edit("\"v1\"", "second").await.problem(412, "stale_version");
    assert_eq!(world.get("/v1/skus/A").await.expect(200)["name"], "first");
    edit("v2", "third").await.expect(200);
    edit("*", "fourth").await.expect(200);
    edit("W/\"v4\"", "fifth").await.problem(400, "invalid_header");

    let edit = |version: &'static str| {
        let body = json!({"name": version});
        world.call("PATCH", "/v1/locations/main").header("if-match", version).json(&body).send()
    };
    edit("\"v1\"").await.expect(200);
    edit("\"v1\"").await.problem(412, "stale_version");
    assert_eq!(world.get("/v1/locations/main").await.expect(200)["name"], "\"v1\"");
}

#[tokio::test]
async fn a_bundle_has_components_and_its_stock_is_derived() {
    let world = World::new().await;
    world.stocked("cup", 7).await;
    world.stocked("plate", 3).await;
    let set =
        json!({"sku": "set", "components": [{"sku": "cup", "quantity": 2}, {"sku": "plate", "quantity": 1}]});
    assert_eq!(world.post("/v1/skus", set).await.expect(201)["kind"], "bundle");
    let stock = world.get("/v1/stock/set").await.expect(200);
    assert_eq!(stock["available"], 3);
    assert_eq!(stock["bundles"], json!([{"location": "main", "available": 3}]));
    let order = json!({"lines": [{"sku": "set", "quantity": 2}]});
    let placed = world.post("/v1/orders", order).await.expect(201);
    assert_eq!(world.figures("cup").await, [7, 4, 0, 0, 3]);
    let path = format!("/v1/orders/{}", placed["id"].as_str().unwrap());
    let read = world.get(&path).await.expect(200);
    assert_eq!(read["lines"][0]["ordered"], 2);
    assert_eq!(read["lines"][0]["parts"][0]["sku"], "cup");
    assert_eq!(read["lines"][0]["parts"][0]["ordered"], 4);

    assert_eq!(
        world.get("/v1/skus/bulk").await.problem(404, "not_found")["detail"],
        "there is no SKU \"bulk\""
    );
    let nested = json!({"sku": "x", "components": [{"sku": "set", "quantity": 1}]});
    let problem = world.post("/v1/skus", nested).await.problem(422, "nested_bundle");
    assert_eq!(problem["errors"][0]["pointer"], "/components/0/sku");
    let missing =
        json!({"sku": "x", "components": [{"sku": "cup", "quantity": 1}, {"sku": "no", "quantity": 1}]});
    let problem = world.post("/v1/skus", missing).await.problem(422, "unknown_sku");
    assert_eq!(problem["errors"][0]["pointer"], "/components/1/sku");
    let adjust = json!({"sku": "set", "quantity": 1, "reason": "received"});
    world.post("/v1/stock/adjust", adjust).await.problem(422, "bundle_has_no_stock");
    world.get("/v1/stock/set/main").await.problem(404, "not_found");
}

#[tokio::test]
async fn an_archived_sku_or_location_is_not_sold() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    world.patch("/v1/skus/A", json!({"archived": true})).await.expect(200);
    let order = json!({"lines": [{"sku": "A", "quantity": 1}]});
    world.post("/v1/orders", order.clone()).await.problem(409, "archived_sku");
    world.patch("/v1/skus/A", json!({"archived": false})).await.expect(200);
    world.patch("/v1/locations/main", json!({"archived": true})).await.expect(200);
    world.post("/v1/orders", order).await.problem(409, "archived_location");
    world.post("/v1/locations", json!({"location": "main"})).await.problem(409, "location_exists");
    let made = world.post("/v1/locations", json!({"location": "second"})).await;
    assert_eq!(made.expect(201), world.get("/v1/locations/second").await.expect(200));
}

#[tokio::test]
async fn a_threshold_of_low_stock_is_set_read_and_told() {
    let world = World::new().await;
    world.stocked("A/1", 5).await;
    let path = "/v1/skus/A%2F1/low-stock";
    let shown = async |units: Option<i64>, in_force: Option<i64>| {
        let found = world.get(path).await.expect(200);
        assert_eq!((&found["units"], &found["in_force"]), (&json!(units), &json!(in_force)), "{found}");
    };
    shown(None, None).await;
    let set = world.patch("/v1/low-stock", json!({"units": 3})).await.expect(200);
    assert_eq!(set["changed"], true);
    assert_eq!(world.get("/v1/low-stock").await.expect(200)["in_force"], 3);
    shown(None, Some(3)).await;
    let key = world.fresh();
    let own = || world.call("PATCH", path).key(&key).json(&json!({"units": 5}));
    assert_eq!(own().send().await.expect(200)["changed"], true);
    assert_eq!(own().send().await.header("idempotency-replayed"), Some("true"));
    shown(Some(5), Some(5)).await;
    // It is looked at at once: five are there.
    let notices = world.get("/v1/notices?open=true").await.expect(200);
    let told = |notices: &serde_json::Value| {
        notices["data"].as_array().unwrap().iter().any(|row| row["key"] == "low_stock:A/1@main")
    };
    assert!(told(&notices), "{notices}");
    world.patch(path, json!({"units": null})).await.expect(200);
    shown(None, Some(3)).await;
    assert!(!told(&world.get("/v1/notices?open=true").await.expect(200)));
    for body in [json!({"units": -1}), json!({"units": "5"}), json!({"unit": 5})] {
        assert!(world.patch(path, body.clone()).await.status.is_client_error(), "{body}");
    }
    world.patch("/v1/skus/none/low-stock", json!({"units": 1})).await.problem(404, "not_found");
    world.get("/v1/skus/none/low-stock").await.problem(404, "not_found");
    world.assert_clean().await;
}
