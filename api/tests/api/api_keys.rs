//! `/v1/api-keys`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{TestClock, World};

#[tokio::test]
async fn a_secret_is_shown_once_and_never_again() {
    let world = World::new().await;
    let body = json!({"name": "shop", "scopes": ["orders:write", "stock:read"]});
    let first = world.call("POST", "/v1/api-keys").key("k").json(&body).send().await;
    let made = first.expect(201);
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("ohk_") && secret.len() == 56, "{secret}");
    let again = world.call("POST", "/v1/api-keys").key("k").json(&body).send().await;
    let repeated = again.expect(201);
    assert_eq!(repeated["id"], made["id"]);
    assert_eq!(repeated.get("secret"), None);
    let list = world.get("/v1/api-keys").await;
    assert_eq!(list.expect(200)["data"].as_array().unwrap().len(), 2);
    let text = String::from_utf8(list.bytes).unwrap();
    assert!(!text.contains(secret) && !text.contains("hash"), "{text}");
}

#[tokio::test]
async fn a_key_that_takes_the_place_of_another_repeats_its_operations() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let (id, old) = world.make_key(&["orders:write"]).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 1}]});
    let place = |secret: String| {
        let call = world.call("POST", "/v1/orders").key("o").json(&order);
        call.header("authorization", &format!("Bearer {secret}")).send()
    };
    let first = place(old).await;
    first.expect(201);
    let body = json!({"name": "next", "scopes": ["orders:write"], "same_as": id});
    let new = world.post("/v1/api-keys", body).await.expect(201);
    let again = place(new["secret"].as_str().unwrap().to_owned()).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(first.bytes, again.bytes);
}

#[tokio::test]
async fn what_cannot_be_a_key_is_named() {
    let world = World::new().await;
    let cases = [
        (json!({"name": "", "scopes": ["admin"]}), "/name"),
        (json!({"name": "x", "scopes": []}), "/scopes"),
        (json!({"name": "x", "scopes": ["root"]}), "/scopes/0"),
        (json!({"name": "x", "scopes": ["admin"], "expires_at": "tomorrow"}), "/expires_at"),
        (json!({"name": "x", "scopes": ["admin"], "same_as": "me"}), "/same_as"),
        (json!({"name": "x", "scopes": ["admin"], "same_as": "key_00000000000000000000000000"}), "/same_as"),
        (json!({"name": "x", "scopes": ["admin"], "hash": "00"}), "/hash"),
        (
            json!({"name": "x", "scopes": ["admin"], "same_as_expires_at": "2030-01-01T00:00:00Z"}),
            "/same_as_expires_at",
        ),
        (
            json!({"name": "x", "scopes": ["admin"], "same_as": "me", "same_as_expires_at": "soon"}),
            "/same_as_expires_at",
        ),
    ];
    for (body, pointer) in cases {
        let problem = world.post("/v1/api-keys", body).await.problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    world
        .call("DELETE", "/v1/api-keys/key_00000000000000000000000000")
        .send()
        .await
        .problem(404, "not_found");
}

/// 2030-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_893_456_000_000;

/// What the list says of a key.
async fn listed(world: &World, id: &str) -> Value {
    let list = world.get("/v1/api-keys").await.expect(200);
    list["data"].as_array().unwrap().iter().find(|key| key["id"] == id).unwrap().clone()
}

/// Looks until the use that was noted beside the requests is there.
async fn used_at(world: &World, id: &str, wanted: &str) {
    let begun = Instant::now();
    loop {
        let key = listed(world, id).await;
        if key["last_used_at"] == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_a_key_says_when_it_was_last_used_to_a_minute() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let (id, secret) = world.make_key(&["stock:read"]).await;
    let bearer = format!("Bearer {secret}");
    let read = || world.call("GET", "/v1/skus").header("authorization", &bearer).send();
    assert_eq!(listed(&world, &id).await["last_used_at"], Value::Null);
    let feed = world.engine.reads().feed_head().await.unwrap();
    read().await.expect(200);
    used_at(&world, &id, "2030-01-01T00:00:00.000Z").await;
    // Half a minute later it is used again, which is not worth a row.
    clock.set(NEW_YEAR + 30_000);
    let enough = clock.looks() + 12;
    while clock.looks() < enough {
        read().await.expect(200);
    }
    assert_eq!(listed(&world, &id).await["last_used_at"], "2030-01-01T00:00:00.000Z");
    clock.set(NEW_YEAR + 60_000);
    let begun = Instant::now();
    while listed(&world, &id).await["last_used_at"] != "2030-01-01T00:01:00.000Z" {
        read().await.expect(200);
        assert!(begun.elapsed() < Duration::from_secs(20), "never noted");
    }
    // It is no event, and no change of the key.
    assert_eq!(world.engine.reads().feed_head().await.unwrap(), feed);
    world.call("DELETE", &format!("/v1/api-keys/{id}")).send().await.expect(200);
    clock.set(NEW_YEAR + 600_000);
    read().await.problem(401, "unauthenticated");
    assert_eq!(
        listed(&world, &id).await["last_used_at"],
        "2030-01-01T00:01:00.000Z",
        "a refused use is none"
    );
    world.assert_clean().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s7_a_session_that_is_used_does_not_end_after_twelve_hours() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let ann = crate::people::owned(&world).await;
    for hours in 1..=3 {
        clock.set(NEW_YEAR + hours * 8 * 3_600_000);
        let wanted = format!("2030-01-0{}T{:02}:00:00.000Z", 1 + hours * 8 / 24, hours * 8 % 24);
        let begun = Instant::now();
        while ann.get("/v1/sessions").await.expect(200)["data"][0]["seen_at"] != wanted {
            assert!(begun.elapsed() < Duration::from_secs(20), "never {wanted}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s11_a_key_that_is_replaced_ends_when_its_successor_says() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let (id, old) = world.make_key(&["stock:read"]).await;
    let bearer = format!("Bearer {old}");
    let read = || world.call("GET", "/v1/skus").header("authorization", &bearer).send();
    read().await.expect(200);
    let next = |end: &str| {
        let body =
            json!({"name": "next", "scopes": ["stock:read"], "same_as": id, "same_as_expires_at": end});
        world.post("/v1/api-keys", body)
    };
    next("2030-01-01T01:00:00Z").await.expect(201);
    assert_eq!(listed(&world, &id).await["expires_at"], "2030-01-01T01:00:00.000Z");
    read().await.expect(200);
    next("2030-01-01T05:00:00Z").await.expect(201);
    assert_eq!(listed(&world, &id).await["expires_at"], "2030-01-01T01:00:00.000Z", "never longer");
    next("2029-12-31T00:00:00Z").await.expect(201);
    read().await.problem(401, "unauthenticated");
}
