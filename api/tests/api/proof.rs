//! What is hard to undo asks a person to have shown lately who they are.

use onhand_api::demo_link;
use serde_json::{Value, json};

use crate::people::{Browser, PASSWORD, let_in, owned, token};
use crate::world::{Answer, TestClock, World};

/// 2030-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_893_456_000_000;
const MINUTE: i64 = 60_000;

fn key() -> Value {
    json!({"name": "till", "scopes": ["stock:read"]})
}

/// Everything that asks for it, as a request that would be done.
async fn what_asks(browser: &Browser<'_>, id: &str, tag: &str) -> Vec<(&'static str, Answer)> {
    let admin = json!({"email": format!("{tag}@shop.example"), "name": "A", "role": "admin"});
    let role = json!({"role": if tag == "before" { "finance" } else { "operator" }});
    vec![
        ("make a key", browser.post("/v1/api-keys", key()).await),
        ("let an admin in", browser.post("/v1/users", admin).await),
        ("change a role", browser.call("PATCH", &format!("/v1/users/{id}")).json(&role).send().await),
        ("make a link", browser.post(&format!("/v1/users/{id}/link"), json!({})).await),
        ("remove the second factor", browser.post("/v1/me/totp/remove", json!({"code": "000000"})).await),
    ]
}

/// Waits for the clock to be looked at, which is at least once a second.
async fn noticed(browser: &Browser<'_>, clock: &TestClock) {
    let enough = clock.looks() + 12;
    while clock.looks() < enough {
        browser.get("/v1/skus").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_what_is_hard_to_undo_asks_for_the_password_again() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let ann = owned(&world).await;
    let (bob, _) = let_in(&ann, "bob@shop.example", "viewer").await;
    for (what, answer) in what_asks(&ann, &bob, "before").await {
        assert_ne!(answer.json()["code"], "proof_needed", "a sign-in is a proof: {what}");
    }
    clock.set(NEW_YEAR + 15 * MINUTE);
    noticed(&ann, &clock).await;
    for (what, answer) in what_asks(&ann, &bob, "late").await {
        let problem = answer.problem(403, "proof_needed");
        assert!(problem["detail"].as_str().unwrap().contains("/v1/session/proof"), "{what}: {problem}");
    }
    // What can be undone does not ask, and neither does what only takes away.
    ann.post("/v1/skus", json!({"sku": "A"})).await.expect(201);
    let viewer = json!({"email": "vi@shop.example", "name": "V", "role": "viewer"});
    ann.post("/v1/users", viewer).await.expect(201);
    let out = json!({"disabled": true});
    ann.call("PATCH", &format!("/v1/users/{bob}")).json(&out).send().await.expect(200);
    // A key is nobody who could type.
    world.post("/v1/api-keys", key()).await.expect(201);

    let other = Browser::sign_in(&world, "ann@shop.example", PASSWORD).await;
    other.post("/v1/api-keys", key()).await.expect(201);
    let late = ann.call("POST", "/v1/api-keys").key("one-intent").json(&key()).send().await;
    late.problem(403, "proof_needed");
    let missing = ann.post("/v1/session/proof", json!({})).await;
    assert_eq!(missing.problem(422, "validation_failed")["errors"][0]["pointer"], "/password");
    let proved = ann.post("/v1/session/proof", json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(proved["until"], "2030-01-01T00:30:00.000Z");
    // The same request again, under the same key: what was refused was never begun.
    let again = ann.call("POST", "/v1/api-keys").key("one-intent").json(&key());
    again.send().await.expect(201);
    for (what, answer) in what_asks(&ann, &bob, "proved").await {
        assert_ne!(answer.json()["code"], "proof_needed", "{what}");
    }
    let log = ann.get("/v1/audit").await.expect(200);
    let entries = log["data"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["action"] == "POST /v1/session/proof"), "{log}");
    world.post("/v1/session/proof", json!({"password": PASSWORD})).await.problem(403, "persons_only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_guessing_at_a_proof_is_slowed_as_a_sign_in_is() {
    let world = World::new().await;
    let ann = owned(&world).await;
    for _ in 0..5 {
        let wrong = ann.post("/v1/session/proof", json!({"password": "wrong purple staple nine"})).await;
        assert_eq!(wrong.problem(422, "validation_failed")["errors"][0]["pointer"], "/password");
    }
    let slowed = ann.post("/v1/session/proof", json!({"password": PASSWORD})).await;
    slowed.problem(429, "too_many_attempts");
    assert!(slowed.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    // One count for both doors.
    let sign_in = json!({"email": "ann@shop.example", "password": PASSWORD});
    Browser::new(&world).post("/v1/sessions", sign_in).await.problem(429, "too_many_attempts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_a_proof_takes_the_second_factor_too() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let ann = owned(&world).await;
    let begun = ann.post("/v1/me/totp", json!({})).await.expect(200);
    let secret = begun["secret"].as_str().unwrap().to_owned();
    let code = |at: i64| crate::totp::code_at(&secret, u64::try_from(at / 1_000).unwrap());
    ann.post("/v1/me/totp/confirm", json!({"code": code(NEW_YEAR)})).await.expect(200);
    let late = NEW_YEAR + 16 * MINUTE;
    clock.set(late);
    noticed(&ann, &clock).await;
    let password = json!({"password": PASSWORD});
    ann.post("/v1/session/proof", password).await.problem(401, "second_factor_needed");
    let wrong = json!({"password": PASSWORD, "code": "000000"});
    ann.post("/v1/session/proof", wrong).await.problem(401, "second_factor_wrong");
    ann.post("/v1/api-keys", key()).await.problem(403, "proof_needed");
    let both = json!({"password": PASSWORD, "code": code(late)});
    ann.post("/v1/session/proof", both.clone()).await.expect(200);
    ann.post("/v1/session/proof", both).await.problem(401, "second_factor_wrong");
    ann.post("/v1/api-keys", key()).await.expect(201);
}

/// Whoever entered at the machine of a demonstration has no password to give.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s9_who_has_nothing_to_show_is_not_asked() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let link = demo_link(&world.engine, &world.url, "owner@demo.example").await.unwrap().unwrap();
    let browser = Browser::new(&world);
    let answer = browser.post("/v1/sessions/by-link", json!({"token": token(&link)})).await;
    let owner = browser.keep(&answer);
    clock.set(NEW_YEAR + 60 * MINUTE);
    noticed(&owner, &clock).await;
    owner.post("/v1/api-keys", key()).await.expect(201);
}
