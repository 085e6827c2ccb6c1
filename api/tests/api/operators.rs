//! The listener for operators, and what is left at the other one.

use onhand_api::Settings;
use serde_json::json;

use crate::people::owned;
use crate::world::World;

fn apart() -> Settings {
    Settings { admin_apart: true, ..Settings::default() }
}

/// What a stranger is answered at the public listener, all of it. Whatever else there is asks for a key or a session.
const STRANGERS: &[&str] = &[
    "GET /healthz",
    "GET /readyz",
    "GET /openapi.json",
    "GET /docs",
    "GET /docs/style.css",
    "GET /problems",
    "GET /problems/{code}",
    "POST /v1/ping",
    "GET /v1/session",
    "POST /v1/setup",
    "POST /v1/passwords",
    "POST /v1/sessions",
    "POST /v1/sessions/by-link",
    "POST /hooks/{channel}",
    "GET /connect/{channel}/callback",
];

#[tokio::test]
async fn s37_strangers_get_what_is_on_the_list_and_no_more() {
    let world = World::with(apart()).await;
    let mut answered = Vec::new();
    for (method, template, _) in crate::access::ROUTES {
        let path = template.replace(['{', '}'], "x");
        let call = world.call(method, &path).without("authorization");
        let status = call.head().await.as_u16();
        if *template == "/metrics" {
            assert_eq!(status, 404, "measures are elsewhere");
        } else if status != 401 && status != 403 {
            answered.push(format!("{method} {template}"));
        }
    }
    answered.sort();
    let mut list: Vec<String> = STRANGERS.iter().map(|&route| route.to_owned()).collect();
    list.sort();
    assert_eq!(answered, list);
    // Nobody gets at the measures here: not with a key, not with a session.
    world.get("/metrics").await.problem(404, "no_such_route");
    let ann = owned(&world).await;
    ann.get("/metrics").await.problem(404, "no_such_route");
}

#[tokio::test]
async fn s37_readiness_tells_strangers_yes_or_no_and_the_console_the_rest() {
    let world = World::with(apart()).await;
    let bare = world.call("GET", "/readyz").without("authorization").send().await.expect(200);
    assert_eq!(bare, json!({"status": "ready"}));
    let forged = world.call("GET", "/readyz").header("authorization", "Bearer ohk_forged").send().await;
    assert_eq!(forged.expect(200), json!({"status": "ready"}));
    let ann = owned(&world).await;
    for answer in [ann.get("/readyz").await, world.get("/readyz").await] {
        let whole = answer.expect(200);
        assert!(whole["feed_head"].is_i64() && whole["writable"] == true, "{whole}");
    }
}

#[tokio::test]
async fn s37_operators_have_measures_and_readiness_and_nothing_else() {
    let world = World::with(apart()).await;
    let admin = world.operators().await;
    let get = |path: &str| world.client.get(format!("{admin}{path}")).send();
    let ready: serde_json::Value = get("/readyz").await.unwrap().json().await.unwrap();
    assert_eq!(ready["writable"], true, "{ready}");
    assert_eq!(get("/healthz").await.unwrap().status(), 200);
    // The listener is no key.
    assert_eq!(get("/metrics").await.unwrap().status(), 401);
    let measures = world.client.get(format!("{admin}/metrics")).bearer_auth(&world.admin);
    let text = measures.send().await.unwrap().text().await.unwrap();
    assert!(text.contains("onhand_durable"), "{text}");
    for (method, template, _) in crate::access::ROUTES {
        if ["/healthz", "/readyz", "/metrics"].contains(template) {
            continue;
        }
        let url = format!("{admin}{}", template.replace(['{', '}'], "x"));
        let call = world.client.request(method.parse().unwrap(), url).bearer_auth(&world.admin);
        assert_eq!(call.send().await.unwrap().status(), 404, "{method} {template}");
    }
    assert_eq!(get("/").await.unwrap().status(), 404, "the console is not there");
}

/// Without a listener of their own operators find all of it where everything is.
#[tokio::test]
async fn s37_one_listener_has_everything() {
    let world = World::new().await;
    let ready = world.call("GET", "/readyz").without("authorization").send().await.expect(200);
    assert!(ready["durability"].is_string() && ready["feed_head"].is_i64(), "{ready}");
    world.get("/metrics").await;
    assert_eq!(world.get("/metrics").await.status, 200);
}
