//! `/v1/sandbox/…`: the control of the sandbox that this server was started with, for the console of a demonstration.
//!
//! The sandbox's own control has no authentication and listens for this machine only; the console's pages may talk to
//! nobody but this server. So what an admin asks here is passed on, and its answer back.

use axum::body::{Body, Bytes};
use axum::extract::{RawPathParams, RawQuery, State};
use axum::http::{HeaderValue, Method, Request, Uri, header};
use axum::response::Response;
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::api::Api;
use crate::problem::{self, Problem};

/// The largest body in either direction, in bytes.
const BODY_MAX: usize = 4 * 1024 * 1024;

/// Passes a request on to the sandbox's control.
pub(crate) async fn pass(
    State(api): State<Api>,
    method: Method,
    params: RawPathParams,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let base = &api.settings().sandbox;
    if base.is_empty() {
        return Err(Problem::new(&problem::NOT_FOUND, "this server was started without a sandbox"));
    }
    let path = params.iter().next().map_or("", |(_, value)| value);
    // The path becomes a part of an address: nothing but names of things may stand in it.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.');
    if !path.chars().all(plain) || path.split('/').any(|part| part == "..") {
        return Err(Problem::new(&problem::NOT_FOUND, "the sandbox has no such path"));
    }
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    let uri: Uri = format!("{base}/control/{path}{query}")
        .parse()
        .map_err(|_| Problem::new(&problem::NOT_FOUND, "the sandbox has no such path"))?;
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Full::new(body))
        .map_err(away)?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = client.request(request).await.map_err(away)?;
    let (head, body) = answer.into_parts();
    let bytes = Limited::new(body, BODY_MAX).collect().await.map_err(away)?.to_bytes();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = head.status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

fn away(error: impl std::fmt::Display) -> Problem {
    Problem::new(&problem::INTERNAL, "the sandbox does not answer").because(error.to_string())
}
