//! The dialect of Lazada: every call and the token host signed over all parameters, query and form alike; errors with status
//! 200; one item for each unit of an order, each with a status of its own; stock by XML.
//!
//! Written from the marketplace's own reference (open.lazada.com, as of 2025). Where the reference is silent the choice of
//! the sandbox is named at the place.

mod auth;
mod cancellations;
mod fulfilment;
mod gate;
mod messages;
mod orders;
mod parameters;
mod products;
mod reply;
mod reverse;
mod routes;
mod seller;
mod sign;
mod stock;
mod times;
mod xml;

use std::time::Duration;

use serde_json::Value;

use crate::App;
use crate::call::{Answer, Call};
use crate::dialect::{Delivery, Dialect, Limit, Suspension};
use crate::hub::Hub;
use crate::world::{Event, Market, ShopKey, World};

use parameters::Parameters;
use reply::Refusal;
use routes::{Place, Visit};

/// Lazada.
#[derive(Debug)]
pub(crate) struct Lazada;

/// A message is tried again every half an hour, twelve times (open.lazada.com, "Lazada Push Mechanism").
const RETRIES: [Duration; 12] = [Duration::from_secs(30 * 60); 12];

impl Dialect for Lazada {
    fn market(&self) -> Market {
        Market::Lazada
    }

    fn caller(&self, world: &World, call: &Call) -> Option<ShopKey> {
        gate::caller(world, &Parameters::of(call))
    }

    fn limit(&self, call: &Call) -> Limit {
        match routes::place(call) {
            Place::Api(route) => Limit { endpoint: route.path.to_owned(), per_second: route.per_second },
            Place::Consent | Place::TokenCreate | Place::TokenRefresh => {
                Limit { endpoint: call.path.clone(), per_second: None }
            }
            Place::Nowhere => Limit { endpoint: "unknown".to_owned(), per_second: None },
        }
    }

    fn answer(&self, hub: &Hub, call: &Call) -> Answer {
        match routes::place(call) {
            Place::Consent => hub.anywhere(|world, now| auth::consent(world, hub, call, now)),
            Place::TokenCreate => auth::create(hub, call),
            Place::TokenRefresh => auth::refresh(hub, call),
            Place::Api(route) => api(hub, call, route),
            Place::Nowhere => Refusal::no_such_api().answer(),
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

    fn again(&self, world: &World, shop: ShopKey, message: &Value) -> Value {
        messages::as_it_is_now(world, shop, message)
    }

    fn sign(&self, app: &App, _url: &str, body: &[u8]) -> Vec<(&'static str, String)> {
        vec![("Authorization", sign::message(&app.app_id, &app.push_secret, body))]
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            answer_within: Duration::from_millis(500),
            only_200: true,
            empty_body: false,
            retries: &RETRIES,
            // That it stops above 50 % of failures is published; over which time and how many attempts is not.
            suspension: Some(Suspension { window: Duration::from_secs(30 * 60), more_than: 50, below: 0.5 }),
            keeps_lost: false,
        }
    }
}

/// A signed call: checked in the order in which a gateway would, then carried out.
fn api(hub: &Hub, call: &Call, route: &routes::Route) -> Answer {
    let parameters = Parameters::of(call);
    let caller = hub.anywhere(|world, _| gate::caller(world, &parameters));
    let now = hub.now(Market::Lazada, caller);
    let done = gate::signed(hub.app(Market::Lazada), route.path, &parameters, now).and_then(|()| {
        hub.anywhere(|world, _| gate::authorised(world, &parameters, now)).and_then(|shop| {
            let parameters = &parameters;
            hub.in_shop(shop, |world, now| (route.handler)(&mut Visit { hub, world, shop, now, parameters }))
        })
    });
    match done {
        Ok(body) => reply::success(body),
        Err(refusal) => refusal.answer(),
    }
}

/// An amount in the smallest unit of a currency as a decimal number.
fn money(minor: i64, currency: &str) -> String {
    if currency == "VND" {
        return minor.to_string();
    }
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// As [`money`], for the fields that are numbers in JSON.
fn amount(minor: i64, currency: &str) -> f64 {
    if currency == "VND" { minor as f64 } else { minor as f64 / 100.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_a_second_for_stock_and_nothing_published_for_the_rest() {
        let limit = |path: &str| {
            let call = Call {
                method: "POST".to_owned(),
                path: path.to_owned(),
                query: Vec::new(),
                headers: Vec::new(),
                body: Vec::new(),
            };
            Lazada.limit(&call).per_second
        };
        assert_eq!(limit("/rest/product/stock/sellable/update"), Some(50));
        assert_eq!(limit("/rest/orders/get"), None);
    }

    #[test]
    fn tried_again_twelve_times_every_half_hour_and_within_half_a_second() {
        let rules = Lazada.delivery();
        assert!(rules.retries.iter().all(|wait| wait.as_secs() == 1_800));
        assert_eq!((rules.retries.len(), rules.answer_within.as_millis()), (12, 500));
    }
}
