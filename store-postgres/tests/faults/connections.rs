//! C2: connections that end.

use std::time::{Duration, Instant};

use onhand_rules::{Changes, Needs, Working};
use onhand_store::{Outcome, StoreError};
use onhand_testbed::{Database, Durability, FaultProxy, Reaction};

use crate::schema::address;
use crate::shop::{assert_sound, database, figures, open, options, order, server, stocked, writer};

/// Ends every connection to the database but the one that asks.
fn terminate_all(database: &Database<'_>) {
    let ended = database
        .sql(
            "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .unwrap();
    assert_ne!(ended, "0", "there was nobody to end");
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_terminated_backends_are_replaced() {
    let database = database().await;
    let store = open(options(database.url())).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 100).await;
    store.reads().ping().await.unwrap();
    for round in 0..5 {
        terminate_all(&database);
        let started = Instant::now();
        let outcome = driver.insist(&[order(1 + round, &["A"])]).await.remove(0);
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
        assert_eq!(figures(&store).await.reserved, i64::try_from(round).unwrap() + 1, "reads come back too");
        assert!(started.elapsed() < Duration::from_secs(2));
    }
    assert_sound(&store).await;
}

/// In the middle of a transaction: nothing was written, and the next one works.
#[tokio::test(flavor = "multi_thread")]
async fn c2_a_transaction_cut_before_its_commit_is_gone() {
    let database = database().await;
    let store = open(options(database.url())).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 100).await;
    let steps = ["find", "write", "commit"];
    for step in steps {
        let session = driver.session();
        let now = session.begin().await.unwrap();
        let needs = Needs { counters: true, ..Needs::default() };
        let mut working = Working::default();
        if step != "find" {
            session.find(&needs, &mut working).await.unwrap();
        }
        let changes =
            Changes { counters: Some(onhand_rules::working::Counters::default()), ..Changes::default() };
        if step == "commit" {
            session.write(&changes, &[], now).await.unwrap();
        }
        terminate_all(&database);
        let result = match step {
            "find" => session.find(&needs, &mut working).await,
            "write" => session.write(&changes, &[], now).await,
            _ => session.commit().await.map(|_| ()),
        };
        match (step, &result) {
            // After COMMIT was sent nobody can know; before that everybody does.
            ("commit", Err(StoreError::Unknown(_))) | ("find" | "write", Err(StoreError::Unavailable(_))) => {
            }
            other => panic!("{other:?}"),
        }
        let next = database.sql("select next_sku from counters").unwrap();
        assert_eq!(next, "2", "the counters were set back: the cut transaction was kept");
    }
    let outcome = driver.batch(&[order(1, &["A"])]).await.unwrap().remove(0);
    assert!(matches!(outcome, Outcome::Done(_)));
    assert_sound(&store).await;
}

/// A reader whose connection breaks under its question asks again on another one.
#[tokio::test(flavor = "multi_thread")]
async fn c2_a_lost_reader_asks_again() {
    let database = database().await;
    let (address, path) = address(database.url());
    let proxy = FaultProxy::start(address).await.unwrap();
    let store = open(options(&format!("postgres://onhand@{}/{path}", proxy.address()))).await;
    store.reads().ping().await.unwrap();
    // Two questions: only the first asking of each carries its text.
    proxy.on_request(b"last_event from feed_state", Reaction::CutBeforeRequest);
    assert_eq!(store.reads().feed_head().await, Ok(0));
    proxy.on_request(b"from api_key a order by", Reaction::CutAtReply);
    assert_eq!(store.reads().api_keys().await, Ok(Vec::new()));
    assert_eq!(proxy.triggered(), 2);
}

/// A server that does not answer at all, not even with a refusal.
#[tokio::test(flavor = "multi_thread")]
async fn c2_a_silent_server_is_unavailable_in_time() {
    let database = database().await;
    let (address, path) = address(database.url());
    let proxy = FaultProxy::start(address).await.unwrap();
    let mut options = options(&format!("postgres://onhand@{}/{path}", proxy.address()));
    options.write_timeout = Duration::from_millis(500);
    options.read_timeout = Duration::from_millis(500);
    options.connect_timeout = Duration::from_millis(500);
    let store = open(options).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 100).await;
    store.reads().ping().await.unwrap();
    proxy.lose_replies();
    let lost = driver.batch(&[order(1, &["A"])]).await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    let lost = store.reads().ping().await;
    assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{lost:?}");
    // Old connections wait for ever for what was lost; only new ones can work, so the old ones must have been given up.
    proxy.pass();
    driver.batch(&[order(1, &["A"])]).await.unwrap();
    assert_eq!(figures(&store).await.reserved, 1);
    proxy.refuse();
    proxy.cut();
    let refused = driver.batch(&[order(2, &["A"])]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    proxy.pass();
    driver.batch(&[order(2, &["A"])]).await.unwrap();
    assert_sound(&store).await;
}

/// A2, the short form: the whole server dies and comes back while the store stays.
#[tokio::test(flavor = "multi_thread")]
async fn a2_a_killed_server_comes_back() {
    let (server, url) = server(Durability::Full).await;
    let store = open(onhand_store_postgres::Options::new(&url)).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 1_000).await;
    for round in 0..3 {
        driver.batch(&[order(1 + round * 10, &["A"])]).await.unwrap();
        server.kill9().unwrap();
        let down = driver.batch(&[order(2 + round * 10, &["A"])]).await;
        assert!(matches!(down, Err(StoreError::Unavailable(_))), "{down:?}");
        let down = store.reads().feed_head().await;
        assert!(matches!(down, Err(StoreError::Unavailable(_))), "{down:?}");
        server.restart().unwrap();
        driver.batch(&[order(3 + round * 10, &["A"])]).await.unwrap();
    }
    assert_eq!(figures(&store).await.reserved, 6);
    assert_sound(&store).await;
}
