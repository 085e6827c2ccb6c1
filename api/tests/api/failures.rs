//! `/v1/failures`, and what keeps a job waiting.

use std::time::Duration;

use onhand_connector::Class;
use serde_json::{Value, json};

use crate::stall::Stall;

/// Three fetches that the marketplace found wrong in themselves.
async fn graveyard() -> Stall {
    let stall = Stall::open().await;
    stall.market.refuses(Class::Invalid, "param_error", None);
    for order in ["x", "y", "z"] {
        stall.hook("1", order, order).await.expect(200);
    }
    stall.until("they are dead", async || stall.list("/v1/failures/jobs").await.len() == 3).await;
    stall
}

async fn events(stall: &Stall, kind: &str) -> Vec<Value> {
    let mut rows = stall.list("/v1/events?limit=200").await;
    rows.retain(|event| event["type"] == kind);
    rows
}

#[tokio::test]
async fn b11_a_cause_is_counted_before_it_is_replayed_and_replayed_once() {
    let stall = graveyard().await;
    let causes = stall.list("/v1/failures").await;
    assert_eq!((&causes[0]["class"], &causes[0]["count"]), (&json!("invalid"), &json!(3)));
    let replay = "/v1/failures/replay";
    let counted = stall.world.post(replay, json!({"class": "invalid"})).await.expect(200);
    assert_eq!((&counted["dry_run"], &counted["count"]), (&json!(true), &json!(3)));
    let cause = json!([{"kind": "fetch_order", "class": "invalid", "code": "param_error", "count": 3}]);
    assert_eq!(counted["causes"], cause);
    let other = stall.world.post(replay, json!({"class": "server"})).await.expect(200);
    assert_eq!(other["count"], 0);
    stall.market.now().refuses = None;
    for order in ["x", "y", "z"] {
        stall.market.buys(order, &[("a", 1)]);
    }
    let really = json!({"all": true, "dry_run": false});
    let call = || stall.world.call("POST", replay).key("once").json(&really).send();
    let first = call().await;
    assert_eq!((&first.expect(200)["count"], &first.json()["more"]), (&json!(3), &json!(false)));
    stall.idle().await;
    assert_eq!(call().await.bytes, first.bytes);
    assert_eq!(stall.list("/v1/market-orders").await.len(), 3);
    assert_eq!(stall.list("/v1/failures").await, Vec::<Value>::new());
    let none = stall.world.post(replay, really.clone()).await.expect(200);
    assert_eq!(none["count"], 0, "each once, also with another key");
    stall.close().await;
}

#[tokio::test]
async fn what_is_given_up_is_told_with_its_reason_and_stays_to_be_seen() {
    let stall = graveyard().await;
    let discard = "/v1/failures/discard";
    let ids: Vec<Value> =
        stall.list("/v1/failures/jobs").await.into_iter().map(|mut job| job["id"].take()).collect();
    for (body, pointer) in [
        (json!({"jobs": ids}), "/reason"),
        (json!({"jobs": ids, "reason": " "}), "/reason"),
        (json!({"reason": "r"}), "/jobs"),
        (json!({"reason": "r", "jobs": ["seven"]}), "/jobs/0"),
        (json!({"reason": "r", "class": "none"}), "/class"),
        (json!({"reason": "r", "jobs": ids, "all": true}), "/jobs"),
    ] {
        let problem = stall.world.post(discard, body.clone()).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
    let dry = stall.world.post(discard, json!({"code": "param_error", "reason": "r"})).await.expect(200);
    assert_eq!((&dry["dry_run"], &dry["count"]), (&json!(true), &json!(3)));
    let one = json!({"jobs": [ids[0]], "reason": "a test order"});
    let call = || stall.world.call("POST", discard).key("one").json(&one).send();
    let first = call().await;
    assert_eq!((&first.expect(200)["count"], &first.json()["stale"]), (&json!(1), &json!([])));
    assert_eq!(call().await.bytes, first.bytes);
    let rest = json!({"kind": "fetch_order", "shop": "stall-1", "dry_run": false, "reason": "the rest"});
    let call = || stall.world.call("POST", discard).key("rest").json(&rest).send();
    let first = call().await;
    assert_eq!(first.expect(200)["count"], 2);
    assert_eq!(call().await.bytes, first.bytes, "though the cause has no jobs any more");
    let told = events(&stall, "job.discarded").await;
    assert_eq!(told.len(), 3);
    assert_eq!((&told[0]["data"]["job"], &told[0]["data"]["reason"]), (&ids[0], &json!("a test order")));
    let job = stall.world.get(&format!("/v1/jobs/{}", ids[0].as_str().unwrap())).await.expect(200);
    assert_eq!((&job["state"], &job["outcome"]), (&json!("discarded"), &json!("a test order")));
    let steps: Vec<&Value> = job["timeline"].as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(steps, ["job.died", "job.discarded"]);
    let again = stall.world.post("/v1/failures/replay", json!({"jobs": ids})).await.expect(200);
    assert_eq!(again["count"], 0, "given up for good");
    stall.close().await;
}

#[tokio::test]
async fn jobs_are_found_by_lane_state_and_kind() {
    let stall = graveyard().await;
    for (query, count) in [
        ("state=dead", 3),
        ("state=dead&kind=fetch_order&shop=stall-1", 3),
        ("state=dead&kind=push_stock", 0),
        ("lane=order_ingest", 0),
        ("lane=product_sync&kind=fetch_order", 0),
    ] {
        assert_eq!(stall.list(&format!("/v1/jobs?{query}")).await.len(), count, "{query}");
    }
    assert!(!stall.list("/v1/jobs?state=done").await.is_empty());
    for query in
        ["state=dead&lane=order_ingest", "state=done&kind=push_stock", "lane=none", "state=none", "x=1"]
    {
        stall.world.get(&format!("/v1/jobs?{query}")).await.problem(400, "invalid_parameter");
    }
    stall.close().await;
}

#[tokio::test]
async fn a_paused_kind_waits_and_says_so() {
    let stall = Stall::open().await;
    let kind = "/v1/job-kinds/fetch_order";
    stall.world.patch(kind, json!({"paused": true, "reason": "stocktaking"})).await.expect(200);
    // What other replicas change is seen after a moment; the same process sees it at the next look.
    stall.market.buys("R", &[("a", 1)]);
    stall.hook("1", "n", "R").await.expect(200);
    let jobs = stall.list("/v1/jobs?lane=order_ingest&state=ready").await;
    let Some(job) = jobs.first() else {
        panic!("it ran although its kind is paused: {:?}", stall.words());
    };
    let seen = stall.world.get(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(seen["waits"][0]["reason"], "kind_paused");
    assert!(seen["waits"][0]["text"].as_str().unwrap().contains("stocktaking"));
    let lanes = stall.list("/v1/queues").await;
    let lane = lanes.iter().find(|lane| lane["queue"] == "order_ingest").unwrap();
    assert_eq!((&lane["ready"], &lane["running"], &lane["paused"]), (&json!(1), &json!(0), &json!(false)));
    let paused = lane["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "fetch_order").unwrap();
    assert_eq!((&paused["paused"], &paused["paused_reason"]), (&json!(true), &json!("stocktaking")));
    stall.world.patch(kind, json!({"paused": false})).await.expect(200);
    stall.idle().await;
    assert_eq!(stall.heard("orders R"), 1);
    let lanes = stall.list("/v1/queues").await;
    assert!(lanes.iter().any(|lane| lane["ended_last_minute"].as_u64().unwrap() > 0), "{lanes:?}");
    stall.world.patch("/v1/job-kinds/none", json!({"paused": true})).await.problem(404, "not_found");
    stall.world.patch(kind, json!({})).await.problem(422, "validation_failed");
    stall.world.get("/v1/queues?x=1").await.problem(400, "invalid_parameter");
    stall.close().await;
}

#[tokio::test]
async fn a_job_that_backs_off_says_why_and_how_often() {
    let stall = Stall::open().await;
    // The throttled one last: it keeps the others back.
    for (class, code, after, words) in [
        (Class::Server, "internal", None, ["server (internal), again in", "try 2 of 4"]),
        (
            Class::RateLimited,
            "429",
            Some(Duration::from_secs(8)),
            ["rate_limited (429), again in", "1 in a row"],
        ),
    ] {
        stall.market.refuses(class, code, after);
        stall.hook("1", code, code).await.expect(200);
        let mut last = Value::Null;
        stall
            .until("it waits", async || {
                let jobs = stall.list("/v1/jobs?lane=order_ingest&state=ready").await;
                let Some(job) = jobs.iter().find(|job| job["body"]["reference"] == code) else {
                    return false;
                };
                last =
                    stall.world.get(&format!("/v1/jobs/{}", job["id"].as_str().unwrap())).await.expect(200);
                last["waits"].as_array().unwrap().iter().any(|wait| wait["reason"] == "back_off")
            })
            .await;
        let waits = last["waits"].as_array().unwrap();
        let wait = waits.iter().find(|wait| wait["reason"] == "back_off").unwrap();
        let text = wait["text"].as_str().unwrap();
        assert!(words.iter().all(|words| text.contains(words)), "{text}");
        assert!(wait["until"].is_string());
    }
    stall.close().await;
}
