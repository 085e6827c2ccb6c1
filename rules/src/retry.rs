//! What to do about a failure, decided when it happens (Q10 of `docs/queue.md`).

use serde::{Deserialize, Serialize};

/// The classes of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The marketplace wants fewer requests. Not a failure: uses up no attempt.
    RateLimited,
    /// The marketplace is broken or busy.
    Server,
    /// No answer: whether it was done is unknown.
    Network,
    /// The shop must be authorised again.
    Auth,
    /// The owner or the marketplace does not allow it.
    Forbidden,
    /// Wrong in itself.
    Invalid,
    /// Does not exist any more.
    Gone,
    /// Changed by somebody else at the same time.
    Conflict,
    /// Locked by a campaign or promotion.
    Locked,
    /// The answer cannot be understood.
    Unclear,
    /// The worker panicked, lost its lease or passed its deadline.
    Crash,
    /// The stored job cannot be read.
    Undecodable,
}
