//! Failures below HTTP, by what happened to the connection.

use std::error::Error;
use std::io::ErrorKind;

use super::redact;
use crate::failure::{Class, Failure};
use crate::secret::Secret;

/// How far the request had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// No answer has begun.
    Asking,
    /// The head of the answer is here, its body is not.
    Reading,
}

pub(super) fn failure(error: reqwest::Error, stage: Stage, secrets: &[Secret]) -> Failure {
    let error = error.without_url();
    let (class, code) = kind(&error, stage);
    let mut words = Vec::new();
    let mut next: Option<&dyn Error> = Some(&error);
    while let Some(error) = next {
        words.push(error.to_string());
        next = error.source();
    }
    words.dedup();
    Failure::new(class, code, redact::clean(&words.join(": "), secrets))
}

fn kind(error: &reqwest::Error, stage: Stage) -> (Class, &'static str) {
    if error.is_builder() {
        return (Class::Invalid, "request");
    }
    if error.is_timeout() {
        return (Class::Network, "timeout");
    }
    let found = search(error);
    if found.tls {
        return (Class::Network, "tls");
    }
    if error.is_connect() {
        return (Class::Network, "connect");
    }
    match (stage, found.reset) {
        // The answer ended before its end, or its compression is damaged: a cut body.
        (Stage::Reading, false) => (Class::Unclear, "cut"),
        _ => (Class::Network, "reset"),
    }
}

struct Found {
    tls: bool,
    reset: bool,
}

/// Looks for what the libraries below have wrapped. An I/O error hides what it holds from `source`, and may hold another
/// one.
fn search(error: &(dyn Error + 'static)) -> Found {
    let mut found = Found { tls: error.is::<rustls::Error>(), reset: false };
    let mut inner = error.source();
    if let Some(io) = error.downcast_ref::<std::io::Error>() {
        found.reset = matches!(
            io.kind(),
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
        );
        if let Some(held) = io.get_ref() {
            inner = Some(held);
        }
    }
    if let Some(inner) = inner {
        let below = search(inner);
        found.tls |= below.tls;
        found.reset |= below.reset;
    }
    found
}
