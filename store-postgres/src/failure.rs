//! What PostgreSQL and its driver say, in the words of [`StoreError`].

use std::error::Error as _;

use deadpool_postgres::PoolError;
use onhand_store::StoreError;
use tokio_postgres::error::{DbError, Severity, SqlState};

/// Names an error by what the caller should do.
pub(crate) fn failure(error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(refusal) => refused(refusal),
        None if is_our_fault(error) || is_distrust(error) => StoreError::Broken(text(error)),
        None => StoreError::Unavailable(text(error)),
    }
}

/// Names an error that arrived after COMMIT was sent: whatever is not a plain refusal leaves the outcome open. A FATAL
/// error counts as open too, because a server that is told to stop while it waits for its standby has committed.
pub(crate) fn commit_failure(error: &tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(refusal) if refusal.parsed_severity() == Some(Severity::Error) => refused(refusal),
        _ => StoreError::Unknown(text(error)),
    }
}

/// Names an error of the pool.
pub(crate) fn pool_failure(error: &PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => failure(error),
        PoolError::Timeout(_) => StoreError::Unavailable("no free connection in time".into()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// Whether the connection was lost, or the server ended it: reading again on another connection can help.
pub(crate) fn is_lost(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(refusal) => matches!(refusal.parsed_severity(), Some(Severity::Fatal | Severity::Panic)),
        None => !is_our_fault(error) && !is_distrust(error),
    }
}

/// Errors that the driver finds by itself and that another try would meet again: a value of the wrong type, an address
/// that is none.
fn is_our_fault(error: &tokio_postgres::Error) -> bool {
    let words = error.to_string();
    ["error serializing", "error deserializing", "invalid ", "query returned", "expected "]
        .iter()
        .any(|start| words.starts_with(start))
}

/// The server does not encrypt, or is not who it should be: nothing that waiting cures. A handshake that broke off is.
fn is_distrust(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
    error.to_string().contains("TLS")
        && cause.is_none_or(|cause| cause.kind() == std::io::ErrorKind::InvalidData)
}

fn refused(refusal: &DbError) -> StoreError {
    let text = refusal_text(refusal);
    let code = refusal.code();
    if [
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::UNIQUE_VIOLATION,
    ]
    .contains(code)
    {
        return StoreError::Conflict(text);
    }
    match code.code() {
        "53100" => StoreError::Full(text),
        "25006" => StoreError::ReadOnly(text),
        // Cancelled by a person, by a timeout, by a server that stops or that is short of something.
        "57014" | "58030" | "25P03" | "25P02" => StoreError::Unavailable(text),
        other => match &other[..2] {
            "57" | "08" | "53" => StoreError::Unavailable(text),
            "22" | "23" | "54" | "P0" => StoreError::Rejected(text),
            _ => StoreError::Broken(text),
        },
    }
}

fn refusal_text(refusal: &DbError) -> String {
    let mut text = format!("{} ({})", refusal.message(), refusal.code().code());
    if let Some(hint) = refusal.hint() {
        text.push_str("; ");
        text.push_str(hint);
    }
    text
}

/// The error with its causes: the driver itself says little more than "db error".
pub(crate) fn text(error: &tokio_postgres::Error) -> String {
    if let Some(refusal) = error.as_db_error() {
        return refusal_text(refusal);
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
