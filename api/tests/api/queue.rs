//! `/v1/queues`, `/v1/jobs`, `/v1/failures`, `/v1/shops`, `/v1/listings`, `/v1/notices` and `/hooks`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn lists_of_the_queue_and_the_channels_are_empty_at_first() {
    let world = World::new().await;
    let lists = ["shops", "listings", "jobs", "failures", "failures/jobs", "notices", "market-orders"];
    for list in lists {
        let body = world.get(&format!("/v1/{list}")).await.expect(200);
        assert_eq!(body["data"], json!([]), "{list}");
        assert_eq!(body["has_more"], false, "{list}");
    }
    world.get("/v1/jobs?kind=none").await.problem(400, "invalid_parameter");
    world.get("/v1/jobs?shop=none").await.problem(404, "not_found");
    for path in ["shops/none", "listings/7", "listings/seven", "listings/7/preview"] {
        world.get(&format!("/v1/{path}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_lane_is_changed_while_it_runs() {
    let world = World::new().await;
    let lane = async |name: &str| {
        let body = world.get("/v1/queues").await.expect(200);
        body["data"].as_array().unwrap().iter().find(|lane| lane["queue"] == name).unwrap().clone()
    };
    assert_eq!(lane("inventory_update").await["concurrency"], 10);
    assert_eq!(lane("product_sync").await["concurrency"], 2);
    let change = json!({"concurrency": 3, "paused": true});
    world.patch("/v1/queues/inventory_update", change.clone()).await.expect(200);
    let changed = lane("inventory_update").await;
    assert_eq!((&changed["concurrency"], &changed["paused"]), (&json!(3), &json!(true)));
    assert_eq!(lane("order_ingest").await["paused"], false, "the others go on");
    world.patch("/v1/queues/none", change).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_replay_says_what_is_replayed() {
    let world = World::new().await;
    let dry = world.post("/v1/failures/replay", json!({"code": "x", "dry_run": true})).await.expect(200);
    assert_eq!((&dry["dry_run"], &dry["count"]), (&json!(true), &json!(0)));
    let none = world.post("/v1/failures/replay", json!({})).await.expect(422);
    assert_eq!(none["errors"][0]["pointer"], "/jobs");
    let wrong = world.post("/v1/failures/replay", json!({"jobs": ["seven"]})).await.expect(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/jobs/0");
}

#[tokio::test]
async fn a_webhook_of_a_channel_without_keys_is_not_taken() {
    let world = World::new().await;
    let call = world.call("POST", "/hooks/shopee").without("authorization").without("idempotency-key");
    call.json(&json!({})).send().await.problem(404, "not_found");
}
