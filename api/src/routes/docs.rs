//! `/openapi.json`, `/docs`, `/problems`.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::api::Api;
use crate::body::problems::{ProblemKind, ProblemKinds};
use crate::extract::Call;
use crate::problem::{ALL, Problem, by_code};
use crate::reference::STYLE;
use crate::respond::found;

/// The page may load its style from this server, and nothing else from anywhere; it has no script.
const PAGE_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// This description.
#[utoipa::path(get, path = "/openapi.json", tag = "docs",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value)))]
pub(crate) async fn openapi(State(api): State<Api>) -> Response {
    let mut response = api.0.document.json.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
    response
}

/// A page to read this description in.
#[utoipa::path(get, path = "/docs", tag = "docs",
    responses((status = 200, description = "HTML", body = String, content_type = "text/html")))]
pub(crate) async fn page(State(api): State<Api>) -> Response {
    let mut response = api.0.document.page.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The style of that page.
#[utoipa::path(get, path = "/docs/style.css", tag = "docs",
    responses((status = 200, description = "CSS", body = String, content_type = "text/css")))]
pub(crate) async fn style() -> Response {
    let mut response = STYLE.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"));
    response
}

/// Every kind of problem.
#[utoipa::path(get, path = "/problems", tag = "docs",
    responses((status = 200, description = "The catalogue", body = ProblemKinds)))]
pub(crate) async fn problems() -> Result<Response, Problem> {
    found(&ProblemKinds {
        object: "list",
        data: ALL.iter().map(|kind| ProblemKind::of(kind)).collect(),
        has_more: false,
        next_cursor: None,
    })
}

/// One kind of problem: what its `type` points at.
#[utoipa::path(get, path = "/problems/{code}", tag = "docs",
    params(("code" = String, Path, description = "The `code` of a problem")),
    responses((status = 200, description = "What it means and what to do", body = ProblemKind)))]
pub(crate) async fn problem(call: Call) -> Result<Response, Problem> {
    let kind = by_code(call.name(0)).ok_or_else(|| Problem::not_found("problem", call.name(0)))?;
    found(&ProblemKind::of(kind))
}
