//! Lazada Open Platform.
//!
//! What is odd about it:
//! - Errors come with status 200 and a `code` that is a text; success is `code == "0"`.
//! - All parameters are signed, those of the query and those of the form alike, in milliseconds and upper case; `/rest` is
//!   not. POST is always form-encoded.
//! - Each country has a host of its own. A cross-border grant is one token and a seller id for each country.
//! - The end of the authorisation does not move when tokens are refreshed.
//! - Stock is written as XML. When some SKU of a batch is refused the code is 501, and nobody says what became of the
//!   others: the connector reports the refused ones as they are and the others as unclear (`batch_refused`), and repeats
//!   nothing, so that the engine sends them singly, each with its own result. An absolute write can be repeated.
//! - The status lives on the item, and `pending` means paid. One item is one unit.
//! - A revoked grant is not announced; only a failing call tells.

use async_trait::async_trait;
use onhand_connector::http::Http;
use onhand_connector::{
    Call, Channel, Consent, Endpoint, Facts, Failure, Grant, Hint, ItemOutcome, ListingPage, OrderPage,
    OrderWindow, PushItem, RawWebhook, Refused, RemoteListing, RemoteOrder, RemoteReturn, Shipment, ShopInfo,
    StockSeen, Verified,
};

mod auth;
mod failure;
mod listings;
mod map;
mod orders;
mod push;
mod session;
mod shipping;
mod sign;
mod time;
mod webhook;
mod wire;

use session::Session;

/// The connector to Lazada.
pub struct Lazada {
    http: Http,
    facts: Facts,
}

impl Lazada {
    /// Over this client.
    #[must_use]
    pub fn new(http: Http) -> Self {
        let facts = Facts {
            name: "lazada",
            title: "Lazada",
            // 50 are allowed; more than 20 run into timeouts.
            push_items_max: 20,
            push_same_item: false,
            quantity_max: 999_999,
            read_items_max: 20,
            orders_max: 50,
            // 50 a second and seller are published for stock: rate and burst together stay at that. The others are
            // careful guesses.
            limits: vec![
                (Endpoint::Auth, 1.0, 5.0),
                (Endpoint::Listings, 10.0, 5.0),
                (Endpoint::Stock, 40.0, 10.0),
                (Endpoint::Orders, 10.0, 5.0),
                (Endpoint::Shipping, 5.0, 5.0),
            ],
            refresh_at: 0.8,
            restores_on_cancel: true,
            webhook_answer_ms: 500,
            lost_webhooks: false,
        };
        Self { http, facts }
    }

    fn session<'a>(&'a self, call: &'a Call) -> Session<'a> {
        Session::new(&self.http, call)
    }
}

#[async_trait]
impl Channel for Lazada {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn consent_url(&self, call: &Call, state: &str, redirect: &str) -> String {
        auth::consent_url(call, state, redirect)
    }

    async fn exchange(&self, call: &Call, consent: &Consent) -> Result<Vec<Grant>, Failure> {
        auth::exchange(&self.session(call), consent).await
    }

    fn one_grant_for_all(&self) -> bool {
        true
    }

    async fn refresh(&self, call: &Call) -> Result<Grant, Failure> {
        auth::refresh(&self.session(call)).await
    }

    async fn probe(&self, call: &Call) -> Result<ShopInfo, Failure> {
        auth::probe(&self.session(call)).await
    }

    async fn listings(&self, call: &Call, cursor: Option<&str>) -> Result<ListingPage, Failure> {
        listings::page(&self.session(call), cursor).await
    }

    async fn item(&self, call: &Call, item: &str) -> Result<Vec<RemoteListing>, Failure> {
        listings::item(&self.session(call), item).await
    }

    async fn push(&self, call: &Call, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure> {
        push::push(&self.session(call), items).await
    }

    async fn read_stock(&self, call: &Call, listings: &[PushItem]) -> Result<Vec<StockSeen>, Failure> {
        listings::read_stock(&self.session(call), listings).await
    }

    async fn orders_changed(
        &self,
        call: &Call,
        window: OrderWindow,
        cursor: Option<&str>,
    ) -> Result<OrderPage, Failure> {
        orders::changed(&self.session(call), window, cursor).await
    }

    async fn orders(&self, call: &Call, references: &[String]) -> Result<Vec<RemoteOrder>, Failure> {
        orders::fetch(&self.session(call), references).await
    }

    async fn returns(&self, call: &Call, window: OrderWindow) -> Result<Vec<RemoteReturn>, Failure> {
        orders::returns(&self.session(call), window).await
    }

    async fn ship(&self, call: &Call, shipment: &Shipment) -> Result<(), Failure> {
        shipping::ship(&self.session(call), shipment).await
    }

    async fn answer_cancel(&self, call: &Call, reference: &str, accept: bool) -> Result<(), Failure> {
        shipping::answer_cancel(&self.session(call), reference, accept).await
    }

    fn verify(&self, call: &Call, raw: &RawWebhook) -> Result<Verified, Refused> {
        webhook::verify(call, raw)
    }

    fn hints(&self, webhook: &Verified) -> Result<Vec<Hint>, Refused> {
        webhook::hints(webhook)
    }
}
