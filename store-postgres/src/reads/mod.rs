//! The read side, over a pool. Connections are made on the runtime of whoever asks first, which is that of the API.

mod audit;
mod catalogue;
mod claimable;
mod feed;
mod holders;
mod jobs;
mod stock;
mod sync;

use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use onhand_rules::access::ApiKey;
use onhand_rules::{
    ApiKeyId, Holder, Location, LocationId, Movement, Order, OrderId, PrincipalId, Reservation,
    ReservationId, Sku, SkuId, StockKey,
};
use onhand_store::{
    EventFilter, EventRow, Figure, HolderUnits, OpKey, OpRow, OrderFilter, Page, Reads, ReservationFilter,
    StockAudit, StockFilter, StockView, StoreError, Stretch,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::Options;
use crate::column::Columns;
use crate::failure::{failure, is_lost, pool_failure};

/// Named queries over two pools: connections differ by how they plan, and a busy console does not keep the jobs waiting.
pub(crate) struct PostgresReads {
    /// For queries that find rows by key.
    keyed: Pool,
    /// For queries with optional conditions.
    lists: Pool,
    patience: Duration,
    /// From where to look for work.
    floors: claimable::Floors,
}

enum Failed {
    /// The connection was lost: another one may do.
    Lost(StoreError),
    Other(StoreError),
}

impl PostgresReads {
    /// `keyed` and `lists`: how the connections of each pool begin.
    pub(crate) fn new(
        options: &Options,
        [keyed, lists]: [Config; 2],
        tls: &MakeRustlsConnect,
    ) -> Result<Self, StoreError> {
        let most = options.read_connections.max(1);
        let floors = claimable::Floors::new(options.slow_look);
        let patience = options.read_timeout + Duration::from_secs(1);
        let (keyed, lists) = (pool(options, keyed, tls, most)?, pool(options, lists, tls, most.div_ceil(2))?);
        Ok(Self { keyed, lists, patience, floors })
    }

    /// Rows of a query that finds them by key: planned once for each connection, as the writer's are. For most of them
    /// planning takes longer than running.
    async fn keyed(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        self.read(&self.keyed, sql, parameters).await
    }

    /// Rows of any other query: planned anew each time, for the conditions that are given.
    async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, StoreError> {
        self.read(&self.lists, sql, parameters).await
    }

    /// A connection that died while nobody used it is found out here, so a lost one is replaced once: reading twice harms
    /// nobody.
    async fn read(
        &self,
        pool: &Pool,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        match self.read_once(pool, sql, parameters).await {
            Err(Failed::Lost(_)) => match self.read_once(pool, sql, parameters).await {
                Err(Failed::Lost(error) | Failed::Other(error)) => Err(error),
                Ok(rows) => Ok(rows),
            },
            Err(Failed::Other(error)) => Err(error),
            Ok(rows) => Ok(rows),
        }
    }

    async fn read_once(
        &self,
        pool: &Pool,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failed> {
        let client = pool.get().await.map_err(|error| Failed::Other(pool_failure(&error)))?;
        let asked = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, parameters).await
        };
        // The server's own limit comes first; this one is for answers that never arrive.
        let Ok(rows) = tokio::time::timeout(self.patience, asked).await else {
            drop(Object::take(client));
            return Err(Failed::Other(StoreError::Unavailable("it did not answer in time".into())));
        };
        rows.map_err(|error| {
            if is_lost(&error) { Failed::Lost(failure(&error)) } else { Failed::Other(failure(&error)) }
        })
    }

    /// The first column of the first row.
    async fn number(&self, sql: &str) -> Result<i64, StoreError> {
        let rows = self.keyed(sql, &[]).await?;
        let row = rows.first().ok_or_else(|| crate::column::damaged("the head of the feed is gone"))?;
        Columns::of(row).next()
    }
}

fn pool(
    options: &Options,
    config: Config,
    tls: &MakeRustlsConnect,
    connections: usize,
) -> Result<Pool, StoreError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    Pool::builder(Manager::from_config(config, tls.clone(), recycling))
        .max_size(connections)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(options.read_timeout))
        .create_timeout(Some(options.connect_timeout * 2))
        .recycle_timeout(Some(options.connect_timeout))
        .build()
        .map_err(|error| StoreError::Broken(error.to_string()))
}

/// A condition that is given is written so that an index can be seen in it: the plan of a prepared query must do for any
/// parameters, so one that allows for a condition that is left out reads the whole table.
fn pinned(sql: &str, given: bool, general: &str, exact: &str) -> String {
    debug_assert!(sql.contains(general), "{general} does not stand in {sql}");
    if given { sql.replace(general, exact) } else { sql.to_owned() }
}

/// One more than a page, to see whether another follows.
fn one_more(limit: usize) -> i64 {
    rows_at_most(limit).saturating_add(1)
}

fn rows_at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl Reads for PostgresReads {
    async fn ping(&self) -> Result<(), StoreError> {
        self.number("select 1::bigint").await.map(|_| ())
    }

    async fn feed_head(&self) -> Result<i64, StoreError> {
        self.number("select last_event from feed_state").await
    }

    async fn now(&self) -> Result<i64, StoreError> {
        self.number(
            "select greatest((extract(epoch from clock_timestamp()) * 1000)::bigint, last_ms) from feed_state",
        )
        .await
    }

    async fn clock(&self) -> Result<i64, StoreError> {
        self.number("select (extract(epoch from clock_timestamp()) * 1000)::bigint").await
    }

    async fn oldest_snapshot_ms(&self) -> Result<i64, StoreError> {
        self.number(
            "select coalesce(max(extract(epoch from clock_timestamp() - xact_start) * 1000)::bigint, 0)
             from pg_stat_activity where backend_xmin is not null and pid <> pg_backend_pid()",
        )
        .await
    }

    async fn skus(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Page<Sku>, StoreError> {
        self.read_skus(prefix, after, limit).await
    }

    async fn sku(&self, code: &str) -> Result<Option<Sku>, StoreError> {
        self.read_sku(code).await
    }

    async fn skus_named(&self, words: &[String], limit: usize) -> Result<Vec<Sku>, StoreError> {
        self.read_skus_named(words, limit).await
    }

    async fn skus_by_id(&self, ids: &[SkuId]) -> Result<Vec<Sku>, StoreError> {
        self.read_skus_by_id(ids).await
    }

    async fn locations(&self, after: Option<&str>, limit: usize) -> Result<Page<Location>, StoreError> {
        self.read_locations(after, limit).await
    }

    async fn location(&self, code: &str) -> Result<Option<Location>, StoreError> {
        self.read_location(code).await
    }

    async fn locations_by_id(&self, ids: &[LocationId]) -> Result<Vec<Location>, StoreError> {
        self.read_locations_by_id(ids).await
    }

    async fn stock(&self, filter: &StockFilter, limit: usize) -> Result<Page<StockView>, StoreError> {
        self.read_stock(filter, limit).await
    }

    async fn movements(
        &self,
        key: StockKey,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Page<Movement>, StoreError> {
        self.read_movements(key, before, limit).await
    }

    async fn movements_changing(
        &self,
        key: StockKey,
        figure: Figure,
        below: i64,
        limit: usize,
        look: usize,
    ) -> Result<Stretch, StoreError> {
        self.read_movements_changing(key, figure, below, limit, look).await
    }

    async fn movements_from(
        &self,
        key: StockKey,
        after: i64,
        limit: usize,
    ) -> Result<Vec<Movement>, StoreError> {
        self.read_movements_from(key, after, limit).await
    }

    async fn movement_at(&self, key: StockKey, at: i64) -> Result<Option<Movement>, StoreError> {
        self.read_movement_at(key, at).await
    }

    async fn holders(
        &self,
        key: StockKey,
        after: Option<(Holder, i32, i32)>,
        limit: usize,
    ) -> Result<Page<HolderUnits>, StoreError> {
        self.read_holders(key, after, limit).await
    }

    async fn order(&self, id: OrderId) -> Result<Option<Order>, StoreError> {
        self.read_order(id).await
    }

    async fn orders(&self, filter: &OrderFilter, limit: usize) -> Result<Page<Order>, StoreError> {
        self.read_orders(filter, limit).await
    }

    async fn reservation(&self, id: ReservationId) -> Result<Option<Reservation>, StoreError> {
        self.read_reservation(id).await
    }

    async fn reservations(
        &self,
        filter: &ReservationFilter,
        limit: usize,
    ) -> Result<Page<Reservation>, StoreError> {
        self.read_reservations(filter, limit).await
    }

    async fn events(&self, after: i64, limit: usize) -> Result<Page<EventRow>, StoreError> {
        self.read_events(after, limit).await
    }

    async fn events_by(&self, filter: &EventFilter, limit: usize) -> Result<Page<EventRow>, StoreError> {
        self.read_events_by(filter, limit).await
    }

    async fn events_of(&self, subject: &str, after: i64, limit: usize) -> Result<Page<EventRow>, StoreError> {
        self.read_events_of(subject, after, limit).await
    }

    async fn operations(&self, principal: PrincipalId, key: &str) -> Result<Vec<OpRow>, StoreError> {
        self.read_operations(principal, key).await
    }

    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        self.read_api_key_by_hash(hash).await
    }

    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.read_api_key(id).await
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.read_api_keys().await
    }

    async fn next_due(&self) -> Result<Option<i64>, StoreError> {
        self.read_next_due().await
    }

    async fn due(&self, now: i64, limit: usize) -> Result<Vec<Holder>, StoreError> {
        self.read_due(now, limit).await
    }

    async fn market_holds(&self, until: i64, limit: usize) -> Result<Vec<(String, String)>, StoreError> {
        self.read_market_holds(until, limit).await
    }

    async fn audit_stock(
        &self,
        after: Option<StockKey>,
        limit: usize,
    ) -> Result<Vec<StockAudit>, StoreError> {
        self.read_audit_stock(after, limit).await
    }

    async fn audit_orders(&self, after: Option<OrderId>, limit: usize) -> Result<Vec<Order>, StoreError> {
        self.read_audit_orders(after, limit).await
    }

    async fn audit_reservations(
        &self,
        after: Option<ReservationId>,
        limit: usize,
    ) -> Result<Vec<Reservation>, StoreError> {
        self.read_audit_reservations(after, limit).await
    }

    async fn audit_files(&self) -> Result<Vec<String>, StoreError> {
        self.read_audit_files().await
    }

    async fn audit_ops(&self, after: Option<&OpKey>, limit: usize) -> Result<Vec<OpRow>, StoreError> {
        self.read_audit_ops(after, limit).await
    }
}
