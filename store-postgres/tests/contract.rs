//! The behaviour of every store, on PostgreSQL.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "this is test code outside of test functions: a panic is how it says no"
)]

use std::sync::Arc;

use onhand_store::Store;
use onhand_store::contract::Fixture;
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{Durability, Postgres};

async fn open(url: String) -> Arc<dyn Store> {
    let mut options = Options::new(url);
    // The shared server answers fast because it would lose everything with the power: nothing here is about that.
    options.unsafe_durability = true;
    // Looks for work are judged as on a machine that is never busy: a short one may miss something for a second.
    options.slow_look = std::time::Duration::MAX;
    Arc::new(PostgresStore::connect(options).await.expect("a database"))
}

async fn past_the_store(url: &str, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("a connection");
    let moved = tokio::spawn(connection);
    client.batch_execute(sql).await.expect("a statement");
    drop(client);
    moved.await.expect("no panic").expect("an orderly end");
}

async fn fixture() -> Fixture {
    let database = tokio::task::spawn_blocking(|| {
        let server = Postgres::shared(Durability::Fast)?;
        server.fresh_database()
    });
    let database = database.await.expect("no panic").expect("a server");
    let url = database.url().to_owned();
    let (store, past) = (open(url.clone()).await, url.clone());
    Fixture {
        store,
        reopen: Box::new(move |store| {
            let url = url.clone();
            Box::pin(async move {
                assert_eq!(Arc::strong_count(&store), 1, "somebody still holds the store");
                drop(store);
                open(url).await
            })
        }),
        set_clock: None,
        sql: Box::new(move |sql| {
            let url = past.clone();
            Box::pin(async move { past_the_store(&url, &sql).await })
        }),
        guard: Box::new(database),
    }
}

onhand_store::contract_tests!(fixture);
