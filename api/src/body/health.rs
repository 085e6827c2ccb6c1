//! Whether the server works.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// Whether the server can work. Where operators have a listener of their own, strangers are told the status only.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` or `not_ready`.
    pub(crate) status: &'static str,
    /// `sqlite` or `postgres`, with its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
    /// What the database promises about an acknowledged commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) durability: Option<String>,
    /// Whether that is everything; false when durability was given up on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) durable: Option<bool>,
    /// Whether the last batch could be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) writable: Option<bool>,
    /// The number of the last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) feed_head: Option<i64>,
    /// The server's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
}

/// One broken invariant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Violation {
    /// Its number in the list of invariants.
    pub(crate) invariant: String,
    /// What it concerns.
    pub(crate) subject: String,
    /// What is wrong.
    pub(crate) detail: String,
}

/// What was checked and what was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verification {
    /// Always `verification`.
    #[schema(example = "verification")]
    pub(crate) object: &'static str,
    /// Whether nothing is wrong.
    pub(crate) clean: bool,
    /// How many rows of each kind were checked.
    pub(crate) checked: BTreeMap<&'static str, u64>,
    /// How many violations there are.
    pub(crate) violations_total: u64,
    /// The first of them.
    pub(crate) violations: Vec<Violation>,
    /// SHA-256 over the stock figures of every SKU.
    pub(crate) stock_digest: String,
    /// How long it took.
    pub(crate) seconds: f64,
}
