//! Answers to many requests in one.

use axum::http::StatusCode;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::problem::{Problem, ProblemBody};

/// What became of one item.
#[derive(Serialize, ToSchema)]
pub(crate) struct BulkResult<T> {
    /// The HTTP status that the item would have had alone.
    status: u16,
    /// What was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<T>,
    /// Why nothing was done.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "problem")]
    #[schema(value_type = Option<ProblemBody<'static>>)]
    problem: Option<Problem>,
}

fn problem<S: Serializer>(problem: &Option<Problem>, serializer: S) -> Result<S::Ok, S::Error> {
    problem.as_ref().map(|problem| problem.body(None)).serialize(serializer)
}

impl<T> BulkResult<T> {
    pub(crate) fn done(status: StatusCode, body: T) -> Self {
        Self { status: status.as_u16(), body: Some(body), problem: None }
    }

    pub(crate) fn failed(problem: Problem) -> Self {
        Self { status: problem.status().as_u16(), body: None, problem: Some(problem) }
    }
}

/// What became of every item, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(crate) struct Bulk<T> {
    /// Always `bulk`.
    #[schema(example = "bulk")]
    object: &'static str,
    /// `atomic`: all or none; `independent`: each by itself.
    mode: &'static str,
    /// One for each item.
    results: Vec<BulkResult<T>>,
}

impl<T> Bulk<T> {
    pub(crate) fn of(mode: &'static str, results: Vec<BulkResult<T>>) -> Self {
        Self { object: "bulk", mode, results }
    }
}
