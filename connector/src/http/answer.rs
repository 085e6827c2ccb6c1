//! What came back: JSON, or it would have been a failure.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::redact;
use crate::failure::{Class, Failure};
use crate::secret::Secret;

/// Code of the failure when an answer is JSON and not what was asked for: a field is not there, or is something else.
pub const FIELDS: &str = "fields";

/// An answer in JSON, of whatever status: the body decides first.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub json: Value,
    /// How long the marketplace wants us to wait.
    pub retry_after: Option<Duration>,
    secrets: Vec<Secret>,
}

impl Answer {
    /// Sorts an answer out.
    ///
    /// # Errors
    /// By the status, or [`Class::Unclear`] with `not_json`, when the body is not JSON.
    pub(super) fn read(
        status: u16,
        retry_after: Option<Duration>,
        body: &[u8],
        secrets: Vec<Secret>,
    ) -> Result<Self, Failure> {
        match serde_json::from_slice(body) {
            Ok(json) => Ok(Self { status, json, retry_after, secrets }),
            Err(_) => {
                let class = by_status(status);
                // Without a body that says so, only these are to be believed: anything else may be a page of some
                // proxy in between.
                let failure = match class {
                    Some(class @ (Class::RateLimited | Class::Server)) => {
                        Failure::new(class, format!("http_{status}"), "the answer is not JSON")
                    }
                    _ => Failure::new(Class::Unclear, "not_json", format!("status {status}, and not JSON")),
                };
                Err(Failure { status: Some(status), retry_after, ..failure })
            }
        }
    }

    /// The body as `T`.
    ///
    /// # Errors
    /// [`Class::Unclear`] with [`FIELDS`] when something is not there, or is something else.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        T::deserialize(&self.json).map_err(|error| self.failure(Class::Unclear, FIELDS, &error.to_string()))
    }

    /// A failure that this answer tells of.
    #[must_use]
    pub fn failure(&self, class: Class, code: impl Into<String>, message: &str) -> Failure {
        let waits = matches!(class, Class::RateLimited | Class::Server);
        Failure {
            status: Some(self.status),
            retry_after: self.retry_after.filter(|_| waits),
            ..Failure::new(class, code, redact::clean(message, &self.secrets))
        }
    }

    /// What the status alone says, for bodies that do not know better; `None` for 2xx.
    #[must_use]
    pub fn status_class(&self) -> Option<Class> {
        by_status(self.status)
    }

    /// The failure of a status that is not 2xx, when the body reports none.
    #[must_use]
    pub fn status_failure(&self) -> Option<Failure> {
        let class = self.status_class()?;
        Some(self.failure(
            class,
            format!("http_{}", self.status),
            "the body reports no error, the status does",
        ))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may hold tokens.
        write!(f, "Answer({})", self.status)
    }
}

fn by_status(status: u16) -> Option<Class> {
    Some(match status {
        200..=299 => return None,
        429 => Class::RateLimited,
        500..=599 => Class::Server,
        401 => Class::Auth,
        403 => Class::Forbidden,
        404 | 410 => Class::Gone,
        409 => Class::Conflict,
        400 | 422 => Class::Invalid,
        _ => Class::Unclear,
    })
}
