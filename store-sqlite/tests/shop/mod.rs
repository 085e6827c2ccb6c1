//! A small shop over a database: something to sell, and somebody who does.
#![allow(clippy::expect_used, reason = "this is test code")]
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;

use onhand_rules::commands::{ChangeStock, CreateLocation, CreateSku, PlaceOrder, Reason, StockItem};
use onhand_rules::holding::LineRequest;
use onhand_rules::{LocationId, OrderId, PrincipalId, SkuId, StockKey};
use onhand_store::contract::{Driver, Request};
use onhand_store::verify::verify;
use onhand_store::{Store, StoreError};
use onhand_store_sqlite::{Options, SqliteStore};

/// The one stock row of the shop.
pub(crate) const ROW: StockKey = StockKey { sku: SkuId(1), location: LocationId(1) };
/// Units at the beginning.
pub(crate) const UNITS: i64 = 1_000_000_000;

pub(crate) struct Shop {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) driver: Driver,
}

impl Shop {
    /// A new database with one SKU in stock.
    pub(crate) async fn new(dir: &Path) -> Self {
        let mut shop = Self::open(dir);
        let note = Some("the opening stock of this shop".to_owned());
        let catalogue = [
            Request::of(CreateLocation { code: "main".into(), name: "Main".into() }),
            Request::of(CreateSku {
                code: "tea".into(),
                name: "Tea".into(),
                components: Vec::new(),
                backorder_limit: 0,
            }),
        ];
        shop.driver.batch(&catalogue).await.expect("a catalogue");
        let item = StockItem::Adjust {
            sku: "tea".into(),
            location: "main".into(),
            delta: UNITS,
            reason: Reason::Received,
            note,
        };
        let stock = [Request::of(ChangeStock { items: vec![item] })];
        shop.driver.batch(&stock).await.expect("stock");
        shop
    }

    /// A database that is there.
    pub(crate) fn open(dir: &Path) -> Self {
        let store = SqliteStore::open(Options::new(dir)).expect("the database");
        Self::over(Arc::new(store))
    }

    pub(crate) fn over(store: Arc<dyn Store>) -> Self {
        let mut driver = wait(Driver::new(&store, u128::from(std::process::id()) << 64));
        driver.read_back = false;
        Self { store, driver }
    }

    /// Sells one unit in each of `count` orders, in one transaction; `first` numbers the first of them.
    pub(crate) async fn sell(&mut self, first: u64, count: u64) -> Result<(), StoreError> {
        let batch: Vec<Request> = (first..first + count).map(order).collect();
        self.driver.batch(&batch).await.map(|_| ())
    }

    /// Whether the order with this number was recorded.
    pub(crate) async fn has(&self, number: u64) -> bool {
        let found = self.store.reads().operations(PrincipalId(7), &key(number)).await;
        !found.expect("a read").is_empty()
    }

    /// Units held by orders, as the stock row says.
    pub(crate) async fn reserved(&self) -> i64 {
        let page = self.store.reads().stock(&Default::default(), 1).await.expect("a read");
        page.rows.first().map_or(0, |view| view.stock.figures.reserved)
    }

    /// Panics unless every invariant holds and exactly the orders with numbers from 1 to `sold` are there.
    pub(crate) async fn holds_exactly(&self, sold: u64) {
        let report = verify(self.store.reads(), &mut |_| ()).await.expect("verify");
        assert!(report.is_clean(), "{report:#?}");
        assert_eq!(self.reserved().await, i64::try_from(sold).expect("few"), "units sold");
        for number in 1..=sold {
            assert!(self.has(number).await, "order {number} was acknowledged and is gone");
        }
        assert!(!self.has(sold + 1).await, "order {} was never acknowledged", sold + 1);
    }
}

fn key(number: u64) -> String {
    format!("order-{number:012}")
}

fn order(number: u64) -> Request {
    let place = PlaceOrder {
        id: OrderId(u128::from(number)),
        channel: "api".into(),
        reference: Some(format!("R-{number}")),
        lines: vec![LineRequest {
            sku: "tea".into(),
            location: "main".into(),
            quantity: 1,
            unit_minor: None,
        }],
        hold_ms: 3_600_000,
        confirm: false,
        forced: false,
        payment_reference: None,
        currency: None,
    };
    Request::of(place).keyed(&key(number))
}

/// Runs what is not really asynchronous to its end.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

/// Copies the database and its log as a crash would leave them: while they are in use.
pub(crate) fn crashed_copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("a directory");
    for name in ["onhand.sqlite", "onhand.sqlite-wal"] {
        std::fs::copy(from.join(name), to.path().join(name)).expect("a copy");
    }
    to
}

pub(crate) fn log_of(dir: &Path) -> PathBuf {
    dir.join("onhand.sqlite-wal")
}

/// The environment variable that makes a test binary run one of its child roles instead of its tests.
pub(crate) const ROLE: &str = "ONHAND_TEST_ROLE";
/// Where the child finds its database.
pub(crate) const DIR: &str = "ONHAND_TEST_DIR";

/// This test binary again, as a process of its own in the given role, started through `wrapper` (strace, a shell).
/// The binary must have a test named `child` that does what the role says.
pub(crate) fn spawn(role: &str, dir: &Path, wrapper: &[&str]) -> Child {
    let binary = std::env::current_exe().expect("this binary");
    let mut command = match wrapper {
        [] => Process::new(&binary),
        [program, arguments @ ..] => {
            let mut command = Process::new(program);
            command.args(arguments).arg(&binary);
            command
        }
    };
    command
        .args(["--exact", "child", "--nocapture"])
        .env(ROLE, role)
        .env(DIR, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child process")
}

/// The role of this process, if it is a child.
pub(crate) fn role() -> Option<(String, PathBuf)> {
    let role = std::env::var(ROLE).ok()?;
    Some((role, std::env::var_os(DIR)?.into()))
}
