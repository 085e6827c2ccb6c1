//! `/v1/events`: pages, long poll, stream.

use std::time::Duration;

use onhand_api::Settings;
use onhand_engine::Request;
use onhand_rules::commands::RevokeApiKey;
use serde_json::{Value, json};

use crate::world::World;

async fn adjust(world: &World) -> Value {
    let body = json!({"sku": "A", "quantity": 1, "reason": "received"});
    world.post("/v1/stock/adjust", body).await.expect(200)
}

#[tokio::test]
async fn the_feed_has_every_event_in_order_without_gaps() {
    let world = World::new().await;
    world.stocked("A", 10).await;
    let call = world.call("POST", "/v1/orders").json(&json!({"lines": [{"sku": "A", "quantity": 1}]}));
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let placed = call.header("traceparent", trace).send().await;
    placed.expect(201);
    let (mut after, mut events) = (0, Vec::new());
    loop {
        let page = world.get(&format!("/v1/events?limit=2&after={after}")).await.expect(200);
        events.extend(page["data"].as_array().unwrap().clone());
        after = page["next_cursor"].as_str().unwrap().parse::<i64>().unwrap();
        if page["has_more"] == false {
            break;
        }
    }
    let numbers: Vec<i64> = events.iter().map(|event| event["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=i64::try_from(events.len()).unwrap()).collect::<Vec<_>>());
    let order = events.iter().find(|event| event["type"] == "order.placed").unwrap();
    assert_eq!(order["data"]["order_id"], placed.json()["id"]);
    assert_eq!(order["operation_id"].as_str(), placed.header("operation-id"));
    assert_eq!(order["traceparent"], trace);
    assert_eq!(order["request_id"].as_str(), placed.header("x-request-id"));
    // Without a trace of the caller's, and with an id of his own.
    let call = world.call("POST", "/v1/orders").json(&json!({"lines": [{"sku": "A", "quantity": 1}]}));
    let named = call.header("x-request-id", "till-7").send().await.expect(201);
    let path = format!("/v1/orders/{}/events", named["id"].as_str().unwrap());
    let event = &world.get(&path).await.expect(200)["data"][0];
    assert_eq!((event["request_id"].as_str(), event.get("traceparent")), (Some("till-7"), None));
    assert!(order["data"]["expires_at"].as_str().unwrap().ends_with('Z'));
    let text = serde_json::to_string(&events).unwrap();
    assert!(!text.contains("ohk_"), "no secret in the feed");
}

fn numbers(page: &Value) -> Vec<i64> {
    page["data"].as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()).collect()
}

/// Numbers of all pages, as `next_cursor` leads through them.
async fn walked(world: &World, query: &str, goes_on_by: &str) -> Vec<i64> {
    let (mut found, mut place) = (Vec::new(), String::new());
    loop {
        let page = world.get(&format!("/v1/events?limit=2&{query}{place}")).await.expect(200);
        found.extend(numbers(&page));
        if page["has_more"] == false {
            return found;
        }
        place = format!("&{goes_on_by}={}", page["next_cursor"].as_str().unwrap());
    }
}

#[tokio::test]
async fn the_feed_is_read_in_both_directions_and_by_type() {
    let world = World::new().await;
    for code in ["A", "B", "C"] {
        world.stocked(code, 10).await;
    }
    let all = world.get("/v1/events?limit=200").await.expect(200);
    let of_type = |kind: &str| -> Vec<i64> {
        let rows = all["data"].as_array().unwrap().iter().filter(|event| event["type"] == kind);
        rows.map(|event| event["number"].as_i64().unwrap()).collect()
    };
    let skus = of_type("sku.changed");
    assert_eq!(skus.len(), 3, "{all}");
    let back = |mut numbers: Vec<i64>| {
        numbers.reverse();
        numbers
    };
    assert_eq!(walked(&world, "order=oldest", "after").await, numbers(&all));
    assert_eq!(walked(&world, "order=newest", "before").await, back(numbers(&all)));
    assert_eq!(walked(&world, "type=sku.changed", "after").await, skus);
    assert_eq!(walked(&world, "type=sku.changed&order=newest", "before").await, back(skus.clone()));
    assert_eq!(walked(&world, "type=sku.changed&subject=B", "after").await, skus[1..2]);
    assert_eq!(walked(&world, "type=sku.changed&subject=B&order=newest", "before").await, skus[1..2]);
    let about = walked(&world, "subject=B", "after").await;
    assert!(about.len() >= 2);
    assert_eq!(walked(&world, "subject=B&order=newest", "before").await, back(about));
    assert_eq!(walked(&world, "type=user.changed&order=newest", "before").await, Vec::<i64>::new());
    // Newest first there is an end; oldest first there is always more to come.
    let end = world.get("/v1/events?type=sku.changed&order=newest&limit=3").await.expect(200);
    assert_eq!((&end["has_more"], &end["next_cursor"]), (&json!(false), &Value::Null));
    let end = world.get("/v1/events?type=sku.changed").await.expect(200);
    assert_eq!(end["next_cursor"], skus[2].to_string());
    // What happens between two pages is on neither of them.
    let first = world.get("/v1/events?order=newest&limit=2").await.expect(200);
    adjust(&world).await;
    let next = format!("/v1/events?order=newest&limit=2&before={}", first["next_cursor"].as_str().unwrap());
    let second = world.get(&next).await.expect(200);
    let both: Vec<i64> = numbers(&first).into_iter().chain(numbers(&second)).collect();
    assert_eq!(both, back(numbers(&all))[..4]);
}

#[tokio::test]
async fn what_the_feed_cannot_be_asked_for_is_said() {
    let world = World::new().await;
    world.stocked("A", 1).await;
    let head = world.engine.reads().feed_head().await.unwrap();
    for (query, detail) in [
        (
            "type=listing.mapped",
            "type must be one of stock.shortfall, stock.shortfall_cleared, sku.changed, ",
        ),
        ("type=", "type must be one of"),
        ("type=stock.changed", "events of type stock.changed are too many"),
        ("type=audit.recorded", "events of type audit.recorded are too many"),
        ("order=desc", "`oldest`"),
        ("order=newest&after=1", "after does not go with order=newest"),
        ("before=5", "before belongs to order=newest"),
        ("order=newest&before=-1", "before must not be negative"),
        ("after=-1", "after must not be negative"),
        ("mapping=true", "mapping belongs to type=listing.changed"),
        ("mapping=true&type=shop.changed", "mapping belongs to type=listing.changed"),
        ("type=sku.changed&wait_s=1", "wait_s waits for any event"),
        ("order=newest&wait_s=1", "wait_s waits for any event"),
        ("subject=A&wait_s=1", "wait_s waits for any event"),
        ("order=newest&limit=201", "limit must be from 1 to 200"),
    ] {
        let problem = world.get(&format!("/v1/events?{query}")).await.problem(400, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{query}: {problem}");
    }
    // A number that this feed never had is no place to go on from, whatever is asked for.
    let beyond = format!("/v1/events?type=user.changed&after={}", head + 1);
    world.get(&beyond).await.problem(400, "invalid_parameter");
    world.get(&format!("/v1/events?type=user.changed&after={head}")).await.expect(200);
    world.get("/v1/events?mapping=false&wait_s=0&order=oldest").await.expect(200);
}

/// Whoever may read the feed and not the audit log does not find the log by its subject or backwards, either.
#[tokio::test]
async fn the_audit_log_is_not_read_by_the_back_door() {
    let world = World::new().await;
    world.stocked("A", 1).await;
    let (_, secret) = world.make_key(&["events:read"]).await;
    let seen = async |secret: &str, query: &str| {
        let path = format!("/v1/events?limit=200&{query}");
        let page = world
            .call("GET", &path)
            .header("authorization", &format!("Bearer {secret}"))
            .send()
            .await
            .expect(200);
        let rows = page["data"].as_array().unwrap();
        rows.iter().filter(|event| event["type"] == "audit.recorded").count()
    };
    for query in ["after=0", "order=newest", "subject=audit:0", "subject=audit:0&order=newest"] {
        assert!(seen(&world.admin, query).await > 0, "{query}");
        assert_eq!(seen(&secret, query).await, 0, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_is_woken_by_the_next_event() {
    let world = std::sync::Arc::new(World::new().await);
    world.stocked("A", 1).await;
    let head = world.engine.reads().feed_head().await.unwrap();
    let waiting = tokio::spawn({
        let world = world.clone();
        async move { world.get(&format!("/v1/events?after={head}&wait_s=30")).await }
    });
    // Whether the poll comes before or after the change, it must be answered by it; and not by the end of the wait.
    let started = std::time::Instant::now();
    adjust(&world).await;
    let page = waiting.await.unwrap().expect(200);
    assert_eq!(page["data"][0]["number"].as_i64(), Some(head + 1));
    assert!(started.elapsed().as_secs() < 20, "it waited for its end");
    let empty = world.get(&format!("/v1/events?after={}&wait_s=1", head + 1)).await.expect(200);
    assert_eq!(empty["data"], json!([]));
    assert_eq!(empty["next_cursor"], (head + 1).to_string());
}

/// Reads server-sent events from an open response.
struct Stream {
    response: reqwest::Response,
    rest: String,
}

impl Stream {
    async fn open(world: &World, path: &str, last: Option<i64>) -> Self {
        Self::with_key(world, &world.admin, path, last).await
    }

    async fn with_key(world: &World, secret: &str, path: &str, last: Option<i64>) -> Self {
        let mut request = world.client.get(format!("{}{path}", world.url));
        request = request.header("authorization", format!("Bearer {secret}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, rest: String::new() }
    }

    /// Number and data of the next event; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(i64, Value)> {
        loop {
            if let Some(end) = self.rest.find("\n\n") {
                let event: String = self.rest.drain(..end + 2).collect();
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|text| text.trim().to_owned())
                };
                if let (Some(id), Some(data)) = (field("id:"), field("data:")) {
                    return Some((id.parse().unwrap(), serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let chunk = self.response.chunk().await.ok()??;
            self.rest.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_where_the_one_before_ended() {
    let mut world = World::new().await;
    world.stocked("A", 1).await;
    let head = world.engine.reads().feed_head().await.unwrap();
    let mut stream = Stream::open(&world, "/v1/events/stream?after=0", None).await;
    for number in 1..=head {
        let (id, event) = stream.next().await.unwrap();
        assert_eq!((id, event["number"].as_i64()), (number, Some(number)));
    }
    adjust(&world).await;
    let (id, event) = stream.next().await.unwrap();
    assert_eq!((id, event["type"].as_str()), (head + 1, Some("stock.changed")));
    drop(stream);
    adjust(&world).await;
    adjust(&world).await;
    let mut stream = Stream::open(&world, "/v1/events/stream", Some(head + 1)).await;
    assert_eq!(stream.next().await.unwrap().0, head + 2);
    assert_eq!(stream.next().await.unwrap().0, head + 3);
    // A server that stops ends its streams instead of waiting for them.
    let (end, ()) = tokio::join!(stream.next(), world.stop());
    assert!(end.is_none());
}

/// Nothing that happens after a key is revoked is told to whoever opened a stream with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_hears_nothing_more() {
    let world = World::new().await;
    world.stocked("A", 1).await;
    let (id, secret) = world.make_key(&["events:read"]).await;
    let head = world.engine.reads().feed_head().await.unwrap();
    let mut stream = Stream::with_key(&world, &secret, "/v1/events/stream", Some(head)).await;
    adjust(&world).await;
    assert_eq!(stream.next().await.unwrap().0, head + 1);
    world.call("DELETE", &format!("/v1/api-keys/{id}")).send().await.expect(200);
    let revoked = world.engine.reads().feed_head().await.unwrap();
    adjust(&world).await;
    // Its revocation may still be told: it was believed when that happened.
    while let Some((number, event)) = stream.next().await {
        assert!(number <= revoked, "{event}");
    }
}

/// The same when nothing more happens: another replica revoked it, and this process still believed the key just then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_noticed_though_the_feed_is_silent() {
    let heart = Duration::from_millis(50);
    let world = World::with(Settings { stream_heartbeat: heart, ..Settings::default() }).await;
    let (id, secret) = world.make_key(&["events:read"]).await;
    let head = world.engine.reads().feed_head().await.unwrap();
    let mut stream = Stream::with_key(&world, &secret, "/v1/events/stream", Some(head)).await;
    let mut other = Stream::open(&world, "/v1/events/stream", Some(head)).await;
    let revoke = RevokeApiKey { id: id.parse().unwrap() };
    world.engine.submit(Request::internal(revoke)).await.unwrap();
    let end = async { while stream.next().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(30), end).await.expect("its stream ends");
    // Whoever still may goes on hearing.
    world.stocked("A", 0).await;
    for number in [head + 1, head + 2] {
        assert_eq!(other.next().await.unwrap().0, number);
    }
}
