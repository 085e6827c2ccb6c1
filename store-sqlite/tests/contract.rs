//! The behaviour of every store, on SQLite.
#![allow(clippy::expect_used, reason = "this is test code")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use onhand_store::Store;
use onhand_store::contract::{Fixture, START};
use onhand_store_sqlite::{Options, SqliteStore};

async fn fixture() -> Fixture {
    let dir = tempfile::tempdir().expect("a directory");
    let time = Arc::new(AtomicI64::new(START));
    let read = Arc::clone(&time);
    let file = dir.path().join("onhand.sqlite");
    let mut options = Options::new(dir.path());
    options.clock = Arc::new(move || read.load(Ordering::SeqCst));
    let store = SqliteStore::open(options.clone()).expect("a database");
    Fixture {
        store: Arc::new(store),
        reopen: Box::new(move |store| {
            let options = options.clone();
            Box::pin(async move {
                assert_eq!(Arc::strong_count(&store), 1, "somebody still holds the store");
                drop(store);
                Arc::new(SqliteStore::open(options).expect("the same database")) as Arc<dyn Store>
            })
        }),
        set_clock: Some(Box::new(move |at| time.store(at, Ordering::SeqCst))),
        sql: Box::new(move |sql| {
            let file = file.clone();
            Box::pin(async move {
                let connection = rusqlite::Connection::open(file).expect("the file");
                connection.execute_batch(&sql).expect("a statement");
            })
        }),
        guard: Box::new(dir),
    }
}

onhand_store::contract_tests!(fixture);
