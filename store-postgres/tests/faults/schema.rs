//! A15: schemas that are not ours, and migrations that are cut off.

use std::net::SocketAddr;

use onhand_store::StoreError;
use onhand_store_postgres::PostgresStore;
use onhand_testbed::{FaultProxy, Reaction};

use crate::shop::{assert_sound, broken, database, open, options, stocked, writer};

#[tokio::test(flavor = "multi_thread")]
async fn a15_a_newer_schema_is_refused() {
    let database = database().await;
    let store = open(options(database.url())).await;
    let mut driver = writer(&store, 1).await;
    stocked(&mut driver, &["A"], 1).await;
    database.sql("insert into migration (number, name, checksum) values (99, 'future', '')").unwrap();
    let text = broken(PostgresStore::connect(options(database.url())).await);
    assert!(text.contains("schema 99") && text.contains("newer version"), "{text}");
    // A writer that was there before the upgrade is refused when it comes back.
    database
        .sql(
            "select pg_terminate_backend(pid) from pg_stat_activity \
             where datname = current_database() and pid <> pg_backend_pid()",
        )
        .unwrap();
    let back = driver.session().begin().await;
    assert!(matches!(&back, Err(StoreError::Broken(text)) if text.contains("schema 99")), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_an_edited_migration_is_refused() {
    let database = database().await;
    drop(open(options(database.url())).await);
    database.sql("update migration set checksum = 'edited'").unwrap();
    let text = broken(PostgresStore::connect(options(database.url())).await);
    assert!(text.contains("migration 1 (ledger)"), "{text}");
}

/// Cut before the record of a step, at its commit, and at the answer to its commit: nothing, nothing, everything.
#[tokio::test(flavor = "multi_thread")]
async fn a15_a_migration_that_is_cut_off_happens_wholly_or_not() {
    let cuts: [(&[u8], Reaction, &str); 3] = [
        (b"insert into migration", Reaction::CutBeforeRequest, "0"),
        (b"commit\0", Reaction::CutBeforeRequest, "0"),
        (b"commit\0", Reaction::CutAtReply, "1"),
    ];
    for (bytes, reaction, tables) in cuts {
        let database = database().await;
        let (address, path) = address(database.url());
        let proxy = FaultProxy::start(address).await.unwrap();
        proxy.on_request(bytes, reaction);
        let cut =
            PostgresStore::connect(options(&format!("postgres://onhand@{}/{path}", proxy.address()))).await;
        assert!(matches!(cut, Err(StoreError::Unavailable(_))), "{cut:?}");
        assert_eq!(proxy.triggered(), 1);
        let there = "select count(*) from pg_class where relname = 'movement' and relkind = 'r'";
        crate::shop::until("the server ends the cut transaction", || {
            let busy = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";
            database.sql(busy).unwrap() == "0"
        })
        .await;
        assert_eq!(database.sql(there).unwrap(), tables, "{reaction:?}");
        let store = open(options(database.url())).await;
        let mut driver = writer(&store, 1).await;
        stocked(&mut driver, &["A"], 1).await;
        assert_sound(&store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a15_replicas_that_start_together_take_turns() {
    let database = database().await;
    let starts: Vec<_> = (0..6).map(|_| tokio::spawn(open(options(database.url())))).collect();
    for start in starts {
        start.await.expect("every replica starts");
    }
    assert_eq!(database.sql("select count(*) - count(distinct number) from migration").unwrap(), "0");
}

/// Host and port, and the name of the database.
pub(crate) fn address(url: &str) -> (SocketAddr, String) {
    let rest = url.rsplit('@').next().unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    (address.parse().unwrap(), path.to_owned())
}
