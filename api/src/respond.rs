//! Answers.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use onhand_rules::OpId;
use serde::Serialize;

use crate::problem::{self, Problem};
use crate::submit::Done;

/// Whether the outcome is that of an earlier request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The execution.
const OPERATION_ID: HeaderName = HeaderName::from_static("operation-id");

/// Names the operation in the headers.
pub(crate) fn mark(headers: &mut HeaderMap, op: OpId, replayed: bool) {
    if let Ok(value) = HeaderValue::from_str(&op.to_string()) {
        headers.insert(OPERATION_ID, value);
    }
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
}

/// A JSON answer.
pub(crate) fn json<T: Serialize>(status: StatusCode, body: &T) -> Result<Response, Problem> {
    let bytes = serde_json::to_vec(body).map_err(|error| {
        Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(error.to_string())
    })?;
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// What was read.
pub(crate) fn found<T: Serialize>(body: &T) -> Result<Response, Problem> {
    json(StatusCode::OK, body)
}

/// What was read, with its version.
pub(crate) fn found_version<T: Serialize>(version: i64, body: &T) -> Result<Response, Problem> {
    let mut response = found(body)?;
    etag(response.headers_mut(), version);
    Ok(response)
}

/// What was done. The body must follow from the request and the receipt alone, so that a repetition gets the same bytes.
pub(crate) fn done<T: Serialize>(done: &Done, body: &T) -> Result<Response, Problem> {
    let mut response = json(StatusCode::OK, body)?;
    mark(response.headers_mut(), done.op, done.replayed);
    Ok(response)
}

/// What was made, and where it can be read.
pub(crate) fn created<T: Serialize>(done: &Done, location: &str, body: &T) -> Result<Response, Problem> {
    let mut response = json(StatusCode::CREATED, body)?;
    mark(response.headers_mut(), done.op, done.replayed);
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    Ok(response)
}

/// Adds the version.
pub(crate) fn etag(headers: &mut HeaderMap, version: i64) {
    if let Ok(value) = HeaderValue::from_str(&format!("\"v{version}\"")) {
        headers.insert(header::ETAG, value);
    }
}

/// A name as one segment of a path.
pub(crate) fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _always_ok = write!(out, "%{byte:02X}");
        }
    }
    out
}
