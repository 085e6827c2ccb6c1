//! Signing in, sessions, second factors, people and the audit log, as a browser meets them.

use onhand_api::{Settings, demo_link, set_up_link};
use serde_json::{Value, json};

use crate::world::{Answer, Call, World};

pub(crate) const PASSWORD: &str = "correct purple staple nine";

/// A browser: it has a cookie and no key.
pub(crate) struct Browser<'a> {
    world: &'a World,
    cookie: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        Self { world, cookie: String::new() }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'a> {
        let call = self.world.call(method, path).without("authorization").header("x-onhand-console", "1");
        if self.cookie.is_empty() { call } else { call.header("cookie", &self.cookie) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path).json(&body).send().await
    }

    /// Takes the cookie of an answer.
    pub(crate) fn keep(mut self, answer: &Answer) -> Self {
        let header = answer.header("set-cookie").expect("no cookie");
        self.cookie = header.split(';').next().unwrap().to_owned();
        self
    }

    pub(crate) async fn sign_in(world: &'a World, email: &str, password: &str) -> Browser<'a> {
        let browser = Self::new(world);
        let answer = browser.post("/v1/sessions", json!({"email": email, "password": password})).await;
        answer.expect(201);
        browser.keep(&answer)
    }
}

pub(crate) fn token(link: &str) -> &str {
    link.split_once("#token=").unwrap().1
}

/// A house with an owner who is signed in.
pub(crate) async fn owned(world: &World) -> Browser<'_> {
    let link = set_up_link(&world.engine, &world.url).await.unwrap().unwrap();
    let browser = Browser::new(world);
    let body =
        json!({"token": token(&link), "email": "Ann@Shop.example", "name": "Ann", "password": PASSWORD});
    let answer = browser.post("/v1/setup", body).await;
    answer.expect(201);
    browser.keep(&answer)
}

/// Lets somebody in, and signs them in.
pub(crate) async fn let_in<'a>(owner: &Browser<'a>, email: &str, role: &str) -> (String, Browser<'a>) {
    let body = json!({"email": email, "name": "Somebody", "role": role});
    let id = owner.post("/v1/users", body).await.expect(201)["id"].as_str().unwrap().to_owned();
    let link = owner.post(&format!("/v1/users/{id}/link"), json!({})).await.expect(200);
    let token = token(link["url"].as_str().unwrap()).to_owned();
    let set = json!({"token": token, "password": PASSWORD});
    Browser::new(owner.world).post("/v1/passwords", set.clone()).await.expect(200);
    Browser::new(owner.world).post("/v1/passwords", set).await.problem(410, "link_spent");
    let browser = Browser::sign_in(owner.world, email, PASSWORD).await;
    (id, browser)
}

#[tokio::test]
async fn s6_a_fresh_house_has_nobody_and_a_link_makes_the_owner_once() {
    let world = World::new().await;
    let stranger = Browser::new(&world);
    assert_eq!(stranger.get("/v1/session").await.expect(200)["state"], "set_up_needed");
    let link = set_up_link(&world.engine, &world.url).await.unwrap().unwrap();
    assert!(link.starts_with(&format!("{}/setup#token=", world.url)), "{link}");
    let body = |token: &str, password: &str| json!({"token": token, "email": "ann@shop.example", "name": "Ann", "password": password});
    stranger.post("/v1/setup", body("guess", PASSWORD)).await.problem(410, "link_spent");
    let weak = stranger.post("/v1/setup", body(token(&link), "password1234")).await;
    assert_eq!(weak.problem(422, "validation_failed")["errors"][0]["pointer"], "/password");
    let answer = stranger.post("/v1/setup", body(token(&link), PASSWORD)).await;
    let session = answer.expect(201);
    assert_eq!(session["user"]["role"], "owner");
    assert_eq!(session["scopes"], json!(["admin"]));
    stranger.post("/v1/setup", body(token(&link), PASSWORD)).await.problem(410, "link_spent");
    assert!(set_up_link(&world.engine, &world.url).await.unwrap().is_none());
    let ann = stranger.keep(&answer);
    ann.get("/v1/skus").await.expect(200);
    assert_eq!(ann.get("/v1/session").await.expect(200)["state"], "signed_in");
    let text = String::from_utf8(ann.get("/v1/users").await.bytes).unwrap();
    assert!(!text.contains("argon2"), "{text}");
}

#[tokio::test]
async fn s7_a_session_ends_at_the_next_request() {
    let world = World::new().await;
    let ann = owned(&world).await;
    let other = Browser::sign_in(&world, "ann@shop.example", PASSWORD).await;
    let list = ann.get("/v1/sessions").await.expect(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let new = "another purple staple ten";
    let wrong = json!({"current": "not my password", "password": new});
    let refused = ann.post("/v1/me/password", wrong).await;
    assert_eq!(refused.problem(422, "validation_failed")["errors"][0]["pointer"], "/current");
    ann.post("/v1/me/password", json!({"current": PASSWORD, "password": new})).await.expect(200);
    other.get("/v1/skus").await.problem(401, "unauthenticated");
    ann.get("/v1/skus").await.expect(200);
    let third = Browser::sign_in(&world, "ann@shop.example", new).await;
    ann.call("DELETE", "/v1/sessions/others").send().await.expect(200);
    third.get("/v1/skus").await.problem(401, "unauthenticated");
    let gone = ann.call("DELETE", "/v1/sessions/current").send().await;
    gone.expect(200);
    assert!(gone.header("set-cookie").unwrap().contains("Max-Age=0"));
    ann.get("/v1/skus").await.problem(401, "unauthenticated");
    assert_eq!(ann.get("/v1/session").await.expect(200)["state"], "anonymous");
}

#[tokio::test]
async fn s16_a_change_of_role_and_keeping_out_act_at_once() {
    let world = World::new().await;
    let ann = owned(&world).await;
    let (id, bob) = let_in(&ann, "bob@shop.example", "operator").await;
    bob.post("/v1/skus", json!({"sku": "A"})).await.expect(201);
    ann.call("PATCH", &format!("/v1/users/{id}")).json(&json!({"role": "viewer"})).send().await.expect(200);
    bob.get("/v1/skus").await.problem(401, "unauthenticated");
    let bob = Browser::sign_in(&world, "bob@shop.example", PASSWORD).await;
    bob.get("/v1/skus").await.expect(200);
    bob.post("/v1/skus", json!({"sku": "B"})).await.problem(403, "missing_scope");
    ann.call("PATCH", &format!("/v1/users/{id}")).json(&json!({"disabled": true})).send().await.expect(200);
    bob.get("/v1/skus").await.problem(401, "unauthenticated");
    let body = json!({"email": "bob@shop.example", "password": PASSWORD});
    Browser::new(&world).post("/v1/sessions", body).await.problem(401, "credentials_wrong");
}

#[tokio::test]
async fn s5_unknown_wrong_and_kept_out_are_told_alike() {
    let world = World::new().await;
    let ann = owned(&world).await;
    let (id, _) = let_in(&ann, "bob@shop.example", "viewer").await;
    ann.call("PATCH", &format!("/v1/users/{id}")).json(&json!({"disabled": true})).send().await.expect(200);
    let mut told = Vec::new();
    for (email, password) in [
        ("nobody@shop.example", PASSWORD),
        ("ann@shop.example", "wrong purple staple nine"),
        ("bob@shop.example", PASSWORD),
        ("not an address", PASSWORD),
    ] {
        let answer =
            Browser::new(&world).post("/v1/sessions", json!({"email": email, "password": password})).await;
        let mut body = answer.problem(401, "credentials_wrong");
        for member in ["request_id", "instance"] {
            body.as_object_mut().unwrap().remove(member);
        }
        told.push(body);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}

#[tokio::test]
async fn s4_guessing_is_slowed_for_everybody_and_kept_over_a_restart() {
    let world = World::new().await;
    drop(owned(&world).await);
    let guess = json!({"email": "ann@shop.example", "password": "wrong purple staple nine"});
    for _ in 0..5 {
        Browser::new(&world).post("/v1/sessions", guess.clone()).await.problem(401, "credentials_wrong");
    }
    let world = world.restart().await;
    let slowed = Browser::new(&world).post("/v1/sessions", guess).await;
    slowed.problem(429, "too_many_attempts");
    assert!(slowed.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
}

#[tokio::test]
async fn s8_a_cookie_alone_changes_nothing() {
    let world = World::new().await;
    let ann = owned(&world).await;
    let body = json!({"sku": "A"});
    let forged = ann.call("POST", "/v1/skus").without("x-onhand-console").json(&body).send().await;
    forged.problem(403, "cross_site");
    let framed = ann.call("POST", "/v1/skus").header("sec-fetch-site", "cross-site").json(&body).send().await;
    framed.problem(403, "cross_site");
    ann.get("/v1/skus/A").await.problem(404, "not_found");
    ann.post("/v1/skus", body).await.expect(201);
}

#[tokio::test]
async fn s9_a_second_factor_is_asked_for_and_recovers_once() {
    let world = World::new().await;
    let ann = owned(&world).await;
    let begun = ann.post("/v1/me/totp", json!({})).await.expect(200);
    assert!(begun["otpauth_url"].as_str().unwrap().starts_with("otpauth://totp/"));
    ann.post("/v1/me/totp/confirm", json!({"code": "000000"})).await;
    let code = crate::totp::code(begun["secret"].as_str().unwrap());
    let confirmed = ann.post("/v1/me/totp/confirm", json!({"code": code})).await.expect(200);
    let recovery = confirmed["recovery_codes"][0].as_str().unwrap();
    let sign_in = |code: Option<&str>| {
        let mut body = json!({"email": "ann@shop.example", "password": PASSWORD});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        body
    };
    Browser::new(&world).post("/v1/sessions", sign_in(None)).await.problem(401, "second_factor_needed");
    let reused = Browser::new(&world).post("/v1/sessions", sign_in(Some(&code))).await;
    reused.problem(401, "second_factor_wrong");
    Browser::new(&world).post("/v1/sessions", sign_in(Some(recovery))).await.expect(201);
    let again = Browser::new(&world).post("/v1/sessions", sign_in(Some(recovery))).await;
    again.problem(401, "second_factor_wrong");
    ann.post("/v1/me/totp/remove", json!({"code": "000000"})).await.problem(401, "second_factor_wrong");
    let second = confirmed["recovery_codes"][1].as_str().unwrap();
    ann.post("/v1/me/totp/remove", json!({"code": second})).await.expect(200);
    Browser::new(&world).post("/v1/sessions", sign_in(None)).await.expect(201);
}

#[tokio::test]
async fn keys_are_nobody_and_no_ladder_to_owner() {
    let world = World::new().await;
    let ann = owned(&world).await;
    world.post("/v1/me/totp", json!({})).await.problem(403, "persons_only");
    world.get("/v1/sessions").await.problem(403, "persons_only");
    let owner = json!({"email": "x@shop.example", "name": "X", "role": "owner"});
    world.post("/v1/users", owner.clone()).await.problem(403, "owners_only");
    let me = ann.get("/v1/session").await.expect(200)["user"]["id"].as_str().unwrap().to_owned();
    world.post(&format!("/v1/users/{me}/link"), json!({})).await.problem(403, "owners_only");
    ann.post("/v1/users", owner).await.expect(201);
    let demote = json!({"role": "admin"});
    ann.call("PATCH", &format!("/v1/users/{me}")).json(&demote).send().await.expect(200);
}

#[tokio::test]
async fn s44_what_people_do_is_in_the_audit_log_and_the_feed_hides_it_from_viewers() {
    let world = World::new().await;
    let ann = owned(&world).await;
    world.stocked("A", 5).await;
    let adjust = json!({"sku": "A", "quantity": 3, "reason": "received", "note": "found behind the shelf"});
    ann.post("/v1/stock/adjust", adjust).await.expect(200);
    let (_, viewer) = let_in(&ann, "vi@shop.example", "viewer").await;
    let log = ann.get("/v1/audit").await.expect(200);
    let entries = log["data"].as_array().unwrap();
    let of = |action: &str| entries.iter().find(|entry| entry["action"] == action).unwrap_or(&Value::Null);
    let stock = of("POST /v1/stock/adjust");
    assert_eq!(stock["by"], "ann@shop.example");
    let change = &stock["changes"][0];
    assert_eq!(
        (&change["before"]["on_hand"], &change["after"]["on_hand"]),
        (&json!(5), &json!(8)),
        "{stock}"
    );
    assert_eq!(of("POST /v1/users")["changes"][0]["after"]["role"], "viewer");
    assert!(!of("POST /v1/sessions").is_null() && !of("POST /v1/users/{id}/link").is_null());
    let numbers: Vec<i64> = entries.iter().map(|entry| entry["number"].as_i64().unwrap()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] == pair[1] + 1), "newest first, no gap: {numbers:?}");
    assert_eq!(numbers.last(), Some(&1));
    let text = log.to_string();
    assert!(!text.contains("argon2") && !text.contains("ohk_"), "{text}");
    viewer.get("/v1/audit").await.problem(403, "missing_scope");
    let seen = String::from_utf8(viewer.get("/v1/events?limit=200").await.bytes).unwrap();
    assert!(seen.contains("stock.changed") && !seen.contains("audit.recorded"), "{seen}");
    let all = String::from_utf8(ann.get("/v1/events?limit=200").await.bytes).unwrap();
    assert!(all.contains("audit.recorded"));
}

#[tokio::test]
async fn the_audit_log_is_walked_whole_over_many_pages() {
    let world = World::new().await;
    let ann = owned(&world).await;
    for number in 0..230 {
        ann.post("/v1/locations", json!({"location": format!("L{number}"), "name": "L"})).await.expect(201);
    }
    let (mut numbers, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ann.get(&format!("/v1/audit?limit=60{cursor}")).await.expect(200);
        let rows = page["data"].as_array().unwrap();
        numbers.extend(rows.iter().map(|row| row["number"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let expected: Vec<i64> = (1..=numbers.len() as i64).rev().collect();
    assert_eq!(numbers, expected);
    assert!(numbers.len() >= 231, "{}", numbers.len());
}

#[tokio::test]
async fn a_link_of_the_demonstration_enters_once() {
    let world = World::new().await;
    let link = demo_link(&world.engine, &world.url, "owner@demo.example").await.unwrap().unwrap();
    let body = json!({"token": token(&link)});
    let browser = Browser::new(&world);
    let answer = browser.post("/v1/sessions/by-link", body.clone()).await;
    assert_eq!(answer.expect(201)["user"]["role"], "owner");
    browser.post("/v1/sessions/by-link", body).await.problem(410, "link_spent");
    browser.keep(&answer).get("/v1/users").await.expect(200);
}

/// Every role × every route that asks for a scope: what a role may do is what its scopes say, and nothing else.
#[tokio::test]
async fn s12_every_role_on_every_route() {
    let world = World::new().await;
    let ann = owned(&world).await;
    let reads = ["stock:read", "orders:read", "events:read"];
    let roles: [(&str, Vec<&str>); 5] = [
        ("admin", vec!["*"]),
        (
            "operator",
            [&reads[..], &["stock:write", "orders:write", "orders:fulfil", "queues:operate"]].concat(),
        ),
        ("finance", [&reads[..], &["audit:read"]].concat()),
        ("fulfilment", [&reads[..], &["orders:fulfil"]].concat()),
        ("viewer", reads.to_vec()),
    ];
    for (index, (role, scopes)) in roles.iter().enumerate() {
        let (_, browser) = let_in(&ann, &format!("p{index}@shop.example"), role).await;
        for (method, template, needed) in crate::access::ROUTES {
            // What a person does about their own sessions would end this one.
            if template.starts_with("/v1/me/") || template.starts_with("/v1/session") {
                continue;
            }
            let path = template.replace(['{', '}'], "x");
            let status = browser.call(method, &path).head().await.as_u16();
            let may = ["-", "*", "person"].contains(needed) || scopes[0] == "*" || scopes.contains(needed);
            assert_eq!(status != 403, may, "{role}: {method} {template}: {status}");
            assert_ne!(status, 401, "{role}: {method} {template}");
        }
    }
}

/// Behind a proxy people are told apart by what it heard, and nobody can say to be somebody else.
#[tokio::test]
async fn s4_a_trusted_proxy_says_whose_guesses_they_are() {
    let behind = async |trusted: &str, said: &str, world: &World| {
        let guess = json!({"email": "not an address", "password": "wrong purple staple nine"});
        let call = Browser::new(world).call("POST", "/v1/sessions").header("x-forwarded-for", said);
        let status = call.json(&guess).send().await.status.as_u16();
        assert!([401, 429].contains(&status), "{trusted}: {status}");
        status == 429
    };
    let trusted = "127.0.0.0/8, 10.0.0.1";
    let settings = Settings { trusted_proxies: trusted.parse().unwrap(), ..Settings::default() };
    let world = World::with(settings).await;
    for round in 0..20 {
        // Whatever it says before its address, the same one guesses.
        let said = format!("192.0.2.{round}, 198.51.100.1, 10.0.0.1");
        assert!(!behind(trusted, &said, &world).await, "guess {round}");
    }
    assert!(behind(trusted, "198.51.100.1", &world).await);
    assert!(!behind(trusted, "198.51.100.2", &world).await, "somebody else");

    // Nobody is trusted: what they say does not make them many.
    let world = World::new().await;
    for round in 0..20 {
        assert!(!behind("", &format!("192.0.2.{round}"), &world).await, "guess {round}");
    }
    assert!(behind("", "192.0.2.99", &world).await);
}
