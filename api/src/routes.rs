//! Handlers: one file for each part of the URL. `policy.rs` says who may call them.

pub(crate) mod actors;
pub(crate) mod api_keys;
pub(crate) mod audit;
pub(crate) mod docs;
pub(crate) mod events;
pub(crate) mod failures;
pub(crate) mod health;
pub(crate) mod hooks;
pub(crate) mod listings;
pub(crate) mod live;
pub(crate) mod locations;
pub(crate) mod low_stock;
pub(crate) mod market_orders;
pub(crate) mod me;
pub(crate) mod movements;
pub(crate) mod operations;
pub(crate) mod order_steps;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod proof;
pub(crate) mod pushes;
pub(crate) mod queue;
pub(crate) mod rehearsals;
pub(crate) mod reservations;
pub(crate) mod sandbox;
pub(crate) mod search;
pub(crate) mod sessions;
pub(crate) mod shops;
pub(crate) mod skus;
pub(crate) mod stock;
pub(crate) mod stock_changes;
pub(crate) mod users;
pub(crate) mod verify;
pub(crate) mod webhooks;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::get;
use onhand_rules::audit::AuditNote;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::api::Api;
use crate::body::{Check, Errors};
use crate::policy::ROUTES;
use crate::problem::{self, Problem};

/// Every route with its description.
pub(crate) fn all() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(crate::openapi::frontispiece())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(health::ping))
        .routes(routes!(docs::openapi))
        .routes(routes!(docs::page))
        .routes(routes!(docs::style))
        .routes(routes!(docs::problems))
        .routes(routes!(docs::problem))
        .routes(routes!(locations::list, locations::create))
        .routes(routes!(locations::read, locations::change))
        .routes(routes!(skus::list, skus::create))
        .routes(routes!(skus::bulk))
        .routes(routes!(skus::read, skus::change))
        .routes(routes!(low_stock::read, low_stock::change))
        .routes(routes!(low_stock::read_all, low_stock::set_all))
        .routes(routes!(stock::list))
        .routes(routes!(stock::shortfalls))
        .routes(routes!(stock::of_sku))
        .routes(routes!(stock::row))
        .routes(routes!(movements::list))
        .routes(routes!(movements::holders))
        .routes(routes!(movements::explain))
        .routes(routes!(stock_changes::adjust))
        .routes(routes!(stock_changes::set))
        .routes(routes!(stock_changes::count))
        .routes(routes!(stock_changes::moves))
        .routes(routes!(stock_changes::bulk))
        .routes(routes!(reservations::list, reservations::reserve))
        .routes(routes!(reservations::read))
        .routes(routes!(reservations::extend))
        .routes(routes!(reservations::release))
        .routes(routes!(reservations::allocate))
        .routes(routes!(orders::list, orders::place))
        .routes(routes!(orders::bulk))
        .routes(routes!(orders::read))
        .routes(routes!(events::of_order))
        .routes(routes!(order_steps::confirm))
        .routes(routes!(order_steps::payments))
        .routes(routes!(order_steps::cancel))
        .routes(routes!(order_steps::ship))
        .routes(routes!(order_steps::deliver))
        .routes(routes!(order_steps::take_back))
        .routes(routes!(events::list))
        .routes(routes!(events::stream))
        .routes(routes!(operations::read))
        .routes(routes!(api_keys::list, api_keys::create))
        .routes(routes!(api_keys::revoke))
        .routes(routes!(verify::verify))
        .routes(routes!(rehearsals::list, rehearsals::start))
        .routes(routes!(rehearsals::read, rehearsals::end))
        .routes(routes!(rehearsals::kill))
        .routes(routes!(search::search))
        .routes(routes!(hooks::receive))
        .routes(routes!(hooks::callback))
        .merge(of_people())
        .merge(of_channels())
}

/// Those of people.
fn of_people() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(sessions::current))
        .routes(routes!(proof::prove))
        .routes(routes!(sessions::set_up))
        .routes(routes!(sessions::use_link))
        .routes(routes!(sessions::list, sessions::sign_in))
        .routes(routes!(sessions::enter))
        .routes(routes!(sessions::end))
        .routes(routes!(me::password))
        .routes(routes!(me::begin))
        .routes(routes!(me::confirm))
        .routes(routes!(me::remove))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::change))
        .routes(routes!(users::link))
        .routes(routes!(audit::list))
        .routes(routes!(actors::list))
        .routes(routes!(live::live))
}

/// What the audit log is to say of a request.
pub(crate) fn note_of(by: &str, action: &str, object: &str, reason: Option<String>) -> AuditNote {
    AuditNote { by: by.to_owned(), action: action.to_owned(), object: object.to_owned(), reason }
}

/// Those of the queue and the channels.
fn of_channels() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(shops::list))
        .routes(routes!(shops::connect))
        .routes(routes!(shops::read, shops::change))
        .routes(routes!(shops::disconnect))
        .routes(routes!(shops::import))
        .routes(routes!(shops::poll))
        .routes(routes!(shops::push))
        .routes(routes!(shops::probe))
        .routes(routes!(shops::preview))
        .routes(routes!(listings::list))
        .routes(routes!(listings::read))
        .routes(routes!(listings::preview))
        .routes(routes!(listings::suggestions))
        .routes(routes!(listings::map))
        .routes(routes!(listings::rule))
        .routes(routes!(listings::resolve_edit))
        .routes(routes!(listings::push))
        .routes(routes!(queue::jobs))
        .routes(routes!(queue::job))
        .routes(routes!(queue::cancel))
        .routes(routes!(queue::queues))
        .routes(routes!(queue::change_queue))
        .routes(routes!(queue::change_kind))
        .routes(routes!(failures::list))
        .routes(routes!(failures::jobs))
        .routes(routes!(failures::replay))
        .routes(routes!(failures::discard))
        .routes(routes!(queue::notices))
        .routes(routes!(queue::see))
        .routes(routes!(queue::care))
        .routes(routes!(market_orders::list))
        .routes(routes!(market_orders::read))
        .routes(routes!(market_orders::fetch))
        .routes(routes!(market_orders::ship))
        .routes(routes!(market_orders::answer_cancel))
        .routes(routes!(overview::overview))
        .routes(routes!(pushes::list))
        .routes(routes!(pushes::latency))
        .routes(routes!(webhooks::list))
        .routes(routes!(webhooks::retry))
}

/// Routes that the description leaves out: SKUs named like words, and the sandbox of a demonstration.
pub(crate) fn undescribed(router: Router<Api>) -> Router<Api> {
    let pass = get(sandbox::pass).post(sandbox::pass).delete(sandbox::pass);
    named_like_words(router).route("/v1/sandbox/{*path}", pass)
}

/// SKUs whose code is a word of the API, such as `set`: `policy.rs` says which words.
fn named_like_words(router: Router<Api>) -> Router<Api> {
    let words = ["adjust", "set", "count", "move", "bulk"];
    words
        .into_iter()
        .fold(router, |router, word| router.route(&format!("/v1/stock/{word}"), get(stock::of_sku)))
        .route("/v1/skus/bulk", get(skus::read).patch(skus::change))
}

/// What the listener for operators has, if there is one.
pub(crate) fn of_operators() -> Router<Api> {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
}

/// Nothing is there.
pub(crate) async fn no_route(_request: Request) -> Problem {
    Problem::new(&problem::NO_ROUTE, problem::NO_ROUTE.advice)
}

/// A method that the route does not know.
pub(crate) async fn no_method(_request: Request) -> Problem {
    Problem::new(&problem::METHOD_NOT_ALLOWED, problem::METHOD_NOT_ALLOWED.advice)
}

/// Whether the path is one of ours with another method.
pub(crate) fn knows_path(request: &Request) -> bool {
    request
        .extensions()
        .get::<axum::extract::MatchedPath>()
        .is_some_and(|path| ROUTES.iter().any(|route| route.path == path.as_str()))
}

/// Checks one item of a bulk request.
pub(crate) fn check_item<T: Check>(item: &T) -> Result<(), Problem> {
    let mut errors = Errors::default();
    item.check(&mut errors);
    errors.into_result()
}

/// The answer to one item of a bulk request.
pub(crate) fn bulk_result<T: serde::Serialize>(
    status: StatusCode,
    result: Result<T, Problem>,
) -> crate::body::bulk::BulkResult<T> {
    match result {
        Ok(body) => crate::body::bulk::BulkResult::done(status, body),
        Err(problem) => crate::body::bulk::BulkResult::failed(problem),
    }
}

/// The items of a bulk request have keys of their own, made of the request's and a number: it must have room for that.
pub(crate) fn check_bulk_key(call: &crate::extract::Call) -> Result<(), Problem> {
    let max = crate::idempotency::BULK_KEY_MAX;
    if call.key()?.len() <= max {
        return Ok(());
    }
    Err(Problem::new(
        &problem::INVALID_HEADER,
        format!("the Idempotency-Key of a bulk request may have {max} characters at most"),
    ))
}
