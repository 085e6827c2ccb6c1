//! The dialect of TikTok Shop, API versions 202309 and later: tokens from an unsigned host, calls whose query and body are
//! signed, pages by opaque tokens, and one line item for each unit of an order.
//!
//! Written from the marketplace's own reference (partner.tiktokshop.com, as of 2025). Where the reference is silent the
//! choice of the sandbox is named at the place.

mod auth;
mod cancellations;
mod gate;
mod inventory;
mod messages;
mod orders;
mod packages;
mod pages;
mod products;
mod reply;
mod returns;
mod routes;
mod shop;
mod sign;

use std::time::Duration;

use serde_json::Value;

use crate::App;
use crate::call::{Answer, Call};
use crate::dialect::{Delivery, Dialect, Limit};
use crate::hub::Hub;
use crate::world::{Event, Market, Millis, ShopKey, World};

use reply::Refusal;
use routes::{Place, Visit};

/// TikTok Shop.
#[derive(Debug)]
pub(crate) struct Tiktok;

/// Calls a second that one app may make to one API for one shop (partner.tiktokshop.com, "Rate limits").
const PER_SECOND: u32 = 50;

/// A message is tried again so long after each failure, and then dropped (partner.tiktokshop.com, "Configuration guide").
const RETRIES: [Duration; 4] = [
    Duration::from_secs(2 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(3 * 60 * 60),
    Duration::from_secs(12 * 60 * 60),
];

impl Dialect for Tiktok {
    fn market(&self) -> Market {
        Market::Tiktok
    }

    fn caller(&self, world: &World, call: &Call) -> Option<ShopKey> {
        gate::caller(world, call)
    }

    fn limit(&self, call: &Call) -> Limit {
        match routes::place(call) {
            // The pages of the seller and the token host have no published limit.
            Place::Api(route, _) => Limit {
                endpoint: format!("{} {}", route.method, route.pattern),
                per_second: Some(PER_SECOND),
            },
            Place::WrongMethod | Place::Nowhere => Limit { endpoint: "unknown".to_owned(), per_second: None },
            _ => Limit { endpoint: call.path.clone(), per_second: None },
        }
    }

    fn answer(&self, hub: &Hub, call: &Call) -> Answer {
        match routes::place(call) {
            Place::Consent => hub.anywhere(|world, now| auth::consent(world, hub, call, now)),
            Place::Authorised => auth::authorised(call),
            Place::TokenGet => auth::token_get(hub, call),
            Place::TokenRefresh => auth::token_refresh(hub, call),
            Place::Api(route, ids) => api(hub, call, route, &ids),
            Place::WrongMethod => Refusal::wrong_method().answer(),
            Place::Nowhere => Refusal::wrong_path().answer(),
        }
    }

    fn throttled(&self) -> Answer {
        Refusal::too_many().answer()
    }

    fn forbidden(&self) -> Answer {
        Refusal::forbidden().answer()
    }

    fn down(&self) -> Answer {
        Refusal::down().answer()
    }

    fn messages(&self, world: &World, event: &Event) -> Vec<Value> {
        messages::of(world, event)
    }

    fn sign(&self, app: &App, _url: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        vec![("Authorization", sign::message(&app.app_id, &app.push_secret, body))]
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            answer_within: Duration::from_secs(3),
            only_200: true,
            empty_body: true,
            retries: &RETRIES,
            suspension: None,
            keeps_lost: false,
        }
    }
}

/// A signed call: checked in the order in which a gateway would, then carried out.
fn api(hub: &Hub, call: &Call, route: &routes::Route, ids: &[&str]) -> Answer {
    let caller = hub.anywhere(|world, _| gate::caller(world, call));
    let now = hub.now(Market::Tiktok, caller);
    let done = gate::signed(hub.app(Market::Tiktok), call, now).and_then(|()| {
        hub.anywhere(|world, _| gate::authorised(world, call, route, now)).and_then(|shop| {
            hub.in_shop(shop, |world, now| (route.handler)(&mut Visit { hub, world, shop, now, call, ids }))
        })
    });
    match done {
        Ok(data) => reply::success(data),
        Err(refusal) => refusal.answer(),
    }
}

/// Whole seconds since 1970.
fn seconds(at: Millis) -> i64 {
    at.div_euclid(1_000)
}

/// An amount in the smallest unit of a currency as TikTok Shop writes it: a decimal number as text.
fn money(minor: i64, currency: &str) -> String {
    if currency == "VND" {
        return minor.to_string();
    }
    format!("{}.{:02}", minor / 100, minor % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_a_second_for_each_api_whatever_the_ids() {
        let limit = |method: &str, path: &str| {
            Tiktok.limit(&Call {
                method: method.to_owned(),
                path: path.to_owned(),
                query: Vec::new(),
                headers: Vec::new(),
                body: Vec::new(),
            })
        };
        let one = limit("POST", "/product/202309/products/1/inventory/update");
        let other = limit("POST", "/product/202309/products/2/inventory/update");
        assert_eq!((one.per_second, &one.endpoint), (Some(50), &other.endpoint));
        assert_ne!(limit("GET", "/product/202309/products/1").endpoint, one.endpoint);
        assert_eq!(limit("GET", "/api/v2/token/get").per_second, None);
    }

    #[test]
    fn tried_again_four_times_ever_later_and_within_three_seconds() {
        let rules = Tiktok.delivery();
        let minutes: Vec<u64> = rules.retries.iter().map(|wait| wait.as_secs() / 60).collect();
        assert_eq!((minutes, rules.answer_within.as_secs()), (vec![2, 30, 180, 720], 3));
    }

    #[test]
    fn amounts_have_the_places_of_their_currency() {
        assert_eq!([money(2_490, "SGD"), money(5, "THB"), money(25_000, "VND")], ["24.90", "0.05", "25000"]);
    }
}
