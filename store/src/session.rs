//! The write side.

use async_trait::async_trait;
use onhand_rules::{Changes, Needs, Working};
use serde::Serialize;

use crate::error::StoreError;
use crate::ops::{OpKey, OpRow};
use crate::reads::Reads;

/// How the backends differ where the engine must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Several engines may write at once, so rows must be locked after they are found.
    pub many_writers: bool,
    /// After an unknown commit the process must end, because only recovery of the file tells what happened (SQLite after
    /// a failed fsync). Otherwise a new connection can ask by operation id.
    pub unknown_is_fatal: bool,
    /// How many commands make a good batch at most.
    pub batch_max: usize,
}

/// What the database promises about an acknowledged commit; shown at start, in `/readyz` and in metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Durability {
    /// `sqlite` or `postgres`.
    pub database: String,
    /// Version of the library or server.
    pub version: String,
    /// The settings that were read back, for example `synchronous=FULL`.
    pub settings: String,
    /// False when the server was started with `--unsafe-durability` and a setting gives up durability.
    pub safe: bool,
}

/// A database.
#[async_trait]
pub trait Store: Send + Sync {
    /// How it differs from others.
    fn capabilities(&self) -> Capabilities;
    /// What it promises.
    fn durability(&self) -> Durability;
    /// How many commits of this process the database kept without the standby that it was told to wait for. A database that
    /// knows no standbys has none.
    fn not_replicated(&self) -> u64 {
        0
    }
    /// The write side. SQLite hands out one; PostgreSQL as many as asked for, each with a connection of its own that it
    /// re-opens by itself after a failure.
    async fn session(&self) -> Result<Box<dyn Session>, StoreError>;
    /// The read side.
    fn reads(&self) -> &dyn Reads;
}

/// One transaction at a time, always in this order: `begin`, any number of `outcomes`/`find`/`lock`, then `write` and
/// `commit`, or `rollback`. A session whose call failed has rolled back (after [`StoreError::Unknown`]: nobody knows) and
/// can be begun again.
#[async_trait]
pub trait Session: Send {
    /// Opens a transaction for writing and returns the ledger clock: the later of the database server's time and the
    /// last time that was ever given out, in milliseconds.
    async fn begin(&mut self) -> Result<i64, StoreError>;

    /// The records of these keys, as far as they exist. Keys are sorted and distinct.
    async fn outcomes(&mut self, keys: &[OpKey]) -> Result<Vec<OpRow>, StoreError>;

    /// Loads what is needed into `working`, without locks. Every key of `needs` must be present afterwards, also those
    /// that name nothing (`None`). SKUs found by code go into both `sku_codes` and `skus`, and so on. `stock_of` loads
    /// every stock row of the SKU and marks it; `due_on` loads the ids of overdue holders, as of the time `begin`
    /// returned, sorted, at most `DUE_MAX` for each row.
    async fn find(&mut self, needs: &Needs, working: &mut Working) -> Result<(), StoreError>;

    /// Locks everything that is loaded and may change until the end of the transaction, in one order (counters, bundle
    /// SKUs, other SKUs and locations only if `needs` names them for change through `stock_of`, API keys, orders,
    /// reservations, stock rows; by id inside each), and replaces it in `working` by what stands there now. `needs` is
    /// all that the commands of the batch asked for. On a store with one writer this does nothing.
    async fn lock(&mut self, needs: &Needs, working: &mut Working) -> Result<(), StoreError>;

    /// Writes rows and operation records. Stock rows are guarded by the version they were loaded with, orders and
    /// reservations likewise: a row that is not as it was loaded is a [`StoreError::Conflict`].
    async fn write(&mut self, changes: &Changes, ops: &[OpRow], now: i64) -> Result<(), StoreError>;

    /// Numbers the events of the last `write` as the very last statement, commits, and returns the number of the last
    /// event of the feed. After an error other than [`StoreError::Unknown`] nothing was committed.
    async fn commit(&mut self) -> Result<i64, StoreError>;

    /// Gives the transaction up.
    async fn rollback(&mut self) -> Result<(), StoreError>;
}
