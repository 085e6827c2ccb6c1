//! The read side: a few connections that cannot write, each read in a snapshot of its own.

mod audit;
mod catalogue;
mod feed;
mod holdings;
mod jobs;
mod stock;
mod sync;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use onhand_rules::access::ApiKey;
use onhand_rules::{
    ApiKeyId, Holder, Location, LocationId, Movement, Order, OrderId, PrincipalId, Reservation,
    ReservationId, Sku, SkuId, StockKey,
};
use onhand_store::{
    EventFilter, EventRow, Figure, HolderUnits, OpKey, OpRow, OrderFilter, Page, Reads, ReservationFilter,
    StockAudit, StockFilter, StockView, StoreError, Stretch,
};
use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::connection::open_reader;
use crate::fault::work;
use crate::options::Clock;

pub(crate) use audit::integrity;

/// What a read yields inside a connection.
type Sql<T> = rusqlite::Result<T>;

/// The readers.
pub(crate) struct SqliteReads {
    pool: Arc<Pool>,
    clock: Clock,
}

struct Pool {
    /// As many permits as connections, so that whoever has one finds a connection.
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

/// A connection on loan; it goes back even when the read panics.
struct Loan<'p> {
    pool: &'p Pool,
    connection: Option<Connection>,
}

impl Drop for Loan<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.pool.idle().push(connection);
        }
    }
}

impl Pool {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs what blocks on a thread where it may.
pub(crate) async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(run).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::Unavailable(format!("a read did not end: {error}"))),
    }
}

impl SqliteReads {
    pub(crate) fn open(path: &Path, readers: usize, clock: Clock) -> Result<Self, StoreError> {
        let idle: Vec<Connection> = (0..readers).map(|_| open_reader(path)).collect::<Result<_, _>>()?;
        Ok(Self {
            pool: Arc::new(Pool { permits: Arc::new(Semaphore::new(readers)), idle: Mutex::new(idle) }),
            clock,
        })
    }

    /// Lets go of the connections that are not in use; reads that come later fail.
    pub(crate) fn close(&self) {
        self.pool.permits.close();
        self.pool.idle().clear();
    }

    /// Runs one read. All its statements see the same state of the database.
    async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Sql<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Unavailable("the database is being closed".to_owned());
        let permits = Arc::clone(&self.pool.permits);
        let permit = permits.acquire_owned().await.map_err(|_| closed())?;
        let pool = Arc::clone(&self.pool);
        blocking(move || {
            let _permit = permit;
            let connection = pool.idle().pop();
            let loan = Loan { pool: &pool, connection };
            let connection = loan.connection.as_ref().ok_or_else(closed)?;
            let snapshot = connection.unchecked_transaction().map_err(work)?;
            let found = read(connection).map_err(work)?;
            snapshot.commit().map_err(work)?;
            Ok(found)
        })
        .await
    }
}

/// The limit that fetches one row more than asked for, to see whether another page follows.
fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

fn exactly(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl Reads for SqliteReads {
    async fn ping(&self) -> Result<(), StoreError> {
        self.run(feed::ping).await
    }

    async fn feed_head(&self) -> Result<i64, StoreError> {
        self.run(feed::head).await
    }

    async fn now(&self) -> Result<i64, StoreError> {
        // The ledger clock, as the next batch would read it.
        let wall = (self.clock)();
        self.run(move |c| feed::last_at(c).map(|last| wall.max(last))).await
    }

    async fn clock(&self) -> Result<i64, StoreError> {
        Ok((self.clock)())
    }

    async fn skus(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page<Sku>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        self.run(move |c| catalogue::skus(c, &prefix, after.as_deref(), limit)).await
    }

    async fn sku(&self, code: &str) -> Result<Option<Sku>, StoreError> {
        let code = code.to_owned();
        self.run(move |c| catalogue::sku(c, &code)).await
    }

    async fn skus_named(&self, words: &[String], limit: usize) -> Result<Vec<Sku>, StoreError> {
        if words.is_empty() {
            return Ok(Vec::new());
        }
        let words = words.to_vec();
        self.run(move |c| catalogue::skus_named(c, &words, limit)).await
    }

    async fn skus_by_id(&self, ids: &[SkuId]) -> Result<Vec<Sku>, StoreError> {
        let ids = ids.to_vec();
        self.run(move |c| catalogue::skus_by_id(c, &ids)).await
    }

    async fn locations(&self, after: Option<&str>, limit: usize) -> Result<Page<Location>, StoreError> {
        let after = after.map(str::to_owned);
        self.run(move |c| catalogue::locations(c, after.as_deref(), limit)).await
    }

    async fn location(&self, code: &str) -> Result<Option<Location>, StoreError> {
        let code = code.to_owned();
        self.run(move |c| catalogue::location(c, &code)).await
    }

    async fn locations_by_id(&self, ids: &[LocationId]) -> Result<Vec<Location>, StoreError> {
        let ids = ids.to_vec();
        self.run(move |c| catalogue::locations_by_id(c, &ids)).await
    }

    async fn stock(&self, filter: &StockFilter, limit: usize) -> Result<Page<StockView>, StoreError> {
        let filter = filter.clone();
        self.run(move |c| stock::list(c, &filter, limit)).await
    }

    async fn movements(
        &self,
        key: StockKey,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Movement>, StoreError> {
        self.run(move |c| stock::movements(c, key, before, limit)).await
    }

    async fn movements_changing(
        &self,
        key: StockKey,
        figure: Figure,
        below: i64,
        limit: usize,
        look: usize,
    ) -> Result<Stretch, StoreError> {
        self.run(move |c| stock::movements_changing(c, key, figure, below, limit, look)).await
    }

    async fn movements_from(
        &self,
        key: StockKey,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Movement>, StoreError> {
        self.run(move |c| stock::movements_from(c, key, after, limit)).await
    }

    async fn movement_at(&self, key: StockKey, at: i64) -> Result<Option<Movement>, StoreError> {
        self.run(move |c| stock::movement_at(c, key, at)).await
    }

    async fn holders(
        &self,
        key: StockKey,
        after: Option<(Holder, i32, i32)>,
        limit: usize,
    ) -> Result<Page<HolderUnits>, StoreError> {
        self.run(move |c| holdings::holders(c, key, after, limit)).await
    }

    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.run(move |c| crate::load::order(c, id)).await
    }

    async fn orders(&self, filter: &OrderFilter, limit: usize) -> Result<Page<Order>, StoreError> {
        let filter = filter.clone();
        self.run(move |c| holdings::orders(c, &filter, limit)).await
    }

    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        self.run(move |c| crate::load::reservation(c, id)).await
    }

    async fn reservations(
        &self,
        filter: &ReservationFilter,
        limit: usize,
    ) -> Result<Page<Reservation>, StoreError> {
        let filter = filter.clone();
        self.run(move |c| holdings::reservations(c, &filter, limit)).await
    }

    async fn events(&self, after: i64, limit: usize) -> Result<Page<EventRow>, StoreError> {
        self.run(move |c| feed::events(c, after, limit)).await
    }

    async fn events_by(&self, filter: &EventFilter, limit: usize) -> Result<Page<EventRow>, StoreError> {
        let filter = filter.clone();
        self.run(move |c| feed::events_by(c, &filter, limit)).await
    }

    async fn events_of(&self, subject: &str, after: i64, limit: usize) -> Result<Page<EventRow>, StoreError> {
        let subject = subject.to_owned();
        self.run(move |c| feed::events_of(c, &subject, after, limit)).await
    }

    async fn operations(&self, principal: PrincipalId, key: &str) -> Result<Vec<OpRow>, StoreError> {
        let key = key.to_owned();
        self.run(move |c| feed::operations(c, principal, &key)).await
    }

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        let hash = *hash;
        self.run(move |c| catalogue::api_key_by_hash(c, &hash)).await
    }

    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.run(move |c| catalogue::api_key(c, id)).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.run(catalogue::api_keys).await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.run(holdings::next_due).await
    }

    async fn due(&self, now: i64, limit: usize) -> Result<Vec<Holder>, StoreError> {
        self.run(move |c| holdings::due(c, now, limit)).await
    }

    async fn market_holds(&self, until: i64, limit: usize) -> Result<Vec<(String, String)>, StoreError> {
        self.run(move |c| holdings::market_holds(c, until, limit)).await
    }

    async fn audit_stock(
        &self,
        after: Option<StockKey>,
        limit: usize,
    ) -> Result<Vec<StockAudit>, StoreError> {
        self.run(move |c| audit::stock(c, after, limit)).await
    }

    async fn audit_orders(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<Order>, StoreError> {
        self.run(move |c| audit::orders(c, after, limit)).await
    }

    async fn audit_reservations(
        &self,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<Reservation>, StoreError> {
        self.run(move |c| audit::reservations(c, after, limit)).await
    }

    async fn audit_files(&self) -> Result<Vec<String>, StoreError> {
        self.run(integrity).await
    }

    async fn audit_ops(&self, after: Option<&OpKey>, limit: usize) -> Result<Vec<OpRow>, StoreError> {
        let after = after.cloned();
        self.run(move |c| audit::ops(c, after.as_ref(), limit)).await
    }
}
