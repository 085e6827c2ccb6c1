//! The write side: one transaction at a time on a connection of its own.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use onhand_rules::{Changes, Needs, Working};
use onhand_store::{OpKey, OpRow, Session, StoreError};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::failure::{commit_failure, failure};
use crate::link::Link;
use crate::statements::{Prepared, Sql};
use crate::sync_find::Versions;
use crate::write::Told;
use crate::{Shared, find, lock, migrate, rows, write};

/// How long giving a transaction up may take before the connection is given up with it.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection with its prepared statements.
pub(crate) struct Desk {
    link: Link,
    prepared: Prepared,
}

impl Desk {
    async fn open(shared: &Shared) -> Result<Self, StoreError> {
        let link = Link::open(&shared.write_config, &shared.tls).await?;
        // After a failover this may be another server, and after a rolling upgrade another schema.
        let promise = crate::link::promise(&link.client, shared.unsafe_durability).await?;
        promise.accept(shared.unsafe_durability)?;
        migrate::verify(&link.client).await?;
        let prepared = Prepared::prepare(&link.client).await?;
        Ok(Self { link, prepared })
    }

    /// Rows of a statement. The request leaves when the future is first polled, so futures polled in an order are
    /// carried out in that order without one waiting for the answer of another.
    pub(crate) async fn query(
        &self,
        sql: Sql,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let statement = self.prepared.get(sql);
        let rows = self.link.client.query(statement, parameters).await;
        rows.map_err(|error| failure(&error))
    }

    /// Like [`Self::query`], or no rows without asking when they are not wanted.
    pub(crate) async fn ask<const N: usize>(
        &self,
        wanted: bool,
        sql: Sql,
        parameters: [&(dyn ToSql + Sync); N],
    ) -> Result<Vec<Row>, StoreError> {
        if wanted { self.query(sql, &parameters).await } else { Ok(Vec::new()) }
    }

    /// Like [`Self::query`], for statements that change rows: how many.
    pub(crate) async fn execute(
        &self,
        sql: Sql,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        let statement = self.prepared.get(sql);
        let count = self.link.client.execute(statement, parameters).await;
        count.map_err(|error| failure(&error))
    }

    async fn batch(&self, sql: &str) -> Result<(), StoreError> {
        let done = self.link.client.batch_execute(sql).await;
        done.map_err(|error| failure(&error))
    }

    /// Opens a transaction and reads the clock in one round trip. The isolation level is named, because the operator may
    /// have made another one the default.
    async fn begin(&self) -> Result<i64, StoreError> {
        let (_, clock) = tokio::try_join!(
            biased;
            self.batch("begin isolation level read committed"),
            self.query(Sql::Clock, &[]),
        )?;
        let row = clock.first().ok_or_else(|| crate::column::damaged("the head of the feed is gone"))?;
        crate::column::Columns::of(row).next()
    }

    /// Numbers the events and commits. Both requests leave together: a COMMIT that follows an error is a ROLLBACK, so
    /// nothing is committed without its events.
    async fn commit(&self, told: &Told) -> Result<i64, StoreError> {
        self.link.take_warning();
        let client = &self.link.client;
        let parameters = told.parameters();
        let statement = self.prepared.get(Sql::Tell);
        let (numbered, committed) = tokio::join!(
            biased;
            client.query_one(statement, &parameters),
            client.batch_execute("commit"),
        );
        let numbered = numbered.map_err(|error| commit_failure(&error))?;
        committed.map_err(|error| commit_failure(&error))?;
        // A cancelled wait for the standby is reported as success with a warning, in the server's language. No other
        // warning is known at this place, and an unknown one is no reason to be sure.
        if let Some(warning) = self.link.warning() {
            return Err(StoreError::Unknown(format!("the server warned while it committed: {warning}")));
        }
        crate::column::Columns::of(&numbered).next()
    }
}

/// One writer. The connection is made by `begin`, on the runtime that runs it: the engine drives its session on a thread
/// with a runtime of its own, and the task that moves the bytes must live there (the runtime needs I/O and time).
pub(crate) struct PostgresSession {
    shared: Arc<Shared>,
    desk: Option<Desk>,
    /// Whether a transaction is open.
    open: bool,
    /// The clock of `begin`: what is due must not depend on how long the batch takes.
    now: i64,
    /// What `write` left for `commit`.
    told: Told,
    /// The jobs that the open transaction has read.
    versions: Versions,
}

impl PostgresSession {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, desk: None, open: false, now: 0, told: Told::default(), versions: Versions::new() }
    }

    fn desk(&self) -> Result<&Desk, StoreError> {
        match &self.desk {
            Some(desk) if self.open => Ok(desk),
            _ => Err(StoreError::Broken("no transaction is open".into())),
        }
    }

    /// Waits for a step no longer than it may take.
    async fn limited<T>(&self, step: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        match tokio::time::timeout(self.shared.write_timeout, step).await {
            Ok(done) => done,
            Err(_) => Err(StoreError::Unavailable("it did not answer in time".into())),
        }
    }

    /// Gives the transaction up after a failure.
    async fn settle<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        match &done {
            Ok(_) => {}
            // The answers to what was sent may still be on their way.
            Err(StoreError::Unavailable(_) | StoreError::Unknown(_)) => self.abandon(),
            Err(_) => self.undo().await,
        }
        done
    }

    /// Without the connection the server rolls back by itself.
    fn abandon(&mut self) {
        self.open = false;
        self.desk = None;
    }

    async fn undo(&mut self) {
        let undone = match &self.desk {
            Some(desk) if self.open => tokio::time::timeout(ROLLBACK_TIMEOUT, desk.batch("rollback")).await,
            _ => Ok(Ok(())),
        };
        self.open = false;
        if !matches!(undone, Ok(Ok(()))) {
            self.desk = None;
        }
    }

    /// A connection that sat idle while the server was restarted fails at its first use; nothing has happened yet then,
    /// so a new one is tried once.
    async fn begin_once(&mut self) -> Result<i64, StoreError> {
        if self.desk.is_none() {
            let opened = self.limited(Desk::open(&self.shared)).await;
            self.desk = Some(opened?);
        }
        self.open = true;
        let begun = match self.desk() {
            Ok(desk) => self.limited(desk.begin()).await,
            Err(error) => Err(error),
        };
        self.settle(begun).await
    }
}

#[async_trait]
impl Session for PostgresSession {
    async fn begin(&mut self) -> Result<i64, StoreError> {
        if self.open {
            self.undo().await;
        }
        self.told = Told::default();
        self.versions.clear();
        let reused = self.desk.is_some();
        let begun = match self.begin_once().await {
            Err(StoreError::Unavailable(_)) if reused => self.begin_once().await,
            begun => begun,
        };
        // Also what was only read by a time stays as it was: a link that was refused as too old is never good again.
        self.now = begun?.max(self.now);
        Ok(self.now)
    }

    async fn outcomes(&mut self, keys: &[OpKey]) -> Result<Vec<OpRow>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let principals: Vec<i64> = keys.iter().map(|key| key.principal.0).collect();
        let kinds: Vec<i16> = keys.iter().map(|key| i16::from(key.kind)).collect();
        let texts: Vec<&str> = keys.iter().map(|key| key.key.as_str()).collect();
        let desk = self.desk()?;
        let found = self
            .limited(async {
                let found = desk.query(Sql::Outcomes, &[&principals, &kinds, &texts]).await?;
                rows::all(&found, rows::op)
            })
            .await;
        self.settle(found).await
    }

    async fn find(&mut self, needs: &Needs, working: &mut Working) -> Result<(), StoreError> {
        let mut versions = std::mem::take(&mut self.versions);
        let desk = self.desk()?;
        let found = self.limited(find::find(desk, self.now, needs, working, &mut versions)).await;
        self.versions = versions;
        self.settle(found).await
    }

    async fn lock(&mut self, needs: &Needs, working: &mut Working) -> Result<(), StoreError> {
        let mut versions = std::mem::take(&mut self.versions);
        let desk = self.desk()?;
        let locked = self.limited(lock::lock(desk, needs, working, &mut versions)).await;
        self.settle(locked).await
    }

    async fn write(&mut self, changes: &Changes, ops: &[OpRow], now: i64) -> Result<(), StoreError> {
        let desk = self.desk()?;
        let written = self.limited(write::write(desk, changes, ops)).await;
        if written.is_ok() {
            self.told.add(changes, now)?;
        }
        self.settle(written).await
    }

    async fn commit(&mut self) -> Result<i64, StoreError> {
        let desk = self.desk()?;
        let limit = self.shared.commit_timeout;
        let committed = match tokio::time::timeout(limit, desk.commit(&self.told)).await {
            Ok(committed) => committed,
            Err(_) => Err(StoreError::Unknown("the commit was not answered in time".into())),
        };
        // Also when the connection ended with it, as it does when an operator ends the backend.
        if committed.is_err() && desk.link.take_warning().is_some() {
            self.shared.not_replicated.fetch_add(1, Ordering::Relaxed);
        }
        // The server has ended the transaction in any case: a failed one is not to be rolled back again.
        self.open = false;
        self.told = Told::default();
        if committed.is_err() {
            self.desk = None;
        }
        committed
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.undo().await;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
