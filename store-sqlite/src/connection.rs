//! One connection, set up and checked.

use std::path::Path;
use std::time::Duration;

use onhand_store::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::fault::work;
use crate::options::Synchronous;

/// Marks the file as ours: "OnHd".
const APPLICATION_ID: i64 = 0x4f6e_4864;
/// The first SQLite whose log cannot be reset under a reader's feet.
const SQLITE_MIN: (u32, u32, u32) = (3, 51, 3);
/// KiB of pages that the writer and each reader keep.
const WRITER_CACHE_KIB: i64 = 32 * 1024;
const READER_CACHE_KIB: i64 = 2 * 1024;
/// The log is cut back to this when it starts over.
const LOG_KEPT: i64 = 64 * 1024 * 1024;
const PAGE_SIZE: i64 = 4096;
/// Only a person with a SQLite shell can make us wait; then it is a conflict.
const PATIENCE: Duration = Duration::from_secs(2);

/// Refuses SQLite libraries that are known to damage databases in WAL mode.
///
/// # Errors
/// [`StoreError::Broken`] naming the defect.
pub fn check_version(version: &str) -> Result<(), StoreError> {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().ok());
    let mut next = || numbers.next().flatten();
    let found = (next(), next(), next());
    let known = match found {
        (Some(major), Some(minor), patch) => (major, minor, patch.unwrap_or(0)),
        _ => (0, 0, 0),
    };
    if known < SQLITE_MIN {
        return Err(StoreError::Broken(format!(
            "SQLite {version} has the WAL-reset bug, which can damage the database; 3.51.3 or later is needed"
        )));
    }
    Ok(())
}

/// Opens the one connection that writes, and proves that its commits are durable by reading the settings back.
pub(crate) fn open_writer(path: &Path, synchronous: Synchronous) -> Result<Connection, StoreError> {
    let connection = open(path)?;
    check_ours(&connection, path)?;
    // Has effect only in a file without pages.
    set(&connection, "page_size", PAGE_SIZE)?;
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(work)?;
    if mode != "wal" {
        return Err(StoreError::Broken(format!(
            "{} cannot use a write-ahead log (journal_mode is {mode}): is it on a network file system?",
            path.display()
        )));
    }
    set(&connection, "synchronous", synchronous.number())?;
    set(&connection, "application_id", APPLICATION_ID)?;
    set(&connection, "cache_size", -WRITER_CACHE_KIB)?;
    set(&connection, "journal_size_limit", LOG_KEPT)?;
    // SQLite's own checkpoints swallow a failed fsync; ours do not (see `session`).
    set(&connection, "wal_autocheckpoint", 0)?;
    let read_back = get(&connection, "synchronous")?;
    if read_back != synchronous.number() {
        return Err(StoreError::Broken(format!(
            "SQLite does not accept synchronous={}: it says {read_back}",
            synchronous.name()
        )));
    }
    Ok(connection)
}

/// Opens a connection that cannot write.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = open(path)?;
    set(&connection, "cache_size", -READER_CACHE_KIB)?;
    set(&connection, "wal_autocheckpoint", 0)?;
    set(&connection, "query_only", 1)?;
    // The last connection that closes would checkpoint; that is the writer's business, which checks the result.
    leave_log(&connection);
    Ok(connection)
}

/// Keeps a connection from copying the log into the database when it closes.
pub(crate) fn leave_log(connection: &Connection) {
    if let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
        tracing::warn!(%error, "the log cannot be kept from being copied at close");
    }
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(work)?;
    connection.busy_timeout(PATIENCE).map_err(work)?;
    connection.set_prepared_statement_cache_capacity(96);
    set(&connection, "mmap_size", 0)?;
    set(&connection, "temp_store", 2)?;
    set(&connection, "trusted_schema", 0)?;
    Ok(connection)
}

/// Refuses a file that some other program made.
fn check_ours(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let id = get(connection, "application_id")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(work)?;
    if id == APPLICATION_ID || (id == 0 && tables == 0) {
        return Ok(());
    }
    Err(StoreError::Broken(format!("{} is a SQLite database, but not one of Onhand", path.display())))
}

pub(crate) fn get(connection: &Connection, pragma: &str) -> Result<i64, StoreError> {
    connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(work)
}

fn set(connection: &Connection, pragma: &str, value: i64) -> Result<(), StoreError> {
    connection.pragma_update(None, pragma, value).map_err(work)
}
