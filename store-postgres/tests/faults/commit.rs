//! C3 and C4: commits whose outcome nobody was told.

use std::sync::Arc;
use std::time::Duration;

use onhand_store::contract::Driver;
use onhand_store::{Outcome, Store, StoreError};
use onhand_store_postgres::Options;
use onhand_testbed::{Durability, FaultProxy, Postgres, Reaction};

use crate::schema::address;
use crate::shop::{assert_sound, database, figures, open, options, order, server, stocked, until, writer};

/// Sends the batch again under its key, as a client does who was told that nobody knows: one effect, one answer.
async fn resolved(store: &Arc<dyn Store>, driver: &mut Driver, id: u128, reserved: i64) {
    let request = order(id, &["A"]).keyed(&format!("key-{id}"));
    let first = driver.insist(std::slice::from_ref(&request)).await.remove(0);
    assert!(matches!(first, Outcome::Done(_)), "{first:?}");
    let again = driver.insist(&[request]).await.remove(0);
    assert_eq!(first, again);
    assert_eq!(figures(store).await.reserved, reserved, "one effect for each key");
    assert_sound(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_a_connection_cut_at_commit_leaves_the_outcome_unknown() {
    let database = database().await;
    let (address, path) = address(database.url());
    let proxy = FaultProxy::start(address).await.unwrap();
    let mut options = options(&format!("postgres://onhand@{}/{path}", proxy.address()));
    options.commit_timeout = Duration::from_millis(500);
    let store = open(options).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 100).await;
    let reactions = [Reaction::CutAtReply, Reaction::LoseReplies, Reaction::CutBeforeRequest];
    for (number, reaction) in (1_i64..).zip(reactions) {
        let id = u128::try_from(number).unwrap();
        proxy.on_request(b"commit\0", reaction);
        let cut = driver.batch(&[order(id, &["A"]).keyed(&format!("key-{id}"))]).await;
        assert!(matches!(cut, Err(StoreError::Unknown(_))), "{reaction:?}: {cut:?}");
        assert_eq!(proxy.triggered(), number.unsigned_abs(), "the cut was where it should be");
        proxy.pass();
        resolved(&store, &mut driver, id, number).await;
    }
}

/// The same cut one step earlier is no mystery.
#[tokio::test(flavor = "multi_thread")]
async fn c3_a_connection_cut_before_commit_is_unavailable() {
    let database = database().await;
    let (address, path) = address(database.url());
    let proxy = FaultProxy::start(address).await.unwrap();
    let store = open(options(&format!("postgres://onhand@{}/{path}", proxy.address()))).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 100).await;
    for (number, reaction) in (1..).zip([Reaction::CutAtReply, Reaction::CutBeforeRequest]) {
        let id = u128::try_from(number).unwrap();
        // The reference of the order is seen first when its reference is looked up, which is before the writing.
        proxy.on_request(format!("R-{id}").as_bytes(), reaction);
        let cut = driver.batch(&[order(id, &["A"]).keyed(&format!("key-{id}"))]).await;
        assert!(matches!(cut, Err(StoreError::Unavailable(_))), "{reaction:?}: {cut:?}");
        assert_eq!(figures(&store).await.reserved, number - 1);
        resolved(&store, &mut driver, id, number).await;
    }
}

fn set(server: &Postgres, setting: &str, value: &str) {
    server.sql("postgres", &format!("alter system set {setting} = '{value}'")).unwrap();
    server.sql("postgres", "select pg_reload_conf()").unwrap();
}

async fn shown(server: &Postgres, setting: &str, value: &str) {
    until(setting, || server.sql("postgres", &format!("show {setting}")).unwrap() == value).await;
}

/// A server that ends the connection while it commits says so, but not whether it has.
#[tokio::test(flavor = "multi_thread")]
async fn c3_a_backend_that_is_ended_during_commit_leaves_the_outcome_unknown() {
    let database = database().await;
    let store = open(options(database.url())).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 100).await;
    // Holds the head of the feed until somebody waits for it, and ends that one.
    let sql = "do $$ declare victim integer; begin \
                 update feed_state set last_ms = last_ms; \
                 loop \
                   perform pg_stat_clear_snapshot(); \
                   select pid into victim from pg_stat_activity \
                     where datname = current_database() and wait_event_type = 'Lock'; \
                   exit when victim is not null; \
                 end loop; \
                 perform pg_terminate_backend(victim, 5000); \
               end $$";
    let batch = [order(1, &["A"]).keyed("key-1")];
    std::thread::scope(|scope| {
        let holder = scope.spawn(|| database.sql(sql).unwrap());
        let ended = tokio::task::block_in_place(|| {
            // The lock may come first to either; whoever comes second waits.
            tokio::runtime::Handle::current().block_on(async {
                loop {
                    match driver.batch(&batch).await {
                        Ok(_) if !holder.is_finished() => {}
                        ended => break ended,
                    }
                }
            })
        });
        assert!(matches!(ended, Err(StoreError::Unknown(_))), "{ended:?}");
    });
    resolved(&store, &mut driver, 1, 1).await;
}

/// The server says success, with a warning that the standby may not have it. That is no success.
#[tokio::test(flavor = "multi_thread")]
async fn c4_a_cancelled_wait_for_the_standby_is_unknown() {
    let (server, url) = server(Durability::Full).await;
    let store = open(Options::new(&url)).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 100).await;
    set(&server, "synchronous_standby_names", "ghost");
    shown(&server, "synchronous_standby_names", "ghost").await;
    for end in ["pg_cancel_backend", "pg_terminate_backend"] {
        let id = if end == "pg_cancel_backend" { 1 } else { 2 };
        let batch = [order(id, &["A"]).keyed(&format!("key-{id}"))];
        let waiting = async {
            let committed = driver.batch(&batch).await;
            match &committed {
                Err(StoreError::Unknown(text)) => {
                    assert!(!text.contains("in time"), "it gave up by itself: {text}")
                }
                other => panic!("{end}: {other:?}"),
            }
        };
        let cancelling = until("a commit that waits for the ghost", || {
            let sql = format!("select count({end}(pid)) from pg_stat_activity where wait_event = 'SyncRep'");
            server.sql("postgres", &sql).unwrap() != "0"
        });
        tokio::join!(waiting, cancelling);
        assert_eq!(store.not_replicated(), u64::try_from(id).unwrap(), "whoever watches is told");
    }
    set(&server, "synchronous_standby_names", "");
    shown(&server, "synchronous_standby_names", "").await;
    resolved(&store, &mut driver, 1, 2).await;
    resolved(&store, &mut driver, 2, 2).await;
}
