//! Shopee Open Platform v2. Everything an app says is in the query, its signature too; failures are told inside answers with
//! status 200; stock is written by item, orders are read by a cursor within 15 days, and what could not be pushed can be
//! fetched afterwards.

mod auth;
mod door;
mod logistics;
mod orders;
mod products;
mod push;
mod reply;
mod returns;
mod shop;
mod stock;
mod wording;

use std::time::Duration;

use serde_json::Value;

use crate::App;
use crate::call::{Answer, Call};
use crate::dialect::{Delivery, Dialect, Limit, Suspension};
use crate::hub::Hub;
use crate::signatures::hmac_hex;
use crate::world::{Event, Market, Millis, ShopKey, World};

use reply::{Refusal, Reply};

/// Shopee.
#[derive(Debug)]
pub(crate) struct Shopee;

/// A call that has passed the door.
struct Visit<'a> {
    hub: &'a Hub,
    call: &'a Call,
    /// The shop whose access token was shown; for a public call that of nobody.
    shop: Option<ShopKey>,
}

impl Visit<'_> {
    /// The shop of a shop call.
    fn key(&self) -> Result<ShopKey, Refusal> {
        self.shop.ok_or_else(|| Refusal::new("error_param", "There is no shop_id in the query."))
    }
}

/// Who may make a call, and what is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Signed by the app for itself.
    Public,
    /// Signed by the app with a shop's access token.
    Shop,
    /// Either of them: the reference calls the message calls public, and a widely used SDK signs them for a shop.
    Either,
}

type Handler = fn(&Visit<'_>) -> Result<Reply, Refusal>;

/// Every call that is answered.
const CALLS: &[(&str, &str, Kind, Handler)] = &[
    ("POST", "/api/v2/auth/token/get", Kind::Public, auth::token_get),
    ("POST", "/api/v2/auth/access_token/get", Kind::Public, auth::access_token_get),
    ("GET", "/api/v2/public/get_shops_by_partner", Kind::Public, auth::get_shops_by_partner),
    ("GET", "/api/v2/push/get_lost_push_message", Kind::Either, push::get_lost_push_message),
    ("POST", "/api/v2/push/confirm_consumed_lost_push_message", Kind::Either, push::confirm_lost),
    ("GET", "/api/v2/shop/get_shop_info", Kind::Shop, shop::get_shop_info),
    ("GET", "/api/v2/shop/get_warehouse_detail", Kind::Shop, shop::get_warehouse_detail),
    ("GET", "/api/v2/product/get_item_list", Kind::Shop, products::get_item_list),
    ("GET", "/api/v2/product/get_item_base_info", Kind::Shop, products::get_item_base_info),
    ("GET", "/api/v2/product/get_model_list", Kind::Shop, products::get_model_list),
    ("GET", "/api/v2/product/search_item", Kind::Shop, products::search_item),
    ("GET", "/api/v2/product/get_item_limit", Kind::Shop, stock::get_item_limit),
    ("GET", "/api/v2/product/get_item_promotion", Kind::Shop, stock::get_item_promotion),
    ("POST", "/api/v2/product/update_stock", Kind::Shop, stock::update_stock),
    ("GET", "/api/v2/order/get_order_list", Kind::Shop, orders::get_order_list),
    ("GET", "/api/v2/order/get_order_detail", Kind::Shop, orders::get_order_detail),
    ("POST", "/api/v2/order/cancel_order", Kind::Shop, orders::cancel_order),
    ("POST", "/api/v2/order/handle_buyer_cancellation", Kind::Shop, orders::handle_buyer_cancellation),
    ("GET", "/api/v2/logistics/get_shipping_parameter", Kind::Shop, logistics::get_shipping_parameter),
    ("POST", "/api/v2/logistics/ship_order", Kind::Shop, logistics::ship_order),
    ("GET", "/api/v2/logistics/get_tracking_number", Kind::Shop, logistics::get_tracking_number),
    ("GET", "/api/v2/returns/get_return_list", Kind::Shop, returns::get_return_list),
    ("GET", "/api/v2/returns/get_return_detail", Kind::Shop, returns::get_return_detail),
    ("POST", "/api/v2/returns/confirm", Kind::Shop, returns::confirm),
];

/// Shopee publishes no rate; this is the sandbox's own, for one shop and one endpoint.
const CALLS_PER_SECOND: u32 = 50;

/// Each failure is followed by one more attempt after so long; then the message is lost.
const RETRIES: [Duration; 3] =
    [Duration::from_secs(300), Duration::from_secs(1_800), Duration::from_secs(10_800)];

impl Dialect for Shopee {
    fn market(&self) -> Market {
        Market::Shopee
    }

    fn caller(&self, world: &World, call: &Call) -> Option<ShopKey> {
        let from_body = || {
            let body = if call.path.starts_with("/api/v2/auth/") { call.json() } else { None };
            body.and_then(|body| reply::whole(&body["shop_id"]))
        };
        let account = call.query("shop_id").and_then(|id| id.parse().ok()).or_else(from_body)?;
        world.shop(ShopKey { market: Market::Shopee, account }).map(|shop| shop.key())
    }

    fn limit(&self, call: &Call) -> Limit {
        let counted = call.path.starts_with("/api/v2/") && !auth::is_page(&call.path);
        Limit { endpoint: call.path.clone(), per_second: counted.then_some(CALLS_PER_SECOND) }
    }

    fn answer(&self, hub: &Hub, call: &Call) -> Answer {
        if auth::is_page(&call.path) {
            return auth::page(hub, call);
        }
        let Some((_, _, kind, handler)) =
            CALLS.iter().find(|(method, path, ..)| *method == call.method && *path == call.path)
        else {
            let unknown = Refusal::new("error_not_found", "There is no such API.").with_status(404);
            return reply::refused(hub, &unknown);
        };
        let done = door::enter(hub, call, *kind).and_then(|visit| handler(&visit));
        match done {
            Ok(done) => reply::answer(hub, done),
            Err(refusal) => reply::refused(hub, &refusal),
        }
    }

    fn throttled(&self) -> Answer {
        reply::plain(200, "error_rate_limit", "Too many calls in a short time, please slow down.")
    }

    fn forbidden(&self) -> Answer {
        reply::plain(403, "error_permission", "You don't have the permission to call this API.")
    }

    fn down(&self) -> Answer {
        reply::plain(502, "error_server", "Something went wrong on our side, please try again later.")
    }

    fn messages(&self, world: &World, event: &Event) -> Vec<Value> {
        push::messages(world, event)
    }

    fn sign(&self, app: &App, url: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        let mut base = format!("{url}|").into_bytes();
        base.extend_from_slice(body);
        vec![("authorization", hmac_hex(&app.push_secret, &base))]
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            answer_within: Duration::from_secs(3),
            only_200: false,
            empty_body: true,
            retries: &RETRIES,
            suspension: Some(Suspension {
                window: Duration::from_secs(6 * 3_600),
                more_than: 600,
                below: 0.3,
            }),
            keeps_lost: true,
        }
    }
}

/// Milliseconds as the seconds that Shopee speaks in.
fn seconds(at: Millis) -> i64 {
    at.div_euclid(1_000)
}
