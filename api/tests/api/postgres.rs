//! The core once more over PostgreSQL.

use std::sync::Arc;

use futures_util::future::join_all;
use onhand_api::Settings;
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{Durability, Postgres};
use serde_json::json;

use crate::world::World;

async fn world(url: &str) -> World {
    let mut options = Options::new(url);
    options.unsafe_durability = true;
    World::over(Arc::new(PostgresStore::connect(options).await.unwrap()), Settings::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_core_works_over_postgres() {
    let server = Postgres::shared(Durability::Fast).unwrap();
    let database = server.fresh_database().unwrap();
    let mut world = world(database.url()).await;
    world.stocked("A'; drop table stock;--", 10).await;
    world.stocked("A", 10).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 2}], "reference": "R"});
    let answers =
        join_all((0..20).map(|_| world.call("POST", "/v1/orders").key("one").json(&order).send())).await;
    assert!(answers.iter().all(|answer| answer.status.as_u16() == 201 && answer.bytes == answers[0].bytes));
    let path = answers[0].header("location").unwrap().to_owned();
    world.call("POST", &format!("{path}/confirm")).send().await.expect(200);
    world.call("POST", &format!("{path}/ship")).send().await.expect(200);
    assert_eq!(world.figures("A").await, [8, 0, 0, 0, 8]);
    let too_many = json!({"lines": [{"sku": "A", "quantity": 9}]});
    world.post("/v1/orders", too_many).await.problem(409, "insufficient_stock");
    let list = world.get("/v1/orders?state=shipped&limit=1").await.expect(200);
    assert_eq!(list["data"][0]["reference"], "R");
    let why = world.get("/v1/stock/A/main/explain").await.expect(200);
    assert_eq!(why["checks"]["sum_of_rows_equals"], true);
    let events = world.get("/v1/events?limit=200").await.expect(200);
    let numbers: Vec<i64> =
        events["data"].as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=i64::try_from(numbers.len()).unwrap()).collect::<Vec<_>>());
    for path in [
        "/v1/skus/a%00b",
        "/v1/stock?sku=%00",
        "/v1/stock?prefix=%00",
        "/v1/skus?prefix=%00",
        "/v1/operations/%00",
        "/v1/shops/%00",
        "/v1/jobs?shop=%00",
        "/v1/failures/jobs?code=%00",
        "/v1/listings?seller_sku=%00",
        "/v1/market-orders/1-%00",
        "/v1/events?subject=%00",
    ] {
        let status = world.get(path).await.status;
        assert!(!status.is_server_error(), "{path}: {status}");
    }
    world.assert_clean().await;
    world.stop().await;
}

/// Two servers over one database start at once: one of them makes the first key.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_first_key_is_made_once_and_events_of_another_replica_arrive() {
    let server = Postgres::shared(Durability::Fast).unwrap();
    let database = server.fresh_database().unwrap();
    let (mut one, mut two) = tokio::join!(world(database.url()), world(database.url()));
    assert!(one.admin.is_empty() != two.admin.is_empty(), "exactly one has the first key");
    let admin = if one.admin.is_empty() { two.admin.clone() } else { one.admin.clone() };
    (one.admin, two.admin) = (admin.clone(), admin);
    one.stocked("A", 1).await;
    let head = one.engine.reads().feed_head().await.unwrap();
    let path = format!("/v1/events?after={head}&wait_s=30");
    let adjust = json!({"sku": "A", "quantity": 1, "reason": "received"});
    let (woken, changed) = tokio::join!(two.get(&path), one.post("/v1/stock/adjust", adjust));
    changed.expect(200);
    assert_eq!(woken.expect(200)["data"][0]["number"].as_i64(), Some(head + 1));
    one.stop().await;
    two.stop().await;
}
