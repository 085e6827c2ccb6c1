//! The database as a whole.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use onhand_store::{Capabilities, Durability, Reads, Session, Store, StoreError};

use crate::connection::{self, check_version};
use crate::directory::Directory;
use crate::migrate::{self, MIGRATIONS};
use crate::options::{Clock, Options, Synchronous};
use crate::reads::SqliteReads;
use crate::session::{Slot, SqliteSession, Writer};
use crate::{fault, log};

/// A database in a directory that this process has to itself.
pub struct SqliteStore {
    reads: SqliteReads,
    slot: Slot,
    clock: Clock,
    durability: Durability,
    recovery: Option<log::Recovery>,
    // Last, so that the lock is given up when all connections are closed.
    directory: Arc<Directory>,
}

impl SqliteStore {
    /// Opens the database of a directory, making both if they are missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Broken`] when another process uses the directory, the library or a setting is unsafe, or the schema
    /// is newer than this binary.
    pub fn open(options: Options) -> Result<Self, StoreError> {
        check_version(rusqlite::version())?;
        check_durability(&options)?;
        let directory = Arc::new(Directory::lock(&options.dir)?);
        let path = directory.database();
        let recovery = log::inspect(&path)?;
        if let Some(recovery) = &recovery {
            recovery.tell();
        }
        directory.create_database()?;
        let mut writer = connection::open_writer(&path, options.synchronous)
            .map_err(|error| fault::refine(error, || directory.sign()))?;
        migrate::apply(&mut writer, MIGRATIONS, (options.clock)())
            .map_err(|error| fault::refine(error, || directory.sign()))?;
        let reads = SqliteReads::open(&path, options.readers.max(1), Arc::clone(&options.clock))?;
        let safe = options.synchronous == Synchronous::Full;
        Ok(Self {
            reads,
            slot: Arc::new(Mutex::new(Some(Writer::new(writer)))),
            clock: options.clock,
            durability: Durability {
                database: "sqlite".to_owned(),
                version: rusqlite::version().to_owned(),
                settings: format!("journal_mode=WAL synchronous={}", options.synchronous.name()),
                safe,
            },
            recovery,
            directory,
        })
    }

    /// What was found in the log that the process before this one left behind.
    #[must_use]
    pub fn recovery(&self) -> Option<&log::Recovery> {
        self.recovery.as_ref()
    }
}

/// Refuses settings that may lose what was acknowledged, unless the caller knows.
fn check_durability(options: &Options) -> Result<(), StoreError> {
    if options.synchronous == Synchronous::Full || options.unsafe_durability {
        return Ok(());
    }
    Err(StoreError::Broken(format!(
        "synchronous={} may lose acknowledged changes in a power cut; only --unsafe-durability accepts that",
        options.synchronous.name()
    )))
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("directory", &self.directory)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities { many_writers: false, unknown_is_fatal: true, batch_max: 1024 }
    }

    fn durability(&self) -> Durability {
        self.durability.clone()
    }

    async fn session(&self) -> Result<Box<dyn Session>, StoreError> {
        let session = SqliteSession::take(&self.slot, &self.directory, &self.clock)?;
        Ok(Box::new(session))
    }

    fn reads(&self) -> &dyn Reads {
        &self.reads
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.reads.close();
        let writer = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            writer.close();
        }
    }
}
