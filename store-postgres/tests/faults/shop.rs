//! A small shop on a database, and the few things that every fault is tried with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use onhand_rules::commands::{ChangeStock, CreateLocation, CreateSku, PlaceOrder, Reason, StockItem};
use onhand_rules::holding::LineRequest;
use onhand_rules::{OrderId, Quantities};
use onhand_store::contract::{Driver, Request};
use onhand_store::verify::verify;
use onhand_store::{Outcome, Store, StoreError};
use onhand_store_postgres::{Options, PostgresStore};
use onhand_testbed::{Database, Durability, Postgres};

/// A database of the server that all tests share.
pub(crate) async fn database() -> Database<'static> {
    let made = tokio::task::spawn_blocking(|| Postgres::shared(Durability::Fast)?.fresh_database());
    made.await.expect("no panic").expect("a database")
}

/// A server of the test's own, with an empty database.
pub(crate) async fn server(durability: Durability) -> (Arc<Postgres>, String) {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let made = tokio::task::spawn_blocking(move || {
        let server = Postgres::start(durability).expect("a server");
        let name = format!("shop{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let url = server.create_database(&name).expect("a database");
        (Arc::new(server), url)
    });
    made.await.expect("no panic")
}

/// Options for a server that loses everything with the power.
pub(crate) fn options(url: &str) -> Options {
    let mut options = Options::new(url);
    options.unsafe_durability = true;
    options
}

pub(crate) async fn open(options: Options) -> Arc<dyn Store> {
    Arc::new(PostgresStore::connect(options).await.expect("a store"))
}

/// A writer that checks nothing behind the test's back.
pub(crate) async fn writer(store: &Arc<dyn Store>, number: u128) -> Driver {
    let mut driver = Driver::new(store, number * 1_000_000).await;
    driver.read_back = false;
    driver
}

pub(crate) fn receive(sku: &str, units: i64) -> Request {
    Request::of(ChangeStock {
        items: vec![StockItem::Adjust {
            sku: sku.into(),
            location: "L".into(),
            delta: units,
            reason: Reason::Received,
            note: None,
        }],
    })
}

/// Makes the SKUs, without any stock row.
pub(crate) async fn catalogue(driver: &mut Driver, skus: &[&str]) {
    let mut batch = vec![Request::of(CreateLocation { code: "L".into(), name: "Place".into() })];
    batch.extend(skus.iter().map(|code| {
        Request::of(CreateSku {
            code: (*code).into(),
            name: (*code).into(),
            components: Vec::new(),
            backorder_limit: 0,
        })
    }));
    insist(driver, &batch).await;
}

/// Makes the SKUs, each with so many units.
pub(crate) async fn stocked(driver: &mut Driver, skus: &[&str], units: i64) {
    catalogue(driver, skus).await;
    let batch: Vec<Request> = skus.iter().map(|code| receive(code, units)).collect();
    insist(driver, &batch).await;
}

async fn insist(driver: &mut Driver, batch: &[Request]) {
    for outcome in driver.insist(batch).await {
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
}

/// An order of one unit of each SKU, in this order.
pub(crate) fn order(id: u128, skus: &[&str]) -> Request {
    let line =
        |sku: &&str| LineRequest { sku: (*sku).into(), location: "L".into(), quantity: 1, unit_minor: None };
    Request::of(PlaceOrder {
        id: OrderId(id),
        channel: "api".into(),
        reference: Some(format!("R-{id}")),
        lines: skus.iter().map(line).collect(),
        hold_ms: 600_000,
        confirm: false,
        forced: false,
        payment_reference: None,
        currency: None,
    })
}

/// The figures of the first stock row.
pub(crate) async fn figures(store: &Arc<dyn Store>) -> Quantities {
    store.reads().stock(&Default::default(), 1).await.expect("stock").rows[0].stock.figures
}

pub(crate) async fn assert_sound(store: &Arc<dyn Store>) {
    let report = verify(store.reads(), &mut |_| ()).await.expect("verify");
    assert!(report.is_clean(), "{report:#?}");
}

/// Asks until the answer is yes. Asking takes a process, so this is no busy loop.
pub(crate) async fn until(what: &str, mut ask: impl FnMut() -> bool + Send) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !tokio::task::block_in_place(&mut ask) {
        assert!(Instant::now() < deadline, "in vain: {what}");
        tokio::task::yield_now().await;
    }
}

pub(crate) fn broken(error: Result<PostgresStore, StoreError>) -> String {
    match error {
        Err(StoreError::Broken(text)) => text,
        other => panic!("should have been refused as broken: {other:?}"),
    }
}
