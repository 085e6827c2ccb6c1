//! The sandbox's own API, for people with curl, tests and the demo: shops, goods, buyers, orders, faults and the report. It is
//! not a part of any marketplace and has no authentication.

mod orders;
mod report;
mod settings;
mod shops;
mod trouble;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::sandbox::{App, Urls};
use crate::world::{Market, ShopKey, World};

/// What every handler sees.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) hub: Arc<Hub>,
    pub(crate) seed: u64,
    pub(crate) urls: Arc<Urls>,
    pub(crate) apps: Arc<Vec<App>>,
}

/// Every path.
pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/control/state", get(shops::state))
        .route("/control/shops", post(shops::open))
        .route("/control/catalogue", get(shops::built_in).post(shops::list))
        .route("/control/listings", get(shops::listings))
        .route("/control/listings/stock", post(shops::set_stock))
        .route("/control/listings/status", post(shops::set_status))
        .route("/control/listings/reserve", post(shops::reserve))
        .route("/control/orders", get(orders::list).post(orders::place))
        .route("/control/orders/{id}", get(orders::one))
        .route("/control/orders/{id}/{action}", post(orders::act))
        .route("/control/faults", get(trouble::list).post(trouble::order).delete(trouble::clear))
        .route("/control/faults/{id}", delete(trouble::remove))
        .route("/control/buyers", get(settings::buyers).post(settings::set_buyers))
        .route("/control/webhooks", get(settings::webhooks).post(settings::set_webhook))
        .route("/control/webhooks/{market}/suspend", post(settings::suspend))
        .route("/control/webhooks/{market}/resume", post(settings::resume))
        .route("/control/redirect", post(settings::set_redirect))
        .route("/control/limits", post(settings::set_limits))
        .route("/control/clock", get(settings::clock).post(settings::move_clock))
        .route("/control/report", get(report::report))
        .fallback(|| async { Refused::missing("there is no such path; sandbox/README.md lists them") })
        .with_state(desk)
}

/// A refusal: a status, a code for programs and a sentence for people.
#[derive(Debug)]
pub(crate) struct Refused(StatusCode, Value);

impl Refused {
    pub(crate) fn missing(message: &str) -> Refused {
        Refused(StatusCode::NOT_FOUND, json!({"error": "not_found", "message": message}))
    }

    pub(crate) fn wrong(message: &str) -> Refused {
        Refused(StatusCode::BAD_REQUEST, json!({"error": "bad_request", "message": message}))
    }

    pub(crate) fn conflict(body: Value) -> Refused {
        Refused(StatusCode::CONFLICT, body)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, axum::Json(self.1)).into_response()
    }
}

/// Which shops a call is about: one by market and number, the only one of a market, or all that fit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Which {
    pub(crate) market: Option<Market>,
    #[serde(with = "crate::ids_in_json::optional")]
    pub(crate) shop: Option<u64>,
}

impl Which {
    /// Every shop that fits.
    pub(crate) fn all(&self, world: &World) -> Vec<ShopKey> {
        let fits = |key: &ShopKey| {
            self.market.is_none_or(|market| market == key.market)
                && self.shop.is_none_or(|account| account == key.account)
        };
        world.shops().map(|shop| shop.key()).filter(fits).collect()
    }

    /// The one shop that fits.
    pub(crate) fn one(&self, world: &World) -> Result<ShopKey, Refused> {
        match self.all(world).as_slice() {
            [only] => Ok(*only),
            [] => Err(Refused::missing("there is no such shop")),
            _ => {
                Err(Refused::wrong("several shops fit: say `market`, and `shop` when the market has several"))
            }
        }
    }
}
