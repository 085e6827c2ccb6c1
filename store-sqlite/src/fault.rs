//! What SQLite's error codes mean for the caller.

use std::io;

use onhand_store::StoreError;
use rusqlite::ErrorCode;
use rusqlite::ffi;

/// Where in a transaction an error came up: before the commit nothing can have been written for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Anything up to the commit.
    Work,
    /// The commit itself.
    Commit,
}

/// An error before the commit.
pub(crate) fn work(error: rusqlite::Error) -> StoreError {
    classify(error, Phase::Work)
}

/// Names an error by what the caller should do.
///
/// A failed write of the log is known not to have committed, because the frame that commits is the last one and is
/// covered by a checksum. A failed sync is not: the frames stand in the file, and recovery after a restart finds them.
pub(crate) fn classify(error: rusqlite::Error, phase: Phase) -> StoreError {
    let text = error.to_string();
    let failure = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => failure,
        rusqlite::Error::SqlInputError { error, .. } => error,
        // A row that cannot be read back as what we wrote.
        _ => return StoreError::Broken(format!("a row cannot be read: {text}")),
    };
    let extended = failure.extended_code;
    match failure.code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Conflict(text),
        ErrorCode::ConstraintViolation => match extended {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => StoreError::Conflict(text),
            _ => StoreError::Rejected(text),
        },
        ErrorCode::TypeMismatch | ErrorCode::TooBig => StoreError::Rejected(text),
        ErrorCode::DiskFull => StoreError::Full(text),
        ErrorCode::ReadOnly => StoreError::ReadOnly(text),
        ErrorCode::SystemIoFailure => match extended {
            ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC => StoreError::Unknown(text),
            ffi::SQLITE_IOERR_WRITE => StoreError::Full(text),
            _ if phase == Phase::Commit => StoreError::Unknown(text),
            // The shared index of the log could not grow.
            ffi::SQLITE_IOERR_SHMSIZE => StoreError::Full(text),
            _ => StoreError::Unavailable(format!("{text} (I/O error {extended})")),
        },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::Broken(format!("the database file is damaged: {text}; restore a backup"))
        }
        ErrorCode::CannotOpen | ErrorCode::PermissionDenied => StoreError::Unavailable(text),
        ErrorCode::OutOfMemory | ErrorCode::OperationInterrupted => StoreError::Unavailable(text),
        _ if phase == Phase::Commit => StoreError::Unknown(text),
        _ => StoreError::Broken(text),
    }
}

/// SQLite says "I/O error" for every failed write; the operating system, asked once more, says why.
pub(crate) fn refine(error: StoreError, probe: impl FnOnce() -> io::Result<()>) -> StoreError {
    match error {
        StoreError::Full(text) => match probe() {
            Err(cause) if cause.kind() == io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(text),
            Err(cause) => StoreError::Full(format!("{text} ({cause})")),
            Ok(()) => StoreError::Full(text),
        },
        other => other,
    }
}

/// An error of the file system outside SQLite.
pub(crate) fn file(what: &str, error: &io::Error) -> StoreError {
    let text = format!("{what}: {error}");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full(text)
        }
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(text),
        _ => StoreError::Broken(text),
    }
}
