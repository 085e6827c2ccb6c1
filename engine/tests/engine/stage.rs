//! What the tests stand on: a database, a shop in it, and ways to ask.

use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use onhand_engine::{Answer, Engine, Request, Settings, SubmitError, ids};
use onhand_rules::commands::channels::{Publish, Urgency};
use onhand_rules::commands::{
    ChangeStock, ConfirmOrder, CreateLocation, CreateSku, PlaceOrder, Reason, StockItem,
};
use onhand_rules::holding::LineRequest;
use onhand_rules::{Command, ListingId, Order, OrderId, PrincipalId, Quantities, Receipt, Refusal, Stock};
use onhand_store::faulty::{FaultPlan, FaultyStore};
use onhand_store::{OpKey, Outcome, StockFilter, Store};
use onhand_store_postgres::PostgresStore;
use onhand_store_sqlite::SqliteStore;
use onhand_testbed::{Database, Durability, Postgres};
use tempfile::TempDir;

/// Runs each test on both databases.
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::stage::Stage::sqlite().await).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::stage::Stage::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both;

pub(crate) const MAIN: &str = "main";
pub(crate) const HOUR: i64 = 60 * 60 * 1000;
/// A test that waits for so many turns has failed.
const TURNS: u32 = 600;
/// A minute has six hundred of them on a machine that runs. One that stands still (virtual machines do, for half a minute
/// and more) goes on with a clock that has moved: it has lost one turn and not the minute.
const TURN: Duration = Duration::from_millis(100);

enum Home {
    Sqlite(TempDir),
    Postgres(Database<'static>),
    /// Of another process, which looks after it.
    Elsewhere,
}

/// The ledger clock never goes back behind the last event; so it can be put forward.
const PUT_FORWARD: &str = "update feed_state set last_ms = greatest(last_ms, $1 + (extract(epoch from clock_timestamp()) * 1000)::bigint)";

/// A connection of its own, which ends with its client.
async fn connected(url: &str) -> Result<tokio_postgres::Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Lets a clock that was put forward go on. It would stand still until the server's own had come so far, and nothing that
/// waits for a time would ever be due.
struct Ticker(tokio::task::JoinHandle<()>);

impl Ticker {
    fn start(url: String, off: Arc<AtomicI64>) -> Self {
        Self(tokio::spawn(async move {
            let Ok(client) = connected(&url).await else { return };
            let mut turn = tokio::time::interval(Duration::from_millis(20));
            turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                turn.tick().await;
                if client.execute(PUT_FORWARD, &[&off.load(Ordering::SeqCst)]).await.is_err() {
                    return;
                }
            }
        }))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A database of a test's own.
pub(crate) struct Stage {
    /// Once PostgreSQL's clock was put forward. Ends before its database does.
    ticker: OnceLock<Ticker>,
    home: Home,
    pub(crate) store: Arc<dyn Store>,
    /// Milliseconds by which the clock was put forward.
    pub(crate) clock_off: Arc<AtomicI64>,
}

impl Stage {
    pub(crate) async fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock_off = Arc::new(AtomicI64::new(0));
        let store = open_sqlite(dir.path(), &clock_off).expect("a database");
        Self { ticker: OnceLock::new(), home: Home::Sqlite(dir), store, clock_off }
    }

    pub(crate) async fn postgres() -> Self {
        let database = tokio::task::spawn_blocking(|| Postgres::shared(Durability::Fast)?.fresh_database());
        let database = database.await.expect("no panic").expect("a server");
        let store = open_postgres(database.url()).await;
        Self { ticker: OnceLock::new(), home: Home::Postgres(database), store, clock_off: Arc::default() }
    }

    /// On the database that another process has lent.
    pub(crate) async fn at(place: &str) -> Self {
        let clock_off = Arc::new(AtomicI64::new(0));
        let store = match place.split_once(' ') {
            Some((dir, off)) => {
                clock_off.store(off.parse().expect("milliseconds"), Ordering::SeqCst);
                open_sqlite(Path::new(dir), &clock_off).expect("a database")
            }
            None => open_postgres(place).await,
        };
        Self { ticker: OnceLock::new(), home: Home::Elsewhere, store, clock_off }
    }

    /// Gives the database to a process that opens it with [`Stage::at`], until `work` is over.
    pub(crate) async fn lend<T>(self, work: impl AsyncFnOnce(&str) -> T) -> (Self, T) {
        let Self { home, store, clock_off, .. } = self;
        drop(store);
        let place = match &home {
            Home::Postgres(database) => database.url().to_owned(),
            Home::Sqlite(dir) => format!("{} {}", dir.path().display(), clock_off.load(Ordering::SeqCst)),
            Home::Elsewhere => panic!("this stage is lent already"),
        };
        if let Home::Sqlite(dir) = &home {
            free(dir.path(), &clock_off).await;
        }
        let done = work(&place).await;
        (Self::reopen(home, clock_off).await, done)
    }

    /// Only where the test is about PostgreSQL.
    pub(crate) fn database(&self) -> &Database<'static> {
        match &self.home {
            Home::Postgres(database) => database,
            Home::Sqlite(_) | Home::Elsewhere => panic!("this stage is not on a PostgreSQL of its own"),
        }
    }

    /// Whether a process must end when it does not know whether a commit happened.
    pub(crate) fn unknown_is_fatal(&self) -> bool {
        self.store.capabilities().unknown_is_fatal
    }

    /// An engine without a pulse.
    pub(crate) async fn engine(&self) -> Engine {
        self.engine_with(quiet()).await
    }

    pub(crate) async fn engine_with(&self, settings: Settings) -> Engine {
        Engine::start(self.store.clone(), settings).await.expect("an engine")
    }

    /// An engine whose database fails when it is told to.
    pub(crate) async fn faulty(&self, settings: Settings) -> (Engine, FaultPlan) {
        let plan = FaultPlan::default();
        let store = Arc::new(FaultyStore::new(self.store.clone(), plan.clone()));
        (Engine::start(store, settings).await.expect("an engine"), plan)
    }

    /// A second process, as far as the database can tell.
    pub(crate) async fn replica(&self, settings: Settings) -> Engine {
        let store = open_postgres(self.database().url()).await;
        Engine::start(store, settings).await.expect("an engine")
    }

    /// Lets so much time pass on the ledger clock.
    pub(crate) async fn pass(&self, millis: i64) {
        let off = self.clock_off.fetch_add(millis, Ordering::SeqCst) + millis;
        let Home::Postgres(database) = &self.home else { return };
        let client = connected(database.url()).await.expect("a connection");
        client.execute(PUT_FORWARD, &[&off]).await.expect("an update");
        self.ticker.get_or_init(|| Ticker::start(database.url().to_owned(), self.clock_off.clone()));
    }

    /// Ends this process, as far as the database can tell, and starts it again.
    pub(crate) async fn restart(self) -> Self {
        let Self { home, store, clock_off, .. } = self;
        drop(store);
        Self::reopen(home, clock_off).await
    }

    async fn reopen(home: Home, clock_off: Arc<AtomicI64>) -> Self {
        let store = match &home {
            Home::Postgres(database) => open_postgres(database.url()).await,
            Home::Sqlite(dir) => free(dir.path(), &clock_off).await,
            Home::Elsewhere => panic!("this stage is lent"),
        };
        Self { ticker: OnceLock::new(), home, store, clock_off }
    }

    /// Every invariant, on everything that is there.
    pub(crate) async fn verify(&self) {
        let report = onhand_store::verify::verify(self.store.reads(), &mut |_| {}).await.expect("a report");
        assert!(report.is_clean(), "{:#?}", report.violations);
    }

    pub(crate) async fn dump(&self) -> String {
        onhand_store::dump::dump(self.store.reads()).await.expect("a dump")
    }
}

/// Opens it as soon as nobody else has it: the last of the old engine's threads may still be on its way out.
async fn free(dir: &Path, clock_off: &Arc<AtomicI64>) -> Arc<dyn Store> {
    let mut opened = None;
    until("the directory is free", || {
        opened = open_sqlite(dir, clock_off).ok();
        opened.is_some()
    })
    .await;
    opened.expect("opened above")
}

fn open_sqlite(dir: &Path, clock_off: &Arc<AtomicI64>) -> Result<Arc<dyn Store>, onhand_store::StoreError> {
    let mut options = onhand_store_sqlite::Options::new(dir);
    let off = clock_off.clone();
    options.clock = Arc::new(move || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX) + off.load(Ordering::SeqCst)
    });
    Ok(Arc::new(SqliteStore::open(options)?))
}

async fn open_postgres(url: &str) -> Arc<dyn Store> {
    let mut options = onhand_store_postgres::Options::new(url);
    // The shared server of the tests is fast because it would lose everything with the power.
    options.unsafe_durability = true;
    // A machine that stands still for half a minute, as shared ones do, is no outage: nothing here is about the time that a
    // server may take.
    let patience = Duration::from_secs(120);
    options.connect_timeout = patience;
    options.read_timeout = patience;
    options.write_timeout = patience;
    options.idle_timeout = patience;
    options.commit_timeout = patience;
    Arc::new(PostgresStore::connect(options).await.expect("a database"))
}

/// No pulse, and an engine that must not give up.
pub(crate) fn quiet() -> Settings {
    Settings {
        pulse: false,
        on_fatal: Arc::new(|why| {
            eprintln!("the engine gave up: {why}");
            std::process::abort();
        }),
        ..Settings::default()
    }
}

/// No pulse, and what the engine says when it gives up.
pub(crate) fn mortal() -> (Settings, Arc<Mutex<Vec<String>>>) {
    let last_words = Arc::new(Mutex::new(Vec::new()));
    let heard = last_words.clone();
    let settings =
        Settings { on_fatal: Arc::new(move |why| heard.lock().unwrap().push(why.to_owned())), ..quiet() };
    (settings, last_words)
}

/// Fails the test instead of hanging it.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let Some(value) = in_time(future).await else {
        panic!("waited {TURNS} turns of {} ms in vain: {what}", TURN.as_millis());
    };
    value
}

/// As [`within`], for whoever has more to say than that: `None` when it did not come.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    for _ in 0..TURNS {
        if let Ok(value) = tokio::time::timeout(TURN, &mut future).await {
            return Some(value);
        }
    }
    None
}

/// Waits for a condition that nobody signals.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    within(what, async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A key that no other request of this process has.
pub(crate) fn new_key() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("key-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// What the publisher does after a sale.
pub(crate) fn publishing(listings: Vec<(ListingId, i64)>) -> Publish {
    Publish { from: None, to: 0, listings, read_back: false, urgency: Urgency::Sale, slots: None }
}

/// A client's request.
pub(crate) fn request(command: impl Into<Command>, key: &str) -> Request {
    let command = command.into();
    Request {
        op: ids::op(),
        key: Some(OpKey { principal: PrincipalId(1), kind: command.number(), key: key.to_owned() }),
        command,
        fingerprint: [1; 16],
        actor: PrincipalId(1),
        trace: None,
        audit: None,
    }
}

pub(crate) async fn submit(engine: &Engine, command: impl Into<Command>) -> Result<Answer, SubmitError> {
    within("an answer", engine.submit(request(command, &new_key()))).await
}

/// The outcome of a command that must get one.
pub(crate) async fn outcome(engine: &Engine, command: impl Into<Command>) -> Outcome {
    submit(engine, command).await.expect("an outcome").outcome
}

/// A command that must be done.
pub(crate) async fn done(engine: &Engine, command: impl Into<Command>) -> Receipt {
    match outcome(engine, command).await {
        Outcome::Done(receipt) => receipt,
        Outcome::Refused(refusal) => panic!("refused: {refusal}"),
    }
}

/// A location and SKUs with so many units.
pub(crate) async fn open_shop(engine: &Engine, stock: &[(&str, i64)]) {
    done(engine, CreateLocation { code: MAIN.into(), name: "Main".into() }).await;
    for (sku, units) in stock {
        let create = CreateSku {
            code: (*sku).into(),
            name: (*sku).into(),
            components: Vec::new(),
            backorder_limit: 0,
        };
        done(engine, create).await;
        if *units > 0 {
            done(engine, receive(sku, *units)).await;
        }
    }
}

pub(crate) fn receive(sku: &str, units: i64) -> ChangeStock {
    ChangeStock {
        items: vec![StockItem::Adjust {
            sku: sku.into(),
            location: MAIN.into(),
            delta: units,
            reason: Reason::Received,
            note: None,
        }],
    }
}

/// An order that holds its units for `hold_ms`; 0 for one that is past due at once.
pub(crate) fn hold(lines: &[(&str, i64)], hold_ms: i64) -> PlaceOrder {
    PlaceOrder {
        id: ids::order(),
        channel: "api".into(),
        reference: None,
        lines: lines
            .iter()
            .map(|(sku, quantity)| LineRequest {
                sku: (*sku).into(),
                location: MAIN.into(),
                quantity: *quantity,
                unit_minor: None,
            })
            .collect(),
        hold_ms,
        confirm: false,
        forced: false,
        payment_reference: None,
        currency: None,
    }
}

/// An order that holds its units for an hour.
pub(crate) fn buy(sku: &str, units: i64) -> PlaceOrder {
    hold(&[(sku, units)], HOUR)
}

/// An order that is confirmed at once.
pub(crate) fn confirmed(sku: &str, units: i64) -> PlaceOrder {
    PlaceOrder { confirm: true, ..buy(sku, units) }
}

pub(crate) fn confirm(order: OrderId) -> ConfirmOrder {
    ConfirmOrder { id: order, payment_reference: None, expected_version: None }
}

/// The one stock row of a SKU.
pub(crate) async fn row(engine: &Engine, sku: &str) -> Stock {
    let filter = StockFilter { sku: Some(sku.into()), ..StockFilter::default() };
    let page = engine.reads().stock(&filter, 2).await.expect("stock");
    assert_eq!(page.rows.len(), 1, "{sku}");
    page.rows[0].stock
}

/// `(on_hand, reserved, allocated)` of a SKU.
pub(crate) async fn figures(engine: &Engine, sku: &str) -> (i64, i64, i64) {
    let Quantities { on_hand, reserved, allocated, .. } = row(engine, sku).await.figures;
    (on_hand, reserved, allocated)
}

pub(crate) async fn order(engine: &Engine, id: OrderId) -> Order {
    engine.reads().order(id).await.expect("a read").expect("the order")
}

pub(crate) fn is_short(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(Refusal::InsufficientStock { .. }))
}

pub(crate) fn is_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Done(_))
}
