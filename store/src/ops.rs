//! Operation records: each command's outcome, kept for ever.

use onhand_rules::{OpId, PrincipalId, Receipt, Refusal};
use serde::{Deserialize, Serialize};

/// Under what an outcome is found again. The client's own key comes last and is stored as it is, so that keys that sort
/// by time (UUIDv7, ULID) stay side by side in the index; random keys work and cost about twice as much.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpKey {
    /// Whose key it is: another principal's equal key is another key.
    pub principal: PrincipalId,
    /// [`onhand_rules::Command::number`]: the same key on another kind of command is another key.
    pub kind: u8,
    /// What the client sent as `Idempotency-Key`, at most 255 bytes.
    pub key: String,
}

/// How a command ended. The serialised form is what the database keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done(Receipt),
    /// It was refused, and changed nothing.
    Refused(Refusal),
}

impl Outcome {
    /// The stored form.
    ///
    /// # Panics
    /// Never: receipts and refusals hold nothing that JSON cannot.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// One operation record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpRow {
    /// Under what it is found again.
    pub key: OpKey,
    /// The execution; stands in its movements and events.
    pub id: OpId,
    /// SHA-256 over the request, shortened to 16 bytes: the same key with another request is refused.
    pub fingerprint: [u8; 16],
    /// How it ended.
    pub outcome: Outcome,
    /// Ledger clock, milliseconds.
    pub at: i64,
}
