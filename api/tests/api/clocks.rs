//! Keys, sessions and links when clocks lie: what has ended stays ended, and the database's clock is the only one.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use onhand_api::Settings;
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{Database, Durability, Postgres};
use serde_json::json;

use crate::people::{Browser, PASSWORD, let_in, owned, token};
use crate::world::{TestClock, World};

/// 2030-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_893_456_000_000;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A key that ends at this time: what stands in the header.
async fn key_until(world: &World, end: &str) -> String {
    let body = json!({"name": "a test", "scopes": ["stock:read"], "expires_at": end});
    let made = world.post("/v1/api-keys", body).await.expect(201);
    format!("Bearer {}", made["secret"].as_str().unwrap())
}

async fn status(world: &World, bearer: &str) -> u16 {
    world.call("GET", "/v1/skus").header("authorization", bearer).send().await.status.as_u16()
}

/// Asks until the answer is this one: a step of the clock is noticed within a second.
async fn until(world: &World, bearer: &str, wanted: u16) {
    let begun = Instant::now();
    while status(world, bearer).await != wanted {
        assert!(begun.elapsed() < Duration::from_secs(20), "never {wanted}");
    }
}

/// Asks for so long that the clock was looked at again, however it was remembered, and always has this answer.
async fn always(world: &World, clock: &TestClock, bearer: &str, wanted: u16) {
    // The pulse looks four times a second and requests once.
    let enough = clock.looks() + 12;
    while clock.looks() < enough {
        assert_eq!(status(world, bearer).await, wanted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_a_key_that_ended_stays_ended_when_the_clock_goes_back() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let short = key_until(&world, "2030-01-01T00:30:00Z").await;
    let long = key_until(&world, "2030-01-01T02:00:00Z").await;
    assert_eq!(status(&world, &short).await, 200);
    clock.set(NEW_YEAR + HOUR);
    until(&world, &short, 401).await;

    // Nothing was written meanwhile: the process alone knows what time it was.
    clock.set(NEW_YEAR);
    always(&world, &clock, &short, 401).await;
    assert_eq!(status(&world, &long).await, 200);

    // With the next commit the database knows too.
    clock.set(NEW_YEAR + HOUR);
    world.stocked("A", 0).await;
    clock.set(NEW_YEAR);
    let world = world.restart().await;
    always(&world, &clock, &short, 401).await;
    assert_eq!(status(&world, &long).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_a_session_that_ended_stays_ended_when_the_clock_goes_back() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let ann = owned(&world).await;
    ann.get("/v1/skus").await.expect(200);
    clock.set(NEW_YEAR + 13 * HOUR);
    let begun = Instant::now();
    while ann.get("/v1/skus").await.status.as_u16() != 401 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the session never ends");
    }
    clock.set(NEW_YEAR);
    let enough = clock.looks() + 12;
    while clock.looks() < enough {
        ann.get("/v1/skus").await.problem(401, "unauthenticated");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_a_link_that_was_too_old_is_never_good_again() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR);
    let world = World::with_clock(&clock).await;
    let ann = owned(&world).await;
    let (id, _) = let_in(&ann, "bob@shop.example", "viewer").await;
    let link = ann.post(&format!("/v1/users/{id}/link"), json!({})).await.expect(200);
    let set = json!({"token": token(link["url"].as_str().unwrap()), "password": PASSWORD});
    clock.set(NEW_YEAR + 2 * HOUR);
    Browser::new(&world).post("/v1/passwords", set.clone()).await.problem(410, "link_spent");
    clock.set(NEW_YEAR);
    Browser::new(&world).post("/v1/passwords", set).await.problem(410, "link_spent");
}

/// Telephones do not stand still with the ledger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d1_codes_of_authenticators_are_those_of_the_clock_as_it_stands() {
    let clock = TestClock::default();
    clock.set(NEW_YEAR + HOUR);
    let world = World::with_clock(&clock).await;
    let ann = owned(&world).await;
    // It had been an hour ahead.
    clock.set(NEW_YEAR);
    let begun = ann.post("/v1/me/totp", json!({})).await.expect(200);
    let seconds = u64::try_from(NEW_YEAR / 1_000).unwrap();
    let secret = begun["secret"].as_str().unwrap();
    let code = crate::totp::code_at(secret, seconds);
    ann.post("/v1/me/totp/confirm", json!({"code": code})).await.expect(200);
    // Its code is spent, also when the clock goes back to before it.
    clock.set(NEW_YEAR - 30_000);
    let sign_in = json!({"email": "ann@shop.example", "password": PASSWORD, "code": code});
    let refused = Browser::new(&world).post("/v1/sessions", sign_in).await;
    refused.problem(401, "second_factor_wrong");
}

/// A database whose server's clock is so far from this machine's, from the beginning.
fn skewed<'a>(server: &'a Postgres, minutes: i64) -> Database<'a> {
    let database = server.fresh_database().unwrap();
    let name = database.name().to_owned();
    database
        .sql(&format!(
            "create function public.clock_timestamp() returns timestamptz language sql volatile as \
             $$ select pg_catalog.clock_timestamp() + interval '{minutes} minutes' $$"
        ))
        .unwrap();
    database.sql(&format!("alter database \"{name}\" set search_path = public, pg_catalog")).unwrap();
    database
}

async fn node(database: &Database<'_>) -> World {
    let mut options = Options::new(database.url());
    options.unsafe_durability = true;
    World::over(Arc::new(PostgresStore::connect(options).await.unwrap()), Settings::default()).await
}

/// This machine's time, so many minutes on, as requests carry it.
fn minutes_from_now(server: &Postgres, minutes: i64) -> String {
    let format = "YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"";
    let text = format!("select to_char(now() at time zone 'utc' + interval '{minutes} minutes', '{format}')");
    server.sql("postgres", &text).unwrap()
}

/// Two nodes whose clocks differ from the database's by five minutes, either way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_postgres_a_node_with_another_clock_judges_by_the_databases() {
    let server = Postgres::shared(Durability::Fast).unwrap();
    let soon = minutes_from_now(server, 2);
    let just_over = minutes_from_now(server, -2);

    // The nodes are five minutes behind: what ends in two minutes by their clocks has ended.
    let ahead = skewed(server, 5);
    let one = node(&ahead).await;
    let ended = key_until(&one, &soon).await;
    let lives = key_until(&one, &minutes_from_now(server, 8)).await;
    assert_eq!(status(&one, &ended).await, 401);
    assert_eq!(status(&one, &lives).await, 200);
    let two = node(&ahead).await;
    assert_eq!(status(&two, &ended).await, 401);
    assert_eq!(status(&two, &lives).await, 200);

    // They are five minutes ahead: what ended two minutes ago by their clocks has three to go.
    let behind = skewed(server, -5);
    let one = node(&behind).await;
    let lives = key_until(&one, &just_over).await;
    let ended = key_until(&one, &minutes_from_now(server, -8)).await;
    assert_eq!(status(&one, &lives).await, 200);
    assert_eq!(status(&one, &ended).await, 401);

    // And so do the codes of authenticators.
    let ann = owned(&one).await;
    let begun = ann.post("/v1/me/totp", json!({})).await.expect(200);
    let secret = begun["secret"].as_str().unwrap();
    let here = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let by_the_node = json!({"code": crate::totp::code_at(secret, here)});
    ann.post("/v1/me/totp/confirm", by_the_node).await.problem(401, "second_factor_wrong");
    let by_the_database = json!({"code": crate::totp::code_at(secret, here - 300)});
    ann.post("/v1/me/totp/confirm", by_the_database).await.expect(200);
}
