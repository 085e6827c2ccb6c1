//! What a marketplace must be able to say so that the common parts can serve it.

use std::time::Duration;

use serde_json::Value;

use crate::App;
use crate::call::{Answer, Call};
use crate::hub::Hub;
use crate::world::{Event, Market, ShopKey, World};

/// How one marketplace speaks. Every method is synchronous: the whole state is in memory. `answer` may lock the world through
/// [`Hub::in_shop`] and [`Hub::anywhere`]; the other methods get what they need and must not.
pub(crate) trait Dialect: Send + Sync {
    fn market(&self) -> Market;

    /// The shop that a call is for, as far as can be told before anything is checked: for the faults and limits of that shop.
    fn caller(&self, world: &World, call: &Call) -> Option<ShopKey>;

    /// The endpoint that is called, with ids left out, and how many calls a second one shop may make to it.
    fn limit(&self, call: &Call) -> Limit;

    /// Answers a call for which no fault and no limit stood in the way.
    fn answer(&self, hub: &Hub, call: &Call) -> Answer;

    /// Too many calls.
    fn throttled(&self) -> Answer;

    /// The app or the shop may not call this any more, whatever its token.
    fn forbidden(&self) -> Answer;

    /// The marketplace is down.
    fn down(&self) -> Answer;

    /// The messages with which it tells its integrators of an event, most often one or none.
    fn messages(&self, world: &World, event: &Event) -> Vec<Value>;

    /// What a message says when it is tried again: most marketplaces repeat it word by word.
    fn again(&self, _world: &World, _shop: ShopKey, message: &Value) -> Value {
        message.clone()
    }

    /// The headers with which a message is signed: the bytes of the body as they are sent, to this address.
    fn sign(&self, app: &App, url: &str, body: &[u8]) -> Vec<(&'static str, String)>;

    /// How it delivers its messages.
    fn delivery(&self) -> Delivery;
}

/// A limit of one endpoint for one shop.
#[derive(Debug, Clone)]
pub(crate) struct Limit {
    pub(crate) endpoint: String,
    /// None: nothing is counted.
    pub(crate) per_second: Option<u32>,
}

/// The rules by which a marketplace delivers its messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    /// An answer that takes longer is a failure.
    pub(crate) answer_within: Duration,
    /// Only status 200 will do; else every 2xx.
    pub(crate) only_200: bool,
    /// An answer with a body is a failure.
    pub(crate) empty_body: bool,
    /// How long after each failure it tries again; after the last one it gives up.
    pub(crate) retries: &'static [Duration],
    pub(crate) suspension: Option<Suspension>,
    /// What it gave up on is kept, to be asked for.
    pub(crate) keeps_lost: bool,
}

/// When a marketplace stops sending. It starts again when the seller or a test says so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Suspension {
    /// It looks back over this time.
    pub(crate) window: Duration,
    /// It judges only when there were more attempts than this.
    pub(crate) more_than: usize,
    /// It stops when a smaller share of them succeeded, from 0 to 1.
    pub(crate) below: f64,
}
