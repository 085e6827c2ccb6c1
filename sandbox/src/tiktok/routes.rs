//! Every address of the API. Each endpoint has versions of its own; another version is another address.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::Call;
use crate::hub::Hub;
use crate::world::{Millis, Shop, ShopKey, World};

use super::reply::Refusal;
use super::{cancellations, inventory, orders, packages, products, returns, shop};

/// One endpoint.
pub(super) struct Route {
    pub(super) method: &'static str,
    /// `{}` stands for an id.
    pub(super) pattern: &'static str,
    pub(super) scope: Scope,
    pub(super) handler: Handler,
}

/// Carries a call out.
pub(super) type Handler = fn(&mut Visit<'_>) -> Result<Value, Refusal>;

/// Whether a call names its shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// By `shop_cipher`.
    Shop,
    /// By its token alone; `shop_cipher` must not be there.
    Token,
}

/// A call that has passed the gate.
pub(super) struct Visit<'a> {
    pub(super) hub: &'a Hub,
    pub(super) world: &'a mut World,
    pub(super) shop: ShopKey,
    pub(super) now: Millis,
    pub(super) call: &'a Call,
    /// The ids in the path.
    pub(super) ids: &'a [&'a str],
}

impl Visit<'_> {
    /// The shop, which the gate has found.
    pub(super) fn shop(&self) -> Result<&Shop, Refusal> {
        self.world.shop(self.shop).ok_or_else(Refusal::down)
    }

    /// The body; an empty one is an empty object.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let body: &[u8] = if self.call.body.is_empty() { b"{}" } else { &self.call.body };
        serde_json::from_slice(body).map_err(|error| Refusal::parameter(&format!("Request body: {error}.")))
    }

    /// A number in the query.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.call.query(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| Refusal::parameter(&format!("`{name}` must be an integer.")))
    }

    /// The first id in the path.
    pub(super) fn id(&self) -> &str {
        self.ids.first().copied().unwrap_or_default()
    }
}

/// Where a call leads.
pub(super) enum Place<'a> {
    Consent,
    Authorised,
    TokenGet,
    TokenRefresh,
    Api(&'static Route, Vec<&'a str>),
    WrongMethod,
    Nowhere,
}

pub(super) fn place(call: &Call) -> Place<'_> {
    match (call.method.as_str(), call.path.as_str()) {
        // The link of the console, and the one that older SDKs build themselves.
        ("GET", "/open/authorize" | "/oauth/authorize") => return Place::Consent,
        ("GET", "/authorised") => return Place::Authorised,
        ("GET", "/api/v2/token/get") => return Place::TokenGet,
        ("GET", "/api/v2/token/refresh") => return Place::TokenRefresh,
        _ => {}
    }
    let mut known = false;
    for route in ROUTES {
        if let Some(ids) = matched(route.pattern, &call.path) {
            if route.method == call.method {
                return Place::Api(route, ids);
            }
            known = true;
        }
    }
    if known { Place::WrongMethod } else { Place::Nowhere }
}

fn matched<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let mut ids = Vec::new();
    let mut parts = path.split('/');
    for wanted in pattern.split('/') {
        let part = parts.next()?;
        if wanted == "{}" && !part.is_empty() {
            ids.push(part);
        } else if wanted != part {
            return None;
        }
    }
    parts.next().is_none().then_some(ids)
}

const fn get(pattern: &'static str, handler: Handler) -> Route {
    Route { method: "GET", pattern, scope: Scope::Shop, handler }
}

const fn post(pattern: &'static str, handler: Handler) -> Route {
    Route { method: "POST", pattern, scope: Scope::Shop, handler }
}

// Fixed words come before `{}` of the same length, because the first match wins.
static ROUTES: &[Route] = &[
    Route {
        method: "GET",
        pattern: "/authorization/202309/shops",
        scope: Scope::Token,
        handler: shop::authorised_shops,
    },
    Route {
        method: "GET",
        pattern: "/seller/202309/shops",
        scope: Scope::Token,
        handler: shop::active_shops,
    },
    get("/logistics/202309/warehouses", shop::warehouses),
    get("/logistics/202309/warehouses/{}/delivery_options", shop::delivery_options),
    get("/logistics/202309/delivery_options/{}/shipping_providers", shop::shipping_providers),
    get("/event/202309/webhooks", shop::webhooks),
    Route {
        method: "PUT",
        pattern: "/event/202309/webhooks",
        scope: Scope::Shop,
        handler: shop::set_webhook,
    },
    post("/product/202309/products/search", products::search),
    post("/product/202312/products/search", products::search),
    post("/product/202502/products/search", products::search),
    get("/product/202309/products/{}", products::detail),
    post("/product/202309/products/{}/inventory/update", inventory::update),
    post("/product/202309/inventory/search", inventory::search),
    post("/order/202309/orders/search", orders::search),
    get("/order/202309/orders", orders::detail),
    get("/order/202507/orders", orders::detail),
    post("/return_refund/202309/cancellations/search", cancellations::search),
    post("/return_refund/202309/cancellations", cancellations::cancel),
    post("/return_refund/202309/cancellations/{}/approve", cancellations::approve),
    post("/return_refund/202309/cancellations/{}/reject", cancellations::reject),
    post("/return_refund/202309/returns/search", returns::search),
    post("/fulfillment/202309/packages/search", packages::search),
    get("/fulfillment/202309/packages/{}", packages::detail),
    post("/fulfillment/202309/packages/{}/ship", packages::ship),
    get("/fulfillment/202309/orders/{}/tracking", packages::tracking),
    post("/fulfillment/202309/orders/{}/packages", packages::mark_shipped),
];

#[cfg(test)]
mod tests {
    use super::matched;

    #[test]
    fn ids_are_taken_from_their_places() {
        assert_eq!(matched("/a/{}/b/{}", "/a/1/b/2"), Some(vec!["1", "2"]));
        assert_eq!(matched("/a/{}", "/a/"), None);
        assert_eq!(matched("/a/{}", "/a/1/b"), None);
        assert_eq!(matched("/a/{}/b", "/a/1"), None);
    }
}
