//! The catalogue of problems.

use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Kind;

/// One kind of problem.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemKind {
    /// As in `type` of a problem.
    #[serde(rename = "type")]
    kind: String,
    /// Stable.
    code: &'static str,
    /// Its HTTP status.
    status: u16,
    /// The same for every occurrence.
    title: &'static str,
    /// Whether the same request may succeed later without a change.
    retryable: bool,
    /// What to do about it.
    advice: &'static str,
}

impl ProblemKind {
    pub(crate) fn of(kind: &Kind) -> Self {
        Self {
            kind: format!("/problems/{}", kind.code),
            code: kind.code,
            status: kind.status.as_u16(),
            title: kind.title,
            retryable: kind.retryable,
            advice: kind.advice,
        }
    }
}

/// All kinds of problems.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemKinds {
    /// Always `list`.
    #[schema(example = "list")]
    pub(crate) object: &'static str,
    /// The kinds.
    pub(crate) data: Vec<ProblemKind>,
    /// Always false.
    pub(crate) has_more: bool,
    /// Always null.
    pub(crate) next_cursor: Option<String>,
}
