//! Every route of the table × no key, a wrong scope, the right scope; and what a key is worth.

use onhand_store_postgres::PostgresStore;
use onhand_testbed::{Durability, Postgres};
use serde_json::json;

use crate::world::World;

/// Every route and the scope it needs; `-` needs none, `*` any key, `person` a session. Written out a second time here on purpose: a route
/// whose scope changes must be changed in both.
pub(crate) const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/healthz", "-"),
    ("GET", "/readyz", "-"),
    ("GET", "/metrics", "admin"),
    ("GET", "/openapi.json", "-"),
    ("GET", "/docs", "-"),
    ("GET", "/docs/style.css", "-"),
    ("GET", "/problems", "-"),
    ("GET", "/problems/{code}", "-"),
    ("POST", "/v1/ping", "-"),
    ("GET", "/v1/locations", "stock:read"),
    ("POST", "/v1/locations", "stock:write"),
    ("GET", "/v1/locations/{location}", "stock:read"),
    ("PATCH", "/v1/locations/{location}", "stock:write"),
    ("GET", "/v1/skus", "stock:read"),
    ("POST", "/v1/skus", "stock:write"),
    ("POST", "/v1/skus/bulk", "stock:write"),
    ("GET", "/v1/skus/{sku}", "stock:read"),
    ("PATCH", "/v1/skus/{sku}", "stock:write"),
    ("GET", "/v1/skus/{sku}/low-stock", "stock:read"),
    ("PATCH", "/v1/skus/{sku}/low-stock", "stock:write"),
    ("GET", "/v1/low-stock", "stock:read"),
    ("PATCH", "/v1/low-stock", "stock:write"),
    ("GET", "/v1/stock", "stock:read"),
    ("POST", "/v1/stock/adjust", "stock:write"),
    ("POST", "/v1/stock/set", "stock:write"),
    ("POST", "/v1/stock/count", "stock:write"),
    ("POST", "/v1/stock/move", "stock:write"),
    ("POST", "/v1/stock/bulk", "stock:write"),
    ("GET", "/v1/stock/{sku}", "stock:read"),
    ("GET", "/v1/stock/{sku}/{location}", "stock:read"),
    ("GET", "/v1/stock/{sku}/{location}/movements", "stock:read"),
    ("GET", "/v1/stock/{sku}/{location}/explain", "stock:read"),
    ("GET", "/v1/stock/{sku}/{location}/holders", "stock:read"),
    ("GET", "/v1/shortfalls", "stock:read"),
    ("GET", "/v1/reservations", "orders:read"),
    ("POST", "/v1/reservations", "orders:write"),
    ("GET", "/v1/reservations/{id}", "orders:read"),
    ("POST", "/v1/reservations/{id}/extend", "orders:write"),
    ("POST", "/v1/reservations/{id}/release", "orders:write"),
    ("POST", "/v1/reservations/{id}/allocate", "orders:write"),
    ("GET", "/v1/orders", "orders:read"),
    ("POST", "/v1/orders", "orders:write"),
    ("POST", "/v1/orders/bulk", "orders:write"),
    ("GET", "/v1/orders/{id}", "orders:read"),
    ("GET", "/v1/orders/{id}/events", "orders:read"),
    ("POST", "/v1/orders/{id}/confirm", "orders:write"),
    ("POST", "/v1/orders/{id}/payments", "orders:write"),
    ("POST", "/v1/orders/{id}/cancel", "orders:write"),
    ("POST", "/v1/orders/{id}/ship", "orders:fulfil"),
    ("POST", "/v1/orders/{id}/deliver", "orders:fulfil"),
    ("POST", "/v1/orders/{id}/return", "orders:fulfil"),
    ("GET", "/v1/events", "events:read"),
    ("GET", "/v1/events/stream", "events:read"),
    ("GET", "/v1/operations/{idempotency_key}", "*"),
    ("GET", "/v1/actors", "events:read"),
    ("GET", "/v1/api-keys", "admin"),
    ("POST", "/v1/api-keys", "admin"),
    ("DELETE", "/v1/api-keys/{id}", "admin"),
    ("POST", "/v1/verify", "admin"),
    ("GET", "/v1/search", "*"),
    ("GET", "/v1/rehearsals", "stock:read"),
    ("POST", "/v1/rehearsals", "queues:operate"),
    ("GET", "/v1/rehearsals/{id}", "stock:read"),
    ("POST", "/v1/rehearsals/{id}/kill", "queues:operate"),
    ("DELETE", "/v1/rehearsals/{id}", "queues:operate"),
    ("GET", "/v1/session", "-"),
    ("POST", "/v1/session/proof", "person"),
    ("POST", "/v1/setup", "-"),
    ("POST", "/v1/passwords", "-"),
    ("POST", "/v1/sessions", "-"),
    ("POST", "/v1/sessions/by-link", "-"),
    ("GET", "/v1/sessions", "person"),
    ("DELETE", "/v1/sessions/{id}", "person"),
    ("POST", "/v1/me/password", "person"),
    ("POST", "/v1/me/totp", "person"),
    ("POST", "/v1/me/totp/confirm", "person"),
    ("POST", "/v1/me/totp/remove", "person"),
    ("GET", "/v1/users", "admin"),
    ("POST", "/v1/users", "admin"),
    ("PATCH", "/v1/users/{id}", "admin"),
    ("POST", "/v1/users/{id}/link", "admin"),
    ("GET", "/v1/audit", "audit:read"),
    ("GET", "/v1/live", "events:read"),
    ("GET", "/v1/shops", "stock:read"),
    ("POST", "/v1/shops/connect", "admin"),
    ("GET", "/v1/shops/{shop}", "stock:read"),
    ("PATCH", "/v1/shops/{shop}", "admin"),
    ("POST", "/v1/shops/{shop}/disconnect", "admin"),
    ("POST", "/v1/shops/{shop}/import", "stock:write"),
    ("POST", "/v1/shops/{shop}/poll", "orders:write"),
    ("GET", "/v1/listings", "stock:read"),
    ("GET", "/v1/listings/{id}", "stock:read"),
    ("GET", "/v1/listings/{id}/preview", "stock:read"),
    ("POST", "/v1/listings/{id}/map", "stock:write"),
    ("POST", "/v1/listings/{id}/rule", "stock:write"),
    ("POST", "/v1/listings/{id}/resolve-edit", "stock:write"),
    ("POST", "/v1/listings/{id}/push", "stock:write"),
    ("GET", "/v1/jobs", "stock:read"),
    ("GET", "/v1/jobs/{id}", "stock:read"),
    ("POST", "/v1/jobs/{id}/cancel", "queues:operate"),
    ("GET", "/v1/queues", "stock:read"),
    ("PATCH", "/v1/queues/{queue}", "queues:operate"),
    ("GET", "/v1/failures", "stock:read"),
    ("GET", "/v1/failures/jobs", "stock:read"),
    ("POST", "/v1/failures/replay", "queues:operate"),
    ("POST", "/v1/failures/discard", "queues:operate"),
    ("PATCH", "/v1/job-kinds/{kind}", "queues:operate"),
    ("GET", "/v1/notices", "stock:read"),
    ("POST", "/v1/notices/{key}/seen", "stock:write"),
    ("PATCH", "/v1/notices/{key}", "stock:write"),
    ("GET", "/v1/market-orders", "orders:read"),
    ("GET", "/v1/market-orders/{id}", "orders:read"),
    ("POST", "/v1/market-orders/{id}/fetch", "orders:write"),
    ("POST", "/v1/market-orders/{id}/ship", "orders:fulfil"),
    ("POST", "/v1/market-orders/{id}/answer-cancel", "orders:write"),
    ("POST", "/hooks/{channel}", "-"),
    ("GET", "/connect/{channel}/callback", "-"),
    ("POST", "/v1/shops/{shop}/push", "stock:write"),
    ("POST", "/v1/shops/{shop}/probe", "stock:write"),
    ("POST", "/v1/shops/{shop}/preview", "stock:read"),
    ("GET", "/v1/listings/{id}/suggestions", "stock:read"),
    ("GET", "/v1/overview", "stock:read"),
    ("GET", "/v1/pushes", "stock:read"),
    ("GET", "/v1/push-latency", "stock:read"),
    ("GET", "/v1/webhooks", "orders:read"),
    ("POST", "/v1/webhooks/{key}/retry", "orders:write"),
];

const SCOPES: [&str; 9] = [
    "stock:read",
    "stock:write",
    "orders:read",
    "orders:write",
    "orders:fulfil",
    "events:read",
    "queues:operate",
    "audit:read",
    "admin",
];

/// The status of a request without a body: it shows how far the request came.
async fn status(world: &World, method: &str, path: &str, secret: Option<&str>) -> u16 {
    // Only the head of a stream can be waited for.
    let call = world.call(method, path);
    let call = match secret {
        Some(secret) => call.header("authorization", &format!("Bearer {secret}")),
        None => call.without("authorization"),
    };
    call.head().await.as_u16()
}

#[tokio::test]
async fn every_route_asks_for_its_scope_and_no_other_opens_it() {
    let world = World::new().await;
    let mut secrets = Vec::new();
    for scope in SCOPES {
        secrets.push((scope, world.make_key(&[scope]).await.1));
    }
    for (method, template, needed) in ROUTES {
        let path = template.replace(['{', '}'], "x");
        let what = format!("{method} {template}");
        let open = |status: u16| status != 401 && status != 403;
        let without = status(&world, method, &path, None).await;
        assert_eq!(open(without), *needed == "-", "{what} without a key: {without}");
        let forged = status(&world, method, &path, Some("ohk_forged")).await;
        assert_eq!(open(forged), *needed == "-", "{what} with a forged key: {forged}");
        for (scope, secret) in &secrets {
            let answer = status(&world, method, &path, Some(secret)).await;
            let includes = *scope == "orders:write" && *needed == "orders:fulfil";
            let may =
                *needed != "person" && (["-", "*", scope].contains(needed) || *scope == "admin" || includes);
            assert_eq!(open(answer), may, "{what} with {scope}: {answer}");
            if !may {
                assert_eq!(answer, 403, "{what} with {scope}");
            }
        }
    }
}

#[tokio::test]
async fn the_table_of_this_test_has_every_route_of_the_description() {
    let document: serde_json::Value = serde_json::from_str(&onhand_api::openapi()).unwrap();
    let mut served: Vec<(String, String)> = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            served.push((method.to_uppercase(), path.clone()));
        }
    }
    let mut listed: Vec<(String, String)> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    served.sort();
    listed.sort();
    assert_eq!(served, listed);
}

#[tokio::test]
async fn s11_a_revoked_key_opens_nothing_at_the_next_request() {
    let world = World::new().await;
    let (id, secret) = world.make_key(&["stock:read"]).await;
    let bearer = format!("Bearer {secret}");
    let read = || world.call("GET", "/v1/skus").header("authorization", &bearer).send();
    read().await.expect(200);
    world.call("DELETE", &format!("/v1/api-keys/{id}")).send().await.expect(200);
    let problem = read().await;
    problem.problem(401, "unauthenticated");
    assert!(problem.header("www-authenticate").unwrap().starts_with("Bearer"));
}

#[tokio::test]
async fn a_key_has_its_hour_and_no_more() {
    let world = World::new().await;
    let body = json!({"name": "old", "scopes": ["admin"], "expires_at": "2020-01-01T00:00:00Z"});
    let made = world.post("/v1/api-keys", body).await.expect(201);
    let bearer = format!("Bearer {}", made["secret"].as_str().unwrap());
    let answer = world.call("GET", "/v1/skus").header("authorization", &bearer).send().await;
    let problem = answer.problem(401, "unauthenticated");
    assert!(problem["detail"].as_str().unwrap().contains("expired"), "{problem}");
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let world = World::new().await;
    let (_, secret) = world.make_key(&["orders:read"]).await;
    let bearer = format!("Bearer {secret}");
    let answer = world.call("GET", "/v1/skus").header("authorization", &bearer).send().await;
    assert_eq!(answer.problem(403, "missing_scope")["required_scope"], "stock:read");
}

#[tokio::test]
async fn s15_what_one_caller_did_is_not_shown_to_another() {
    let world = World::new().await;
    world.stocked("A", 5).await;
    let order = json!({"lines": [{"sku": "A", "quantity": 1}]});
    let first = world.call("POST", "/v1/orders").key("same").json(&order).send().await;
    first.expect(201);
    let (_, secret) = world.make_key(&["orders:write"]).await;
    let bearer = format!("Bearer {secret}");
    let other = world
        .call("POST", "/v1/orders")
        .key("same")
        .header("authorization", &bearer)
        .json(&order)
        .send()
        .await;
    let body = other.expect(201);
    assert_ne!(body["id"], first.json()["id"], "another principal's equal key is another key");
    assert_eq!(other.header("idempotency-replayed"), None);
    let mine = world.call("GET", "/v1/operations/same").header("authorization", &bearer).send().await;
    let rows = mine.expect(200);
    assert_eq!(rows["data"].as_array().unwrap().len(), 1);
    assert_eq!(rows["data"][0]["receipt"]["id"], body["id"]);
    assert_eq!(world.figures("A").await, [5, 2, 0, 0, 3]);
}

/// Three-valued: a database that does not answer makes nobody a stranger.
#[tokio::test]
async fn whether_a_key_is_good_cannot_be_told_without_a_database() {
    // The server is stopped as by a crash, and what was acknowledged must be there afterwards.
    let server = Postgres::start(Durability::Full).unwrap();
    let url = server.create_database("auth").unwrap();
    let store = PostgresStore::connect(onhand_store_postgres::Options::new(url)).await.unwrap();
    let world = World::over(std::sync::Arc::new(store), onhand_api::Settings::default()).await;
    world.get("/v1/skus").await.expect(200);
    let (_, never_used) = world.make_key(&["admin"]).await;
    server.stop().unwrap();
    let bearer = format!("Bearer {never_used}");
    let answer = world.call("GET", "/v1/skus").header("authorization", &bearer).send().await;
    let problem = answer.problem(503, "cannot_check_key");
    assert_eq!(problem["retryable"], true);
    assert!(answer.header("retry-after").is_some());
    let ready = world.get("/readyz").await.expect(503);
    assert_eq!(ready["status"], "not_ready");
    world.get("/healthz").await;
    server.restart().unwrap();
    let answer = world.call("GET", "/v1/skus").header("authorization", &bearer).send().await;
    answer.expect(200);
}

/// A parameter that a route does not know would have been meant to do something, such as a time or a filter.
#[tokio::test]
async fn every_read_refuses_a_parameter_that_it_does_not_know() {
    let world = World::new().await;
    for (method, template, needed) in ROUTES {
        if *method != "GET" || !template.starts_with("/v1/") || *needed == "person" {
            continue;
        }
        let path = format!("{}?as_of_when=2026-01-01T00:00:00Z", template.replace(['{', '}'], "x"));
        let problem = world.get(&path).await.problem(400, "invalid_parameter");
        assert!(problem["detail"].as_str().unwrap().contains("as_of_when"), "{template}: {problem}");
    }
}
