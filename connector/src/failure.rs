//! What went wrong, named by what to do about it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The classes of failure. The retry schedule of each is in `rules/src/retry.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The marketplace wants fewer requests. Not a failure of the job.
    RateLimited,
    /// The marketplace is broken or busy. Nothing was done, or it says so.
    Server,
    /// Connecting, TLS, reading or a timeout failed. Whether it was done is unknown.
    Network,
    /// The token is not (or no longer) good. Refresh once; then the owner must authorise again.
    Auth,
    /// The grant was withdrawn, or the scope or the shop does not allow it. Nobody can mend it but the owner.
    Forbidden,
    /// The request is wrong in itself: a retry would be as wrong.
    Invalid,
    /// The listing or order does not exist (any more).
    Gone,
    /// Somebody else changed it at the same time; read again.
    Conflict,
    /// A campaign, promotion or holiday locks it; try again later, slowly.
    Locked,
    /// The answer cannot be understood: HTML, a cut body, fields that are not there. Whether it was done is unknown.
    Unclear,
}

/// One failed request, or one failed item of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class:?} ({code}): {message}")]
pub struct Failure {
    /// What to do about it.
    pub class: Class,
    /// The marketplace's own code as text, or `http_503`, `timeout`, `connect`, `tls`, `not_json`. Failures are grouped
    /// by it.
    pub code: String,
    /// For people: the marketplace's message, without tokens, keys, signatures or URLs with a query; at most 500 bytes.
    pub message: String,
    /// When the marketplace says how long to wait.
    pub retry_after: Option<Duration>,
    /// Their id of the request, for their support.
    pub request_id: Option<String>,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
}

impl Failure {
    /// A failure without the rarer fields.
    #[must_use]
    pub fn new(class: Class, code: impl Into<String>, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > 500 {
            let end = (0..=500).rev().find(|&at| message.is_char_boundary(at)).unwrap_or(0);
            message.truncate(end);
        }
        Self { class, code: code.into(), message, retry_after: None, request_id: None, status: None }
    }
}
