//! `/healthz`, `/readyz`, `/metrics`, `/v1/ping`.

use std::sync::atomic::Ordering;

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::Api;
use crate::auth::Who;
use crate::body::health::Readiness;
use crate::frame::ForOperators;
use crate::problem::{self, Problem};
use crate::respond::json;

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health",
    responses((status = 200, description = "It is alive", body = String, content_type = "text/plain")))]
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// The server can work: the database answers and takes writes. Where operators have a listener of their own, the others show
/// the rest to whoever has a key or a session that works, because the console needs it, and to nobody else.
#[utoipa::path(get, path = "/readyz", tag = "health", responses(
    (status = 200, description = "It can work", body = Readiness),
    (status = 503, description = "It cannot work now", body = Readiness),
))]
pub(crate) async fn readyz(
    State(api): State<Api>,
    for_operators: Option<Extension<ForOperators>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let durability = api.0.engine.store().durability();
    let head = match api.reads().feed_head().await {
        Ok(head) => Some(head),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            None
        }
    };
    let writable = api.0.engine.is_writable();
    let ready = head.is_some() && writable;
    let word = if ready { "ready" } else { "not_ready" };
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if api.settings().admin_apart && for_operators.is_none() && !is_known(&api, &headers).await {
        return json(status, &Readiness { status: word, ..Readiness::default() });
    }
    let body = Readiness {
        status: word,
        database: Some(format!("{} {}", durability.database, durability.version)),
        durability: Some(durability.settings),
        durable: Some(durability.safe),
        writable: Some(writable),
        feed_head: head,
        version: Some(api.0.settings.version.clone()),
    };
    json(status, &body)
}

async fn is_known(api: &Api, headers: &HeaderMap) -> bool {
    matches!(api.0.callers.who(&api.0.engine, &Method::GET, headers).await, Who::Known(_))
}

/// Measures for Prometheus. Needs the scope `admin`, unless the server's settings make it public. Where
/// operators have a listener of their own, it is only there.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(api): State<Api>) -> Result<Response, Problem> {
    let store = api.0.engine.store();
    api.0.measures.durable.set(i64::from(store.durability().safe));
    api.0.measures.not_replicated.inner().fetch_max(store.not_replicated(), Ordering::Relaxed);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &api.0.registry).map_err(|error| {
        Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(error.to_string())
    })?;
    let mut response = text.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
    );
    Ok(response)
}

/// Does nothing. The yardstick that the speed of every other request is measured against.
#[utoipa::path(post, path = "/v1/ping", tag = "health",
    responses((status = 204, description = "Nothing was done")))]
pub(crate) async fn ping() -> StatusCode {
    StatusCode::NO_CONTENT
}
