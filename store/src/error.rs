//! What can go wrong in a database, named by what the caller should do.

use thiserror::Error;

/// A failure of the store.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// Another writer was there first (unique key, deadlock, serialisation): nothing was written, run the batch again.
    #[error("conflict with another writer: {0}")]
    Conflict(String),
    /// The database cannot be reached; nothing was written. Try later.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// No room on the disk; nothing was written. Make room.
    #[error("no space left for the database: {0}")]
    Full(String),
    /// The disk refuses writes (read-only file system); nothing was written.
    #[error("the database is read-only: {0}")]
    ReadOnly(String),
    /// The commit may or may not have happened. Ask again by operation id, after a restart on SQLite.
    #[error("the outcome of the commit is unknown: {0}")]
    Unknown(String),
    /// The database refuses what we wrote (a CHECK constraint, a type): a bug in a command. Nothing was written.
    #[error("the database refuses the rows: {0}")]
    Rejected(String),
    /// The file or schema is damaged, newer than this binary, or unsafely configured. Needs a person.
    #[error("{0}")]
    Broken(String),
}

impl StoreError {
    /// Whether running the same batch again can help at once.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}
