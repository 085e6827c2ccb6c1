//! Who may call what: the one table. A route that is not here is refused to everybody.

use onhand_rules::access::ScopeName;

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing.
    Public,
    /// A key that works.
    AnyKey,
    /// A person, signed in: it is about themselves.
    Person,
    /// A key or a person with this scope.
    Needs(ScopeName),
    /// Nothing when the settings make it public, else the scope `admin`.
    Metrics,
}

/// What a route does, which decides the headers and problems that it shares with its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    /// It reads.
    Read,
    /// It changes state once for each `Idempotency-Key`.
    Write,
    /// The same, and `If-Match` is understood.
    Edit,
    /// It works without an `Idempotency-Key`: it changes nothing.
    Act,
}

/// One route.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) does: Does,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:expr, $does:ident;)+) => {
        /// Every route.
        pub(crate) static ROUTES: &[Route] = &[$(Route {
            method: stringify!($method),
            path: $path,
            access: $access,
            does: Does::$does,
        }),+];
    };
}

use Access::{AnyKey, Metrics, Needs, Person, Public};
use ScopeName::{
    Admin, AuditRead, EventsRead, OrdersFulfil, OrdersRead, OrdersWrite, QueuesOperate, StockRead, StockWrite,
};

routes! {
    GET "/healthz" Public, Read;
    GET "/readyz" Public, Read;
    GET "/metrics" Metrics, Read;
    GET "/openapi.json" Public, Read;
    GET "/docs" Public, Read;
    GET "/docs/style.css" Public, Read;
    GET "/problems" Public, Read;
    GET "/problems/{code}" Public, Read;
    POST "/v1/ping" Public, Act;

    GET "/v1/locations" Needs(StockRead), Read;
    POST "/v1/locations" Needs(StockWrite), Write;
    GET "/v1/locations/{location}" Needs(StockRead), Read;
    PATCH "/v1/locations/{location}" Needs(StockWrite), Edit;

    GET "/v1/skus" Needs(StockRead), Read;
    POST "/v1/skus" Needs(StockWrite), Write;
    POST "/v1/skus/bulk" Needs(StockWrite), Write;
    GET "/v1/skus/{sku}" Needs(StockRead), Read;
    PATCH "/v1/skus/{sku}" Needs(StockWrite), Edit;
    GET "/v1/skus/{sku}/low-stock" Needs(StockRead), Read;
    PATCH "/v1/skus/{sku}/low-stock" Needs(StockWrite), Write;
    GET "/v1/low-stock" Needs(StockRead), Read;
    PATCH "/v1/low-stock" Needs(StockWrite), Write;

    GET "/v1/stock" Needs(StockRead), Read;
    POST "/v1/stock/adjust" Needs(StockWrite), Edit;
    POST "/v1/stock/set" Needs(StockWrite), Edit;
    POST "/v1/stock/count" Needs(StockWrite), Edit;
    POST "/v1/stock/move" Needs(StockWrite), Edit;
    POST "/v1/stock/bulk" Needs(StockWrite), Write;
    GET "/v1/stock/{sku}" Needs(StockRead), Read;
    GET "/v1/stock/{sku}/{location}" Needs(StockRead), Read;
    GET "/v1/stock/{sku}/{location}/movements" Needs(StockRead), Read;
    GET "/v1/stock/{sku}/{location}/explain" Needs(StockRead), Read;
    GET "/v1/stock/{sku}/{location}/holders" Needs(StockRead), Read;
    GET "/v1/shortfalls" Needs(StockRead), Read;

    GET "/v1/reservations" Needs(OrdersRead), Read;
    POST "/v1/reservations" Needs(OrdersWrite), Write;
    GET "/v1/reservations/{id}" Needs(OrdersRead), Read;
    POST "/v1/reservations/{id}/extend" Needs(OrdersWrite), Edit;
    POST "/v1/reservations/{id}/release" Needs(OrdersWrite), Edit;
    POST "/v1/reservations/{id}/allocate" Needs(OrdersWrite), Edit;

    GET "/v1/orders" Needs(OrdersRead), Read;
    POST "/v1/orders" Needs(OrdersWrite), Write;
    POST "/v1/orders/bulk" Needs(OrdersWrite), Write;
    GET "/v1/orders/{id}" Needs(OrdersRead), Read;
    GET "/v1/orders/{id}/events" Needs(OrdersRead), Read;
    POST "/v1/orders/{id}/confirm" Needs(OrdersWrite), Edit;
    POST "/v1/orders/{id}/payments" Needs(OrdersWrite), Edit;
    POST "/v1/orders/{id}/cancel" Needs(OrdersWrite), Edit;
    POST "/v1/orders/{id}/ship" Needs(OrdersFulfil), Edit;
    POST "/v1/orders/{id}/deliver" Needs(OrdersFulfil), Edit;
    POST "/v1/orders/{id}/return" Needs(OrdersFulfil), Edit;

    GET "/v1/events" Needs(EventsRead), Read;
    GET "/v1/events/stream" Needs(EventsRead), Read;
    GET "/v1/operations/{idempotency_key}" AnyKey, Read;
    GET "/v1/actors" Needs(EventsRead), Read;

    GET "/v1/api-keys" Needs(Admin), Read;
    POST "/v1/api-keys" Needs(Admin), Write;
    DELETE "/v1/api-keys/{id}" Needs(Admin), Write;
    POST "/v1/verify" Needs(Admin), Act;
    GET "/v1/search" AnyKey, Read;
    GET "/v1/rehearsals" Needs(StockRead), Read;
    POST "/v1/rehearsals" Needs(QueuesOperate), Act;
    GET "/v1/rehearsals/{id}" Needs(StockRead), Read;
    POST "/v1/rehearsals/{id}/kill" Needs(QueuesOperate), Act;
    DELETE "/v1/rehearsals/{id}" Needs(QueuesOperate), Act;

    GET "/v1/session" Public, Read;
    POST "/v1/session/proof" Person, Act;
    POST "/v1/setup" Public, Act;
    POST "/v1/passwords" Public, Act;
    POST "/v1/sessions" Public, Act;
    POST "/v1/sessions/by-link" Public, Act;
    GET "/v1/sessions" Person, Read;
    DELETE "/v1/sessions/{id}" Person, Act;
    POST "/v1/me/password" Person, Act;
    POST "/v1/me/totp" Person, Act;
    POST "/v1/me/totp/confirm" Person, Act;
    POST "/v1/me/totp/remove" Person, Act;
    GET "/v1/users" Needs(Admin), Read;
    POST "/v1/users" Needs(Admin), Write;
    PATCH "/v1/users/{id}" Needs(Admin), Edit;
    POST "/v1/users/{id}/link" Needs(Admin), Act;
    GET "/v1/audit" Needs(AuditRead), Read;
    GET "/v1/live" Needs(EventsRead), Read;

    GET "/v1/shops" Needs(StockRead), Read;
    POST "/v1/shops/connect" Needs(Admin), Act;
    GET "/v1/shops/{shop}" Needs(StockRead), Read;
    PATCH "/v1/shops/{shop}" Needs(Admin), Edit;
    POST "/v1/shops/{shop}/disconnect" Needs(Admin), Write;
    POST "/v1/shops/{shop}/import" Needs(StockWrite), Write;
    POST "/v1/shops/{shop}/poll" Needs(OrdersWrite), Write;
    POST "/v1/shops/{shop}/push" Needs(StockWrite), Write;
    POST "/v1/shops/{shop}/probe" Needs(StockWrite), Act;
    POST "/v1/shops/{shop}/preview" Needs(StockRead), Act;
    GET "/v1/listings" Needs(StockRead), Read;
    GET "/v1/listings/{id}" Needs(StockRead), Read;
    GET "/v1/listings/{id}/preview" Needs(StockRead), Read;
    GET "/v1/listings/{id}/suggestions" Needs(StockRead), Read;
    POST "/v1/listings/{id}/map" Needs(StockWrite), Edit;
    POST "/v1/listings/{id}/rule" Needs(StockWrite), Edit;
    POST "/v1/listings/{id}/resolve-edit" Needs(StockWrite), Write;
    POST "/v1/listings/{id}/push" Needs(StockWrite), Write;
    GET "/v1/jobs" Needs(StockRead), Read;
    GET "/v1/jobs/{id}" Needs(StockRead), Read;
    POST "/v1/jobs/{id}/cancel" Needs(QueuesOperate), Write;
    GET "/v1/queues" Needs(StockRead), Read;
    PATCH "/v1/queues/{queue}" Needs(QueuesOperate), Write;
    PATCH "/v1/job-kinds/{kind}" Needs(QueuesOperate), Write;
    GET "/v1/failures" Needs(StockRead), Read;
    GET "/v1/failures/jobs" Needs(StockRead), Read;
    POST "/v1/failures/replay" Needs(QueuesOperate), Write;
    POST "/v1/failures/discard" Needs(QueuesOperate), Write;
    GET "/v1/notices" Needs(StockRead), Read;
    POST "/v1/notices/{key}/seen" Needs(StockWrite), Write;
    PATCH "/v1/notices/{key}" Needs(StockWrite), Write;
    GET "/v1/market-orders" Needs(OrdersRead), Read;
    GET "/v1/market-orders/{id}" Needs(OrdersRead), Read;
    POST "/v1/market-orders/{id}/fetch" Needs(OrdersWrite), Write;
    POST "/v1/market-orders/{id}/ship" Needs(OrdersFulfil), Write;
    POST "/v1/market-orders/{id}/answer-cancel" Needs(OrdersWrite), Write;
    GET "/v1/overview" Needs(StockRead), Read;
    GET "/v1/pushes" Needs(StockRead), Read;
    GET "/v1/push-latency" Needs(StockRead), Read;
    GET "/v1/webhooks" Needs(OrdersRead), Read;
    POST "/v1/webhooks/{key}/retry" Needs(OrdersWrite), Write;

    GET "/v1/sandbox/{*path}" Needs(Admin), Act;
    POST "/v1/sandbox/{*path}" Needs(Admin), Act;
    DELETE "/v1/sandbox/{*path}" Needs(Admin), Act;
    POST "/hooks/{channel}" Public, Act;
    GET "/connect/{channel}/callback" Public, Read;
}

/// Words of the API where a SKU's code could stand. A SKU may be called like them: the methods that the word's own route
/// does not know belong to the SKU.
const WORDS: &[(&str, &str)] = &[
    ("/v1/skus/bulk", "/v1/skus/{sku}"),
    ("/v1/stock/adjust", "/v1/stock/{sku}"),
    ("/v1/stock/set", "/v1/stock/{sku}"),
    ("/v1/stock/count", "/v1/stock/{sku}"),
    ("/v1/stock/move", "/v1/stock/{sku}"),
    ("/v1/stock/bulk", "/v1/stock/{sku}"),
];

/// The route of a method and a template. `HEAD` reads what `GET` does.
pub(crate) fn find(method: &str, path: &str) -> Option<&'static Route> {
    let method = if method == "HEAD" { "GET" } else { method };
    let exact = |path: &str| {
        ROUTES
            .iter()
            .find(|route| route.path.len() == path.len() && route.method == method && route.path == path)
    };
    exact(path).or_else(|| {
        let (_, template) = WORDS.iter().find(|(word, _)| *word == path)?;
        exact(template)
    })
}
