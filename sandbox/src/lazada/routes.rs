//! Every address of the API. GET and POST are the same to it.

use serde_json::Value;

use crate::call::Call;
use crate::hub::Hub;
use crate::world::{Millis, Shop, ShopKey, World};

use super::parameters::Parameters;
use super::reply::Refusal;
use super::{cancellations, fulfilment, orders, products, reverse, seller, stock};

/// One endpoint.
pub(super) struct Route {
    /// Without `/rest`, as it is signed.
    pub(super) path: &'static str,
    pub(super) handler: Handler,
    /// The published limit for one seller, if there is one.
    pub(super) per_second: Option<u32>,
}

/// Carries a call out and gives the fields of the answer.
pub(super) type Handler = fn(&mut Visit<'_>) -> Result<Value, Refusal>;

/// A call that has passed the gate.
pub(super) struct Visit<'a> {
    pub(super) hub: &'a Hub,
    pub(super) world: &'a mut World,
    pub(super) shop: ShopKey,
    pub(super) now: Millis,
    pub(super) parameters: &'a Parameters,
}

impl<'a> Visit<'a> {
    /// The shop, which the gate has found.
    pub(super) fn shop(&self) -> Result<&Shop, Refusal> {
        self.world.shop(self.shop).ok_or_else(Refusal::down)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.parameters.get(name)
    }

    pub(super) fn mandatory(&self, name: &str) -> Result<&'a str, Refusal> {
        self.get(name).ok_or_else(|| Refusal::missing(name))
    }

    /// A whole number from 0 to `most`; `default` without one; none if it is something else.
    pub(super) fn number(&self, name: &str, default: usize, most: usize) -> Option<usize> {
        match self.get(name) {
            None => Some(default),
            Some(text) => text.parse().ok().filter(|number| *number <= most),
        }
    }
}

/// Where a call leads.
pub(super) enum Place {
    Consent,
    TokenCreate,
    TokenRefresh,
    Api(&'static Route),
    Nowhere,
}

pub(super) fn place(call: &Call) -> Place {
    if call.path == "/oauth/authorize" {
        return Place::Consent;
    }
    let Some(path) = call.path.strip_prefix("/rest") else { return Place::Nowhere };
    if !matches!(call.method.as_str(), "GET" | "POST") {
        return Place::Nowhere;
    }
    match path {
        "/auth/token/create" => Place::TokenCreate,
        "/auth/token/refresh" => Place::TokenRefresh,
        _ => ROUTES.iter().find(|route| route.path == path).map_or(Place::Nowhere, Place::Api),
    }
}

const fn route(path: &'static str, handler: Handler) -> Route {
    Route { path, handler, per_second: None }
}

static ROUTES: &[Route] = &[
    route("/seller/get", seller::get),
    route("/rc/warehouse/get", seller::warehouses),
    route("/products/get", products::list),
    route("/product/item/get", products::item),
    // 50 calls a second for one seller (open.lazada.com, "Inventory management").
    Route { path: "/product/stock/sellable/update", handler: stock::update, per_second: Some(50) },
    route("/orders/get", orders::list),
    route("/order/get", orders::one),
    route("/order/items/get", orders::items),
    route("/orders/items/get", orders::items_of_many),
    route("/order/cancel", cancellations::cancel_item),
    route("/order/reverse/cancel/validate", cancellations::validate),
    route("/order/reverse/cancel/create", cancellations::create),
    route("/order/reverse/cancel/seller/decide", cancellations::decide),
    route("/reverse/getreverseordersforseller", reverse::list),
    route("/order/reverse/return/detail/list", reverse::detail),
    route("/order/shipment/providers/get", fulfilment::providers),
    route("/order/fulfill/pack", fulfilment::pack),
    route("/order/package/rts", fulfilment::ready),
    route("/logistic/order/trace", fulfilment::trace),
];
