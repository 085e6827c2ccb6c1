//! The dialect of Shopee.

use std::time::Duration;

use serde_json::{Value, json};

use crate::App;
use crate::call::{Answer, Call};
use crate::dialect::{Delivery, Dialect, Limit};
use crate::hub::Hub;
use crate::world::{Event, Market, ShopKey, World};

/// Shopee.
#[derive(Debug)]
pub(crate) struct Shopee;

impl Dialect for Shopee {
    fn market(&self) -> Market {
        Market::Shopee
    }

    fn caller(&self, _world: &World, _call: &Call) -> Option<ShopKey> {
        None
    }

    fn limit(&self, call: &Call) -> Limit {
        Limit { endpoint: call.path.clone(), per_second: None }
    }

    fn answer(&self, _hub: &Hub, _call: &Call) -> Answer {
        Answer::json(404, &json!({}))
    }

    fn throttled(&self) -> Answer {
        Answer::json(429, &json!({}))
    }

    fn down(&self) -> Answer {
        Answer::json(503, &json!({}))
    }

    fn messages(&self, _world: &World, _event: &Event) -> Vec<Value> {
        Vec::new()
    }

    fn sign(&self, _app: &App, _url: &str, _body: &[u8]) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn delivery(&self) -> Delivery {
        Delivery {
            answer_within: Duration::from_secs(3),
            only_200: true,
            empty_body: true,
            retries: &[],
            suspension: None,
            keeps_lost: false,
        }
    }
}
