//! What stands around every handler: who asks and may they, the request's id, problems, panics, measures.
//!
//! It is one service and no stack of layers, because it runs for every request.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use onhand_rules::access::ScopeName;
use tower::{Layer, Service};

use crate::api::Api;
use crate::auth::{Who, request_id};
use crate::caller::{By, Caller};
use crate::policy::{Access, Route, find};
use crate::problem::{self, Problem};
use crate::rate::Allowance;

/// The header of the request's id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// W3C trace context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The longest request id of a caller.
const REQUEST_ID_MAX: usize = 128;

/// Whoever asks, put into the request for handlers.
#[derive(Clone)]
pub(crate) struct Asks(pub(crate) Arc<Caller>);

/// The request's id, put into the request for handlers.
#[derive(Clone)]
pub(crate) struct Named(pub(crate) String);

/// The route's line of the table, put into the request for handlers.
#[derive(Clone, Copy)]
pub(crate) struct Matched(pub(crate) &'static Route);

/// Makes request ids.
pub(crate) struct Names {
    prefix: u64,
    next: AtomicU64,
}

impl Default for Names {
    fn default() -> Self {
        let mut random = [0u8; 8];
        // Without randomness ids only need another source of difference between processes.
        let prefix = match getrandom::fill(&mut random) {
            Ok(()) => u64::from_be_bytes(random),
            Err(_) => u64::from(std::process::id()),
        };
        Self { prefix, next: AtomicU64::new(0) }
    }
}

impl Names {
    fn next(&self) -> String {
        request_id(self.prefix, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Put into requests of the listener for operators.
#[derive(Clone, Copy)]
pub(crate) struct ForOperators;

/// Wraps the router.
#[derive(Clone)]
pub(crate) struct Frame {
    pub(crate) api: Api,
    /// Whether it is that of the listener for operators.
    pub(crate) admin: bool,
}

impl<S> Layer<S> for Frame {
    type Service = Framed<S>;
    fn layer(&self, inner: S) -> Framed<S> {
        Framed { api: self.api.clone(), admin: self.admin, inner }
    }
}

/// The wrapped router.
#[derive(Clone)]
pub(crate) struct Framed<S> {
    api: Api,
    admin: bool,
    inner: S,
}

impl<S> Service<Request> for Framed<S>
where
    S: Service<Request, Error = Infallible> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let api = self.api.clone();
        if self.admin {
            request.extensions_mut().insert(ForOperators);
        }
        Box::pin(async move {
            let started = Instant::now();
            let id = id_of(&api, request.headers());
            let route = request
                .extensions()
                .get::<MatchedPath>()
                .and_then(|path| find(request.method().as_str(), path.as_str()));
            let mut allowance = None;
            let admitted = match route {
                Some(route) => admit(&api, route, &mut request, &id, &mut allowance).await,
                // No such route or method: the fallbacks say so. A route without a line in the table is not served.
                None if request.extensions().get::<MatchedPath>().is_none() => Ok(()),
                None if crate::routes::knows_path(&request) => Ok(()),
                None => Err(Problem::new(&problem::NO_ROUTE, "this route is not in the table")),
            };
            let response = match admitted {
                Ok(()) => {
                    let answer = AssertUnwindSafe(async { inner.call(request).await }).catch_unwind();
                    match answer.await {
                        Ok(Ok(response)) => response.into_response(),
                        Ok(Err(never)) => match never {},
                        Err(_) => Problem::new(&problem::INTERNAL, problem::INTERNAL.advice)
                            .because("a handler panicked")
                            .into_response(),
                    }
                }
                Err(problem) => problem.into_response(),
            };
            let mut response = finish(&api, route, response, &id, started);
            if let Some(allowance) = allowance {
                allowance.tell(response.headers_mut());
            }
            Ok(response)
        })
    }
}

/// Lets the request through, or says why not. `allowance` becomes what the caller's key may still do.
async fn admit(
    api: &Api,
    route: &'static Route,
    request: &mut Request,
    id: &str,
    allowance: &mut Option<Allowance>,
) -> Result<(), Problem> {
    request.extensions_mut().insert(Matched(route));
    request.extensions_mut().insert(Named(id.to_owned()));
    check_size(api, request.headers())?;
    let needed = match route.access {
        Access::Public => return Ok(()),
        Access::Metrics if api.settings().admin_apart && !is_for_operators(request) => {
            return Err(Problem::new(&problem::NO_ROUTE, problem::NO_ROUTE.advice));
        }
        Access::Metrics if api.0.settings.metrics_public => return Ok(()),
        Access::Metrics => Some(ScopeName::Admin),
        Access::AnyKey | Access::Person => None,
        Access::Needs(scope) => Some(scope),
    };
    match api.0.callers.who(&api.0.engine, request.method(), request.headers()).await {
        Who::Known(caller) => {
            *allowance = api.0.limiter.as_ref().map(|limiter| limiter.take(caller.id(), Instant::now()));
            if let Some(Allowance { allowed: false, reset_s, .. }) = *allowance {
                return Err(Problem::new(&problem::RATE_LIMITED, problem::RATE_LIMITED.advice).after(reset_s));
            }
            if let Some(scope) = needed.filter(|&scope| !caller.allows(scope)) {
                return Err(Problem::missing_scope(scope.name()));
            }
            if route.access == Access::Person && !matches!(caller.by, By::Person { .. }) {
                return Err(Problem::new(&problem::PERSONS_ONLY, problem::PERSONS_ONLY.advice));
            }
            request.extensions_mut().insert(Asks(caller));
            Ok(())
        }
        Who::Foreign => Err(Problem::new(&problem::CROSS_SITE, problem::CROSS_SITE.advice)),
        Who::Anonymous(why) => Err(Problem::new(&problem::UNAUTHENTICATED, why)),
        Who::CannotTell(error) => {
            Err(Problem::new(&problem::CANNOT_TELL, problem::CANNOT_TELL.advice).because(error.to_string()))
        }
    }
}

fn is_for_operators(request: &Request) -> bool {
    request.extensions().get::<ForOperators>().is_some()
}

/// The connection's own limit is only as exact as its buffer.
fn check_size(api: &Api, headers: &HeaderMap) -> Result<(), Problem> {
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    if size <= api.settings().headers_max {
        return Ok(());
    }
    Err(Problem::new(&problem::HEADERS_TOO_LARGE, problem::HEADERS_TOO_LARGE.advice))
}

/// The caller's own id if it may be one, else a new one.
fn id_of(api: &Api, headers: &HeaderMap) -> String {
    headers
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|text| {
            let mark = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
            !text.is_empty() && text.len() <= REQUEST_ID_MAX && text.bytes().all(mark)
        })
        .map_or_else(|| api.0.names.next(), str::to_owned)
}

fn finish(
    api: &Api,
    route: Option<&'static Route>,
    mut response: Response,
    id: &str,
    started: Instant,
) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        log(&problem, route, id);
        let mut rendered = problem.render(id);
        // What the router added beside the problem, such as Allow, stays.
        for (name, value) in response.headers() {
            if !rendered.headers().contains_key(name) && name != header::CONTENT_LENGTH {
                rendered.headers_mut().insert(name, value.clone());
            }
        }
        response = rendered;
    }
    let status = response.status().as_u16();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let (method, path) = route.map_or(("", "none"), |route| (route.method, route.path));
    api.0.measures.count(method, path, status, started.elapsed().as_secs_f64());
    response
}

/// One line for each failure; what the caller did wrong is no news for the operator.
fn log(problem: &Problem, route: Option<&'static Route>, id: &str) {
    let (method, path) = route.map_or(("", ""), |route| (route.method, route.path));
    let (code, cause) = (problem.code(), problem.cause().unwrap_or_default());
    if problem.status().is_server_error() {
        tracing::error!(request = id, method, path, code, cause, "a request failed");
    } else {
        tracing::debug!(request = id, method, path, code, cause, "a request was refused");
    }
}

/// By what the events that a request causes are found again: its `traceparent`, if it has one, and its id.
pub(crate) fn origin(headers: &HeaderMap, id: &str) -> String {
    match headers.get(&TRACEPARENT).and_then(|value| value.to_str().ok()).filter(|text| is_traceparent(text))
    {
        Some(trace) => format!("{trace} {id}"),
        None => id.to_owned(),
    }
}

/// The two of [`origin`]: neither has a space.
pub(crate) fn origin_parts(origin: Option<String>) -> (Option<String>, Option<String>) {
    match origin {
        Some(text) => match text.split_once(' ') {
            Some((trace, id)) => (Some(trace.to_owned()), Some(id.to_owned())),
            None if is_traceparent(&text) => (Some(text), None),
            None => (None, Some(text)),
        },
        None => (None, None),
    }
}

/// Whether it is a `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zero.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, span, flags] = parts[..] else { return false };
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let set = |part: &str| part.bytes().any(|byte| byte != b'0');
    version == "00" && hex(trace, 32) && hex(span, 16) && hex(flags, 2) && set(trace) && set(span)
}
