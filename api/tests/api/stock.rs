//! `/v1/stock`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn f12_stock_never_falls_below_zero_or_below_what_is_promised() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let adjust = |quantity: i64| {
        world.post("/v1/stock/adjust", json!({"sku": "A", "quantity": quantity, "reason": "correction"}))
    };
    let problem = adjust(-6).await.problem(409, "insufficient_stock");
    assert_eq!(problem["errors"][0]["pointer"], "/quantity");
    world.post("/v1/orders", json!({"lines": [{"sku": "A", "quantity": 3}]})).await.expect(201);
    adjust(-3).await.problem(409, "insufficient_stock");
    adjust(-2).await.expect(200);
    assert_eq!(world.figures("A").await, [3, 3, 0, 0, 0]);
    let count = json!({"sku": "A", "counted": -1});
    let problem = world.post("/v1/stock/count", count).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/counted");
    // Ten times as many, or a tenth, is asked about: the hand may have slipped.
    world
        .post("/v1/stock/adjust", json!({"sku": "A", "quantity": 107, "reason": "received"}))
        .await
        .expect(200);
    for slipped in [1_100, 11] {
        let problem = world
            .post("/v1/stock/count", json!({"sku": "A", "counted": slipped}))
            .await
            .problem(409, "unlikely_count");
        assert_eq!(problem["errors"][0]["pointer"], "/counted");
    }
    assert_eq!(world.figures("A").await, [110, 3, 0, 0, 107]);
    let sure = json!({"sku": "A", "counted": 1_100, "confirmed": true});
    world.post("/v1/stock/count", sure).await.expect(200);
    let sure = json!({"mode": "atomic", "items": [{"action": "count", "sku": "A", "counted": 3, "confirmed": true}]});
    world.post("/v1/stock/bulk", sure).await.expect(200);
    assert_eq!(world.figures("A").await, [3, 3, 0, 0, 0]);
    // A count is a fact, also when less is there than was promised.
    let counted = world.post("/v1/stock/count", json!({"sku": "A", "counted": 1})).await.expect(200);
    assert_eq!(counted["available"], -2);
    let short = world.get("/v1/shortfalls").await.expect(200);
    assert_eq!(short["data"][0]["sku"], "A");
    world.assert_clean().await;
}

#[tokio::test]
async fn f11_two_editors_never_overwrite_each_other() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let set = |body: serde_json::Value| world.post("/v1/stock/set", body);
    set(json!({"sku": "A", "on_hand": 9})).await.problem(428, "precondition_required");
    set(json!({"sku": "A", "on_hand": 9, "expected": 5})).await.expect(200);
    let problem = set(json!({"sku": "A", "on_hand": 4, "expected": 5})).await.problem(412, "stale_expected");
    assert_eq!(problem["errors"][0]["pointer"], "/expected");
    let row = world.get("/v1/stock/A/main").await;
    let etag = row.header("etag").unwrap().to_owned();
    let by_version = || {
        let body = json!({"sku": "A", "on_hand": 7});
        world.call("POST", "/v1/stock/set").header("if-match", &etag).json(&body).send()
    };
    by_version().await.expect(200);
    by_version().await.problem(412, "stale_version");
    assert_eq!(world.figures("A").await[0], 7);
    // Whoever names both is held to both.
    let etag = world.get("/v1/stock/A/main").await.header("etag").unwrap().to_owned();
    for (version, expected, code) in [("\"v1\"", 7, "stale_version"), (etag.as_str(), 6, "stale_expected")] {
        let body = json!({"sku": "A", "on_hand": 1, "expected": expected});
        let call = world.call("POST", "/v1/stock/set").header("if-match", version).json(&body);
        call.send().await.problem(412, code);
    }
    assert_eq!(world.figures("A").await[0], 7);
}

/// `If-Match` is compared by every change of one row, and refused where nothing is compared.
#[tokio::test]
async fn f11_a_version_is_compared_or_refused() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    world.post("/v1/locations", json!({"location": "two"})).await.expect(201);
    let changes = [
        ("adjust", json!({"sku": "A", "quantity": 1, "reason": "received"})),
        ("count", json!({"sku": "A", "counted": 6})),
        ("move", json!({"sku": "A", "quantity": 1, "from": {}, "to": {"location": "two"}})),
        ("move", json!({"sku": "A", "quantity": 1, "from": {}, "to": {"state": "unavailable"}})),
        ("set", json!({"sku": "A", "on_hand": 9})),
    ];
    for (word, body) in changes {
        let row = world.get("/v1/stock/A/main").await;
        let (etag, before) = (row.header("etag").unwrap().to_owned(), world.figures("A").await);
        let by = |version: &str| {
            world.call("POST", &format!("/v1/stock/{word}")).header("if-match", version).json(&body).send()
        };
        by("\"v0\"").await.problem(412, "stale_version");
        assert_eq!(world.figures("A").await, before, "{word} {body}");
        by(&etag).await.expect(200);
        by(&etag).await.problem(412, "stale_version");
        // It asks for nothing, and `set` must ask for something.
        by("*").await.expect(if word == "set" { 428 } else { 200 });
    }
    let bulk = json!({"mode": "atomic", "items": [{"action": "count", "sku": "A", "counted": 9}]});
    let call = world.call("POST", "/v1/stock/bulk").header("if-match", "\"v0\"").json(&bulk);
    let problem = call.send().await.problem(400, "invalid_header");
    assert!(problem["detail"].as_str().unwrap().contains("If-Match"), "{problem}");
    world.assert_clean().await;
}

#[tokio::test]
async fn units_move_between_locations_and_states() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    world.post("/v1/locations", json!({"location": "two"})).await.expect(201);
    let moves = |body: serde_json::Value| world.post("/v1/stock/move", body);
    let moved =
        moves(json!({"sku": "A", "quantity": 2, "from": {}, "to": {"location": "two"}})).await.expect(200);
    assert_eq!((moved["on_hand"].as_i64(), moved["to"]["on_hand"].as_i64()), (Some(3), Some(2)));
    let aside = moves(json!({"sku": "A", "quantity": 1, "from": {}, "to": {"state": "unavailable"}}))
        .await
        .expect(200);
    assert_eq!(aside["unavailable"], 1);
    moves(json!({"sku": "A", "quantity": 1, "from": {"state": "unavailable"}, "to": {}})).await.expect(200);
    assert_eq!(world.figures("A").await, [3, 0, 0, 0, 3]);
    moves(json!({"sku": "A", "quantity": 1, "from": {}, "to": {}})).await.problem(422, "validation_failed");
    moves(json!({"sku": "A", "quantity": 9, "from": {}, "to": {"location": "two"}}))
        .await
        .problem(409, "insufficient_stock");
    let total = world.get("/v1/stock/A").await.expect(200);
    assert_eq!((total["available"].as_i64(), total["locations"].as_array().unwrap().len()), (Some(5), 2));
    world.assert_clean().await;
}

#[tokio::test]
async fn a_bulk_is_atomic_or_independent_and_can_be_repeated() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    world.stocked("B", 5).await;
    let items = json!([
        {"action": "adjust", "sku": "A", "quantity": 1, "reason": "received"},
        {"action": "set", "sku": "B", "on_hand": 3, "expected": 4},
        {"action": "count", "sku": "A", "counted": 9},
    ]);
    let bulk = |mode: &str, key: &str| {
        let body = json!({"mode": mode, "items": items});
        world.call("POST", "/v1/stock/bulk").key(key).json(&body).send()
    };
    let problem = bulk("atomic", "a").await.problem(412, "stale_expected");
    assert_eq!(problem["errors"][0]["pointer"], "/items/1/expected");
    assert_eq!(world.figures("A").await[0], 5);
    let first = bulk("independent", "b").await;
    let body = first.expect(200);
    let statuses: Vec<_> =
        body["results"].as_array().unwrap().iter().map(|r| r["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [200, 412, 200]);
    assert_eq!(first.bytes, bulk("independent", "b").await.bytes);
    assert_eq!(world.figures("A").await[0], 9);

    let bad = json!({"mode": "atomic", "items": [
        {"action": "adjust", "sku": "A", "quantity": 1, "reason": "received"},
        {"action": "adjust", "sku": "A", "quantity": 0, "reason": "received"},
    ]});
    let problem = world.post("/v1/stock/bulk", bad).await.problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/items/1/quantity");
    let good = json!({"mode": "atomic", "items": [
        {"action": "adjust", "sku": "A", "quantity": 1, "reason": "received"},
        {"action": "adjust", "sku": "B", "quantity": -1, "reason": "damaged"},
    ]});
    let call = || world.call("POST", "/v1/stock/bulk").key("c").json(&good).send();
    let done = call().await;
    assert_eq!(done.expect(200)["results"][1]["body"]["on_hand"], 4);
    assert_eq!(done.bytes, call().await.bytes);
    world.assert_clean().await;
}

#[tokio::test]
async fn a_number_can_be_explained() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 3}], "reference": "R"});
    world.post("/v1/orders", order).await.expect(201);
    let order = json!({"lines": [{"sku": "A", "quantity": 2}], "confirm": true});
    world.post("/v1/orders", order).await.expect(201);
    let why = world.get("/v1/stock/A/main/explain").await.expect(200);
    assert_eq!(why["available"], 5);
    let value = |index: usize| why["terms"][index]["value"].as_i64().unwrap();
    assert_eq!(why["available"].as_i64().unwrap(), value(0) - value(1) - value(2) - value(3));
    assert_eq!(why["terms"][1]["rows"][0]["reference"], "R");
    assert_eq!(why["terms"][1]["rows"][0]["units"], 3);
    assert_eq!(why["terms"][2]["rows"][0]["units"], 2);
    assert_eq!(why["checks"]["sum_of_rows_equals"], true);
    for term in why["terms"].as_array().unwrap() {
        world.get(term["movements_url"].as_str().unwrap()).await.expect(200);
    }
    let url = why["terms"][1]["rows"][0]["url"].as_str().unwrap();
    assert_eq!(world.get(url).await.expect(200)["reference"], "R");

    let holders = world.get("/v1/stock/A/main/holders?limit=1").await.expect(200);
    let next = format!("/v1/stock/A/main/holders?cursor={}", holders["next_cursor"].as_str().unwrap());
    let rest = world.get(&next).await.expect(200);
    assert_eq!(rest["data"].as_array().unwrap().len(), 1);
    assert_ne!(rest["data"][0]["order_id"], holders["data"][0]["order_id"]);
}

/// A hot SKU: what happened before many sales is still told, and found by its term.
#[tokio::test]
async fn a_term_has_its_movements_however_many_others_came_after() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let aside =
        json!({"sku": "A", "quantity": 2, "from": {}, "to": {"state": "unavailable"}, "note": "broken"});
    world.post("/v1/stock/move", aside).await.expect(200);
    let order = json!({"lines": [{"sku": "A", "quantity": 1}]});
    for _ in 0..40 {
        let placed = world.post("/v1/orders", order.clone()).await.expect(201);
        let cancel = format!("/v1/orders/{}/cancel", placed["id"].as_str().unwrap());
        world.call("POST", &cancel).send().await.expect(200);
    }
    let why = world.get("/v1/stock/A/main/explain").await.expect(200);
    let terms = why["terms"].as_array().unwrap();
    for (index, kind, rows) in [(0, "receive", 1), (1, "release", 5), (2, "", 0), (3, "restate", 1)] {
        let recent = terms[index]["recent"].as_array().unwrap();
        assert_eq!(recent.len(), rows, "{}", terms[index]);
        assert!(recent.first().is_none_or(|row| row["kind"] == kind), "{}", terms[index]);
        // The link has the same and no others, page by page.
        let url = terms[index]["movements_url"].as_str().unwrap();
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = world.get(&format!("{url}&limit=50{cursor}")).await.expect(200);
            found.extend(page["data"].as_array().unwrap().clone());
            if page["has_more"] == false {
                break;
            }
            cursor = format!("&cursor={}", page["next_cursor"].as_str().unwrap());
        }
        let term = terms[index]["term"].as_str().unwrap();
        assert!(found.iter().all(|row| row["delta"][term] != 0), "{term}: {found:?}");
        assert_eq!(found.len(), if index == 1 { 80 } else { rows }, "{term}");
    }
    world.get("/v1/stock/A/main/movements?changed=available").await.problem(400, "invalid_parameter");
}

#[tokio::test]
async fn the_past_can_be_read() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let first = world.get("/v1/stock/A/main").await.expect(200);
    let at = first["changed_at"].as_str().unwrap().to_owned();
    // The clock of the ledger must have moved on, or both changes happened at the same instant.
    let (mut now, mut total) = (at.clone(), 10);
    while now == at {
        let body = json!({"sku": "A", "quantity": 1, "reason": "received"});
        now = world.post("/v1/stock/adjust", body).await.expect(200)["at"].as_str().unwrap().to_owned();
        total += 1;
    }
    let past = world.get("/v1/stock/A/main?as_of=2020-01-01T00:00:00Z").await.expect(200);
    assert_eq!((past["on_hand"].as_i64(), past["version"].as_i64()), (Some(0), Some(0)));
    let present = world.get(&format!("/v1/stock/A/main?as_of={now}")).await.expect(200);
    assert_eq!(present["on_hand"].as_i64(), Some(total));
    let before = world.get(&format!("/v1/stock/A/main?as_of={at}")).await.expect(200);
    assert_eq!(before["on_hand"].as_i64(), Some(total - 1));
    world.get("/v1/stock/A/main?as_of=yesterday").await.problem(400, "invalid_parameter");
    // Over all locations too.
    world.post("/v1/locations", json!({"location": "two"})).await.expect(201);
    let there = json!({"sku": "A", "location": "two", "quantity": 4, "reason": "received"});
    world.post("/v1/stock/adjust", there).await.expect(200);
    let sum = async |at: &str| {
        let read = world.get(&format!("/v1/stock/A?as_of={at}")).await.expect(200);
        assert!(read["as_of"].is_string(), "{read}");
        (read["on_hand"].as_i64().unwrap(), read["locations"][0]["on_hand"].as_i64().unwrap())
    };
    assert_eq!(sum("2020-01-01T00:00:00Z").await, (0, 0));
    assert_eq!(sum(&at).await, (total - 1, total - 1));
    assert_eq!(world.get("/v1/stock/A").await.expect(200)["on_hand"], total + 4);
    world.get("/v1/stock/A?as_of=yesterday").await.problem(400, "invalid_parameter");
    let pack = json!({"sku": "PACK", "components": [{"sku": "A", "quantity": 2}]});
    world.post("/v1/skus", pack).await.expect(201);
    let problem = world.get(&format!("/v1/stock/PACK?as_of={at}")).await.problem(400, "invalid_parameter");
    assert!(problem["detail"].as_str().unwrap().contains("as_of"), "{problem}");
}
