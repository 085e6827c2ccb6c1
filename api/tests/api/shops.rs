//! `/v1/shops`, `/v1/pushes` and `/v1/push-latency`.

use onhand_connector::Class;
use serde_json::{Value, json};

use crate::stall::Stall;

#[tokio::test]
async fn a_shop_is_asked_whether_it_answers() {
    let stall = Stall::open().await;
    let probe = async || {
        let call = stall.world.call("POST", "/v1/shops/stall-1/probe").without("idempotency-key");
        call.send().await.expect(200)
    };
    let well = probe().await;
    assert_eq!((&well["answered"], &well["failure"]), (&json!(true), &Value::Null), "{well}");
    assert!(well["shop"]["answered_at"].is_string());
    stall.market.refuses(Class::Server, "internal", None);
    let ill = probe().await;
    assert_eq!((&ill["answered"], &ill["failure"]["code"]), (&json!(false), &json!("internal")), "{ill}");
    stall.world.patch("/v1/shops/stall-1", json!({"paused": true})).await.expect(200);
    let paused = probe().await;
    assert_eq!((&paused["answered"], &paused["waits"][0]["reason"]), (&json!(false), &json!("shop_paused")));
    assert_eq!(paused["job_id"], Value::Null, "nobody was asked");
    let call = stall.world.call("POST", "/v1/shops/none/probe");
    call.send().await.problem(404, "not_found");
    stall.close().await;
}

#[tokio::test]
async fn a_known_shop_is_authorised_again_and_named() {
    let stall = Stall::open().await;
    stall.world.call("POST", "/v1/shops/stall-1/disconnect").send().await.expect(200);
    let text = stall.connect(json!({"shop": "stall-1"})).await;
    assert!(text.contains("Connected: Shop &lt;1&gt; (stall-1)."), "{text}");
    let shop = stall.world.get("/v1/shops/stall-1").await.expect(200);
    assert_eq!(shop["state"], "connected");
    assert_eq!(stall.list("/v1/shops").await.len(), 1);
    for (body, status) in [
        (json!({}), 422),
        (json!({"channel": "stall", "shop": "stall-1"}), 422),
        (json!({"channel": "none"}), 404),
        (json!({"shop": "none"}), 404),
    ] {
        stall.world.post("/v1/shops/connect", body).await.expect(status);
    }
    stall.close().await;
}

#[tokio::test]
async fn why_a_shop_is_disconnected_is_told_by_a_code() {
    let stall = Stall::open().await;
    let why = async || {
        let shop = stall.world.get("/v1/shops/stall-1").await.expect(200);
        ["state", "reason_code", "reason_error", "reason"].map(|member| shop[member].clone())
    };
    assert_eq!(json!(why().await), json!(["connected", null, null, null]));
    stall.world.call("POST", "/v1/shops/stall-1/disconnect").send().await.expect(200);
    assert_eq!(json!(why().await), json!(["disconnected", "by_person", null, "disconnected by a person"]));
    stall.connect(json!({"shop": "stall-1"})).await;
    assert_eq!(json!(why().await), json!(["connected", null, null, null]));
    // Also with a new token it is refused.
    stall.market.refuses(Class::Auth, "error_auth", None);
    let call = stall.world.call("POST", "/v1/shops/stall-1/probe").without("idempotency-key");
    call.send().await.expect(200);
    let refused = "error_auth: the test wants it so";
    assert_eq!(json!(why().await), json!(["disconnected", "grant_refused", "error_auth", refused]));
    stall.close().await;
}

/// Whoever signs in with another account is told, and no shop is made of it; unless that is what he asked for.
#[tokio::test]
async fn a_known_shop_is_not_authorised_with_another_account() {
    let stall = Stall::open().await;
    stall.world.call("POST", "/v1/shops/stall-1/disconnect").send().await.expect(200);
    stall.market.now().account = "2".into();
    let (status, text) = stall.consent(json!({"shop": "stall-1"})).await;
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("(stall-1) is the account 1, but the sign-in was for 2"), "{text}");
    assert_eq!(stall.list("/v1/shops").await.len(), 1);
    let shop = stall.world.get("/v1/shops/stall-1").await.expect(200);
    assert_eq!(shop["state"], "disconnected");
    stall.connect(json!({"channel": "stall"})).await;
    assert_eq!(stall.list("/v1/shops").await.len(), 2, "a new shop that was asked for");
    stall.close().await;
}

#[tokio::test]
async fn settings_of_a_shop_are_checked_field_by_field() {
    let stall = Stall::open().await;
    let shop = stall.world.get("/v1/shops/stall-1").await.expect(200);
    for (pointer, wrong) in [
        ("/settings/rule/percent", json!(101)),
        ("/settings/rule/buffer", json!(-1)),
        ("/settings/rule/zero_at", json!(-1)),
        ("/settings/rule/cap", json!(-1)),
        ("/settings/rule/last_units", json!(3)),
        ("/settings/hold_seconds", json!(0)),
        ("/settings/stale_after_seconds", json!(59)),
        ("/settings/location", json!("")),
    ] {
        let mut change = json!({"settings": shop["settings"]});
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        change.pointer_mut(parent).unwrap()[name] = wrong;
        let problem = stall.world.patch("/v1/shops/stall-1", change).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    let mut change = json!({"settings": shop["settings"]});
    change["settings"]["rule"]["buffer"] = json!(4);
    stall.world.patch("/v1/shops/stall-1", change).await.expect(200);
    stall.until("the buffer is told", async || stall.heard("push a 6") == 1).await;
    stall.close().await;
}

#[tokio::test]
async fn a_shop_is_told_everything_or_some_of_it_now() {
    let stall = Stall::open().await;
    let listing = stall.list("/v1/listings?mapped=true").await.remove(0);
    assert_eq!((&listing["sku"], &listing["should"]), (&json!("A"), &json!(10)));
    let before = stall.heard("read a");
    let push = || stall.world.call("POST", "/v1/shops/stall-1/push").key("now").send();
    let first = push().await;
    assert_eq!(first.expect(200)["changed"], true);
    stall.until("it is read back", async || stall.heard("read a") > before).await;
    let again = push().await;
    assert_eq!(again.bytes, first.bytes);
    let other = json!({"listings": [listing["id"].as_i64().unwrap() + 100]});
    assert_eq!(stall.world.post("/v1/shops/stall-1/push", other).await.expect(200)["changed"], false);
    stall.close().await;
}

#[tokio::test]
async fn pushes_are_shown_with_their_times() {
    let stall = Stall::open().await;
    let less = json!({"sku": "A", "quantity": -3, "reason": "correction"});
    stall.world.post("/v1/stock/adjust", less).await.expect(200);
    stall.until("it is told", async || stall.heard("push a 7") == 1).await;
    stall.until("it is kept", async || stall.list("/v1/pushes").await.len() == 2).await;
    let rows = stall.list("/v1/pushes?shop=stall-1&sku=A").await;
    assert_eq!((&rows[0]["from"], &rows[0]["to"]), (&json!(10), &json!(7)), "newest first");
    assert_eq!(rows[1]["to"], 10);
    let parts: i64 =
        ["wait_ms", "limit_ms", "network_ms"].map(|part| rows[0][part].as_i64().unwrap()).iter().sum();
    assert_eq!(rows[0]["total_ms"], parts);
    let page = stall.world.get("/v1/pushes?limit=1").await.expect(200);
    let next = format!("/v1/pushes?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(stall.list(&next).await[0], rows[1]);
    for empty in ["sku=none", "shop=none", "listing=999"] {
        assert!(stall.list(&format!("/v1/pushes?{empty}")).await.is_empty(), "{empty}");
    }
    let latency = stall.world.get("/v1/push-latency?shop=stall-1").await.expect(200);
    assert_eq!((&latency["all"]["count"], &latency["shops"][0]["shop"]), (&json!(2), &json!("stall-1")));
    assert_eq!(latency["recent"].as_array().unwrap(), &rows);
    let bars = latency["all"]["histogram"].as_array().unwrap();
    assert_eq!(bars.iter().map(|bar| bar["count"].as_i64().unwrap()).sum::<i64>(), 2);
    assert!(latency["all"]["total"]["p50_ms"].is_i64());
    stall.world.get("/v1/push-latency?shop=none").await.problem(404, "not_found");
    stall.world.get("/v1/push-latency?recent=201").await.problem(400, "invalid_parameter");
    stall.world.get("/v1/pushes?cursor=7b7d").await.problem(400, "invalid_parameter");
    stall.close().await;
}

#[tokio::test]
async fn a_rule_is_tried_and_nothing_is_told() {
    let stall = Stall::open().await;
    let preview = async |rule: Value| {
        let body = json!({"rule": rule});
        let call = stall.world.call("POST", "/v1/shops/stall-1/preview").without("idempotency-key");
        call.json(&body).send().await.expect(200)["data"].clone()
    };
    let rows = preview(json!({"basis": "available", "buffer": 3, "percent": 50})).await;
    assert_eq!((&rows[0]["sku"], &rows[0]["now"], &rows[0]["then"]), (&json!("A"), &json!(10), &json!(3)));
    let steps: Vec<&str> =
        rows[0]["steps"].as_array().unwrap().iter().map(|step| step["rule"].as_str().unwrap()).collect();
    assert_eq!(steps, ["basis", "buffer", "percent"], "{rows}");
    // Nobody mapped the other one, so that it is told nothing.
    assert_eq!(
        (&rows[1]["now"], &rows[1]["then"], rows.as_array().unwrap().len()),
        (&json!(null), &json!(null), 2)
    );
    let listing = format!("/v1/listings/{}", rows[0]["listing"]);
    let own = json!({"rule": {"basis": "available", "cap": 7}});
    stall.world.post(&format!("{listing}/rule"), own).await.expect(200);
    let rows = preview(json!({"basis": "available", "buffer": 9})).await;
    assert_eq!(
        (&rows[0]["own_rule"], &rows[0]["now"], &rows[0]["then"]),
        (&json!(true), &json!(7), &json!(7))
    );
    let shop = stall.world.get("/v1/shops/stall-1").await.expect(200);
    assert_eq!(shop["settings"]["rule"]["buffer"], 0, "a preview changes nothing");
    let page = json!({"rule": {"basis": "available"}, "limit": 1});
    let first = stall.world.post("/v1/shops/stall-1/preview", page).await.expect(200);
    assert_eq!((first["data"].as_array().unwrap().len(), &first["has_more"]), (1, &json!(true)));
    let wrong = json!({"rule": {"basis": "available", "percent": 101}});
    stall.world.post("/v1/shops/stall-1/preview", wrong).await.problem(422, "validation_failed");
    let none = json!({"rule": {"basis": "available"}});
    stall.world.post("/v1/shops/none/preview", none).await.problem(404, "not_found");
    stall.close().await;
}
