//! `/v1/overview`, and what the console's lists ask for beside it.

use onhand_connector::Class;
use serde_json::json;

use crate::stall::Stall;
use crate::world::World;

#[tokio::test]
async fn the_overview_says_whether_it_is_all_right() {
    let stall = Stall::open().await;
    stall.idle().await;
    let look = async || stall.world.get("/v1/overview").await.expect(200);
    let well = look().await;
    assert_eq!((&well["well"], &well["shops"]["well"]), (&json!(true), &json!(1)), "{well}");
    assert_eq!((&well["unmapped"]["count"], &well["untold"]["listings"]), (&json!(1), &json!(0)));
    assert!(well["latency"]["p99_ms"].is_i64() && well["pushes"] == 1, "{well}");
    stall.market.refuses(Class::Invalid, "wrong", None);
    stall.hook("1", "n", "x").await.expect(200);
    stall.until("it is dead", async || look().await["queue"]["dead"] == 1).await;
    let ill = look().await;
    assert_eq!((&ill["well"], &ill["attention"]["by_kind"]["retries_exhausted"]), (&json!(false), &json!(1)));
    somebody_cares(&stall.world, "retries_exhausted").await;
    stall.world.patch("/v1/shops/stall-1", json!({"paused": true})).await.expect(200);
    assert_eq!(look().await["shops"]["paused"], 1);
    stall.world.call("POST", "/v1/shops/stall-1/disconnect").send().await.expect(200);
    assert_eq!(look().await["shops"]["disconnected"], 1);
    stall.world.get("/v1/overview?x=1").await.problem(400, "invalid_parameter");
    stall.close().await;
}

/// The notice of this kind is taken on, put off, and settled.
async fn somebody_cares(world: &World, kind: &str) {
    let notice = async || {
        let page = world.get("/v1/notices").await.expect(200);
        let of_kind = |row: &&serde_json::Value| row["kind"] == kind;
        page["data"].as_array().unwrap().iter().find(of_kind).expect("a notice").clone()
    };
    let counted = async || world.get("/v1/overview").await.expect(200)["attention"]["by_kind"][kind].clone();
    let path = format!("/v1/notices/{}", notice().await["key"].as_str().unwrap().replace('/', "%2F"));
    world.patch(&path, json!({"assignee": "mei@shop.example", "snooze_seconds": 60})).await.expect(200);
    assert_eq!((counted().await, &notice().await["open"]), (json!(null), &json!(true)), "out of sight");
    world.patch(&path, json!({"snooze_seconds": 0})).await.expect(200);
    assert_eq!(counted().await, 1);
    for (body, pointer) in
        [(json!({"resolved": true}), "/note"), (json!({"snooze_seconds": 2_592_001}), "/snooze_seconds")]
    {
        let problem = world.patch(&path, body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    world.patch("/v1/notices/drift:none", json!({"note": "x"})).await.problem(404, "not_found");
    world.patch(&path, json!({"resolved": true, "note": "replayed by hand"})).await.expect(200);
    let settled = notice().await;
    assert_eq!((&settled["open"], &settled["note"]), (&json!(false), &json!("replayed by hand")));
    assert_eq!(settled["assignee"], "mei@shop.example");
}

#[tokio::test]
async fn stock_is_listed_with_names_from_a_code_on_or_by_its_beginning() {
    let world = World::new().await;
    for code in ["A-1", "A-2", "AB", "B-1"] {
        world.post("/v1/skus", json!({"sku": code, "name": format!("Thing {code}")})).await.expect(201);
        let body = json!({"sku": code, "quantity": 1, "reason": "received"});
        world.post("/v1/stock/adjust", body).await.expect(200);
    }
    let codes = async |query: &str| {
        let body = world.get(&format!("/v1/stock?{query}")).await.expect(200);
        let rows = body["data"].as_array().unwrap().clone();
        let codes = rows.iter().map(|row| row["sku"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (codes, body["has_more"].as_bool().unwrap(), body["next_cursor"].as_str().map(str::to_owned), rows)
    };
    assert_eq!(codes("prefix=A-").await.0, ["A-1", "A-2"]);
    assert_eq!(codes("from=A-2").await.0, ["A-2", "AB", "B-1"]);
    assert_eq!(codes("from=A-2&prefix=A").await.0, ["A-2", "AB"]);
    assert_eq!(codes("prefix=C").await.0, Vec::<String>::new());
    let (first, more, cursor, rows) = codes("prefix=A&limit=2").await;
    assert_eq!((first.len(), more, &rows[0]["name"]), (2, true, &json!("Thing A-1")));
    let (rest, more, ..) = codes(&format!("prefix=A&limit=2&cursor={}", cursor.unwrap())).await;
    assert_eq!((rest, more), (vec!["AB".to_owned()], false), "the page ends with the prefix");
    world.get("/v1/stock?prefix=%00").await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn events_are_listed_by_what_they_are_about() {
    let world = World::new().await;
    world.stocked("A", 3).await;
    world.stocked("B", 3).await;
    let body = world.get("/v1/events?subject=A").await.expect(200);
    let rows = body["data"].as_array().unwrap();
    assert!(rows.len() >= 2 && rows.iter().all(|event| event["data"]["sku"] == "A"), "{body}");
    let next = format!("/v1/events?subject=A&after={}", body["next_cursor"].as_str().unwrap());
    assert_eq!(world.get(&next).await.expect(200)["data"], json!([]));
    world.get("/v1/events?subject=A&wait_s=1").await.problem(400, "invalid_parameter");
    world.get("/v1/events?subject=%00").await.problem(400, "invalid_parameter");
}
