//! Onhand on PostgreSQL, version 15 and later, for several replicas over one database.
//!
//! Nothing is decided here: rows are found, locked in one order, written in bulk and read. Writers use a connection of
//! their own each ([`onhand_store::Session`]), readers share a pool.

mod backup;
mod column;
mod failure;
mod find;
mod link;
mod lock;
mod migrate;
mod options;
mod pooler;
mod reads;
mod rows;
mod session;
mod statements;
mod sync_find;
mod sync_rows;
mod sync_write;
mod tls;
mod write;
mod write_holders;
mod write_jobs;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use onhand_store::{Capabilities, Durability, Reads, Session, Store, StoreError};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

pub use backup::{backup_of, restore};
pub use options::Options;

/// What all writers share.
pub(crate) struct Shared {
    write_config: Config,
    tls: MakeRustlsConnect,
    unsafe_durability: bool,
    write_timeout: std::time::Duration,
    commit_timeout: std::time::Duration,
    /// Commits whose wait for the standby was cancelled.
    not_replicated: AtomicU64,
}

/// A PostgreSQL database.
pub struct PostgresStore {
    shared: Arc<Shared>,
    durability: Durability,
    reads: reads::PostgresReads,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").field("durability", &self.durability).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects, judges the server and brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached, [`StoreError::Broken`] when it must not be used: too
    /// old, unsafely configured, or with a schema from a newer version.
    pub async fn connect(options: Options) -> Result<Self, StoreError> {
        let target = options::target(&options)?;
        let tls = tls::connector(target.config.get_ssl_mode(), target.roots.as_deref())?;
        let link = link::Link::open(&target.config, &tls).await?;
        let write_config = options::with_settings(&target.config, &write_settings(&options));
        pooler::refuse(&link, &target.config, &write_config, &tls).await?;
        let promise = link::promise(&link.client, options.unsafe_durability).await?;
        let durability = promise.accept(options.unsafe_durability)?;
        migrate::migrate(&link.client).await?;
        let ways = [keyed_settings(&options), list_settings(&options)];
        let configs = ways.map(|settings| options::with_settings(&target.config, &settings));
        let reads = reads::PostgresReads::new(&options, configs, &tls)?;
        Ok(Self {
            shared: Arc::new(Shared {
                write_config,
                tls,
                unsafe_durability: options.unsafe_durability,
                write_timeout: options.write_timeout,
                commit_timeout: options.commit_timeout,
                not_replicated: AtomicU64::new(0),
            }),
            durability,
            reads,
        })
    }
}

/// Where rows are found by key, plans are made once for each connection, when tables may still be empty, and a plan for an
/// empty table reads the whole of it: so plans that do are put out of the question.
fn by_key() -> [(&'static str, String); 4] {
    [
        ("enable_seqscan", "off".into()),
        ("enable_hashjoin", "off".into()),
        ("enable_mergejoin", "off".into()),
        ("plan_cache_mode", "force_generic_plan".into()),
    ]
}

/// The server tells writers of warnings whatever its default, because one of them means that a commit is not replicated.
fn write_settings(options: &Options) -> Vec<(&'static str, String)> {
    let own = [
        ("jit", "off".into()),
        ("client_min_messages", "warning".into()),
        ("lock_timeout", options.lock_timeout.as_millis().to_string()),
        ("statement_timeout", options.write_timeout.as_millis().to_string()),
        // A writer that was stopped in the middle of a batch must not keep rows from the others.
        ("idle_in_transaction_session_timeout", options.idle_timeout.as_millis().to_string()),
    ];
    by_key().into_iter().chain(own).collect()
}

/// Those that read by key plan as writers do. Without bitmaps, because what is read in the order of an index and up to a
/// limit must not be gathered and sorted first, as it well may be while a table is small.
fn keyed_settings(options: &Options) -> Vec<(&'static str, String)> {
    by_key().into_iter().chain([("enable_bitmapscan", "off".into())]).chain(read_settings(options)).collect()
}

/// Lists have many optional conditions, so each is planned for the values that it has.
fn list_settings(options: &Options) -> Vec<(&'static str, String)> {
    let own = [("enable_seqscan", "off".into()), ("plan_cache_mode", "force_custom_plan".into())];
    own.into_iter().chain(read_settings(options)).collect()
}

fn read_settings(options: &Options) -> [(&'static str, String); 4] {
    [
        ("jit", "off".into()),
        ("default_transaction_read_only", "on".into()),
        ("statement_timeout", options.read_timeout.as_millis().to_string()),
        ("idle_in_transaction_session_timeout", options.idle_timeout.as_millis().to_string()),
    ]
}

#[async_trait]
impl Store for PostgresStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { many_writers: true, unknown_is_fatal: false, batch_max: 256 }
    }

    fn durability(&self) -> Durability {
        self.durability.clone()
    }

    fn not_replicated(&self) -> u64 {
        self.shared.not_replicated.load(Ordering::Relaxed)
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        Ok(Box::new(session::PostgresSession::new(Arc::clone(&self.shared))))
    }

    fn reads(&self) -> &dyn Reads {
        &self.reads
    }
}
