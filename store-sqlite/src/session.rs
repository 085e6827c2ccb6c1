//! The one writer.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use onhand_rules::{Changes, Needs, Working};
use onhand_store::{OpKey, OpRow, Session, StoreError};
use rusqlite::Connection;

use crate::connection::leave_log;
use crate::directory::Directory;
use crate::fault::{self, Phase, classify, work};
use crate::options::Clock;
use crate::{find, write};

/// Pages in the log after which it is copied into the database: 4 MiB. Four times as many cost the same for each order,
/// but hold up one batch for 27 ms instead of 6.
const CHECKPOINT_PAGES: i64 = 1024;
/// Pages after which readers must let go of the log, so that it can start over.
const RESTART_PAGES: i64 = 16 * CHECKPOINT_PAGES;

/// The writing connection while nobody uses it.
pub(crate) type Slot = Arc<Mutex<Option<Writer>>>;

/// The writing connection and what must outlive a session.
#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    /// Why this process must not write any more, once that is so.
    pub(crate) poisoned: Option<String>,
    /// Pages in the log when it was last looked at.
    log_pages: i64,
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection, poisoned: None, log_pages: 0 }
    }

    /// Copies the log into the database when it has grown. It runs at the start of a batch, so that nobody who was
    /// answered waits for it, and it never ignores a failed sync: the pages may then be lost although the next sync
    /// succeeds, and only the log, read again after a restart, has them.
    fn checkpoint_if_due(&mut self) -> Result<(), StoreError> {
        let (_, pages, copied) = self.checkpoint("NOOP")?;
        if pages - copied.max(0) < CHECKPOINT_PAGES {
            return Ok(());
        }
        let mode = if pages >= RESTART_PAGES { "RESTART" } else { "PASSIVE" };
        match self.checkpoint(mode) {
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            // The log keeps growing until there is room again; commits say so themselves when there is none for them.
            Err(StoreError::Full(text) | StoreError::ReadOnly(text)) => {
                tracing::warn!(error = text, "the log cannot be copied into the database");
                Ok(())
            }
            Err(error) => Err(StoreError::Unknown(format!("checkpoint failed: {error}"))),
        }
    }

    /// Runs a checkpoint; yields (whether somebody was in the way, pages in the log, pages copied).
    fn checkpoint(&mut self, mode: &str) -> Result<(i64, i64, i64), StoreError> {
        let sql = format!("PRAGMA wal_checkpoint({mode})");
        let found = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            })
            .map_err(|error| classify(error, Phase::Work))?;
        self.log_pages = found.1;
        Ok(found)
    }

    /// Leaves a database without a log behind, when this process may still write.
    pub(crate) fn close(mut self) {
        if self.poisoned.is_none()
            && let Err(error) = self.checkpoint("TRUNCATE")
        {
            tracing::warn!(%error, "the log could not be copied into the database at the end");
        }
    }
}

/// See [`Session`]. Its calls block; they belong on a thread of their own.
pub(crate) struct SqliteSession {
    writer: Option<Writer>,
    home: Slot,
    directory: Arc<Directory>,
    clock: Clock,
    /// The ledger clock of the open transaction.
    now: i64,
    /// The last event that was written.
    last_number: i64,
    /// Whether this transaction wrote anything.
    dirty: bool,
}

impl SqliteSession {
    /// Takes the writer, if it is at home.
    pub(crate) fn take(home: &Slot, directory: &Arc<Directory>, clock: &Clock) -> Result<Self, StoreError> {
        let writer = home.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writer) = writer else {
            return Err(StoreError::Broken("this database has one writer, and it is in use".to_owned()));
        };
        Ok(Self {
            writer: Some(writer),
            home: Arc::clone(home),
            directory: Arc::clone(directory),
            clock: Arc::clone(clock),
            now: 0,
            last_number: 0,
            dirty: false,
        })
    }

    fn writer(&mut self) -> Result<&mut Writer, StoreError> {
        self.writer.as_mut().ok_or_else(|| StoreError::Broken("the session has ended".to_owned()))
    }

    /// Runs one step; when it fails, the transaction is over.
    fn step<T>(
        &mut self,
        run: impl FnOnce(&mut Self, &Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(writer) = self.writer.take() else {
            return Err(StoreError::Broken("the session has ended".to_owned()));
        };
        let result = run(self, &writer.connection);
        self.writer = Some(writer);
        result.map_err(|error| self.give_up(error))
    }

    /// Rolls back after an error, and finds out what the error means.
    fn give_up(&mut self, error: StoreError) -> StoreError {
        let directory = Arc::clone(&self.directory);
        self.dirty = false;
        let Some(writer) = self.writer.as_mut() else {
            return error;
        };
        let error = match fault::refine(error, || directory.sign()) {
            StoreError::Unknown(text) => {
                // The frames stand in the log, the sync failed. If this process wrote on, it would overwrite what
                // recovery has to find; if it closed the file in order, it would copy what may not be on the disk.
                leave_log(&writer.connection);
                writer.poisoned = Some(text.clone());
                StoreError::Unknown(text)
            }
            other => other,
        };
        if !writer.connection.is_autocommit()
            && let Err(failure) = writer.connection.execute_batch("ROLLBACK")
            && writer.poisoned.is_none()
        {
            // A transaction that cannot be rolled back would leak into the next one.
            writer.poisoned = Some(format!("a rollback failed: {failure}"));
            leave_log(&writer.connection);
        }
        error
    }

    fn begin_now(&mut self) -> Result<i64, StoreError> {
        let wall = (self.clock)();
        let writer = self.writer()?;
        if let Some(why) = &writer.poisoned {
            return Err(StoreError::Unknown(format!(
                "{why}; this process has stopped writing and must be restarted"
            )));
        }
        if !writer.connection.is_autocommit() {
            writer.connection.execute_batch("ROLLBACK").map_err(work)?;
        }
        writer.checkpoint_if_due()?;
        let (last_number, last_at) = open_transaction(&writer.connection).map_err(work)?;
        self.last_number = last_number;
        // Also what was only read by a time stays as it was: a link that was refused as too old is never good again.
        self.now = wall.max(last_at).max(self.now);
        self.dirty = false;
        Ok(self.now)
    }

    fn commit_now(&mut self, connection: &Connection) -> Result<i64, StoreError> {
        if self.dirty {
            // The ledger clock is kept even when there are no events: outcomes carry it too.
            connection
                .prepare_cached("UPDATE feed_state SET last_number = ?1, last_at = ?2")
                .and_then(|mut statement| statement.execute((self.last_number, self.now)))
                .map_err(work)?;
        }
        connection
            .prepare_cached("COMMIT")
            .and_then(|mut statement| statement.execute([]))
            .map_err(|error| classify(error, Phase::Commit))?;
        self.dirty = false;
        Ok(self.last_number)
    }
}

fn open_transaction(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    connection
        .prepare_cached("SELECT last_number, last_at FROM feed_state")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
}

#[async_trait]
impl Session for SqliteSession {
    async fn begin(&mut self) -> Result<i64, StoreError> {
        self.begin_now().map_err(|error| self.give_up(error))
    }

    async fn outcomes(&mut self, keys: &[OpKey]) -> Result<Vec<OpRow>, StoreError> {
        self.step(|_, connection| find::outcomes(connection, keys).map_err(work))
    }

    async fn find(&mut self, needs: &Needs, working: &mut Working) -> Result<(), StoreError> {
        self.step(|session, connection| find::find(connection, needs, working, session.now).map_err(work))
    }

    async fn lock(&mut self, _needs: &Needs, _working: &mut Working) -> Result<(), StoreError> {
        // BEGIN IMMEDIATE has locked everything.
        Ok(())
    }

    async fn write(&mut self, changes: &Changes, ops: &[OpRow], now: i64) -> Result<(), StoreError> {
        self.step(|session, connection| {
            // Also when there is nothing to write: whoever writes at a time has given it out.
            session.dirty = true;
            session.now = session.now.max(now);
            write::write(connection, changes, ops)?;
            write::events(connection, &changes.events, session.last_number + 1, session.now)?;
            session.last_number += i64::try_from(changes.events.len()).unwrap_or_default();
            Ok(())
        })
    }

    async fn commit(&mut self) -> Result<i64, StoreError> {
        self.step(Self::commit_now)
    }

    async fn rollback(&mut self) -> Result<(), StoreError> {
        self.step(|session, connection| {
            session.dirty = false;
            if connection.is_autocommit() {
                return Ok(());
            }
            connection.execute_batch("ROLLBACK").map_err(work)
        })
    }
}

impl Drop for SqliteSession {
    fn drop(&mut self) {
        let Some(mut writer) = self.writer.take() else {
            return;
        };
        if !writer.connection.is_autocommit()
            && let Err(error) = writer.connection.execute_batch("ROLLBACK")
        {
            writer.poisoned.get_or_insert(format!("a rollback failed: {error}"));
        }
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
    }
}
