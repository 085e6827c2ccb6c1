//! Shopee Open Platform v2.
//!
//! What is odd about it:
//! - Errors come with status 200 and a word in `error`; success is `error == ""` and nothing else. The word may carry the
//!   module in front (`product.error_param`), and some are misspelled.
//! - Only partner, path, time, token and shop are signed: neither the query nor the body.
//! - A refresh token is for single use; two who refresh at once lose the shop.
//! - One write of stock names models of one item. Each model is reported by itself, and what is in neither list is
//!   unclear. A wrong model can refuse the whole request, so the others of a batch are reported unclear: send them singly.
//! - A webhook is signed over the callback URL as registered and the body, with a key of its own.
//! - Webhooks that were never accepted can be fetched for three days.

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
mod session;
mod shipping;
mod sign;
mod webhook;
mod wire;

use session::Session;

/// The connector to Shopee.
pub struct Shopee {
    http: Http,
    facts: Facts,
}

impl Shopee {
    /// Over this client.
    #[must_use]
    pub fn new(http: Http) -> Self {
        let facts = Facts {
            name: "shopee",
            title: "Shopee",
            push_items_max: 50,
            push_same_item: true,
            quantity_max: 999_999,
            read_items_max: 50,
            orders_max: 50,
            // None is published: careful guesses.
            limits: vec![
                (Endpoint::Auth, 1.0, 5.0),
                (Endpoint::Listings, 10.0, 5.0),
                (Endpoint::Stock, 10.0, 5.0),
                (Endpoint::Orders, 10.0, 5.0),
                (Endpoint::Shipping, 5.0, 5.0),
            ],
            refresh_at: 0.75,
            restores_on_cancel: true,
            webhook_answer_ms: 3_000,
            lost_webhooks: true,
        };
        Self { http, facts }
    }

    fn session<'a>(&'a self, call: &'a Call) -> Session<'a> {
        Session::new(&self.http, call)
    }
}

#[async_trait]
impl Channel for Shopee {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn consent_url(&self, call: &Call, state: &str, redirect: &str) -> String {
        auth::consent_url(call, state, redirect)
    }

    async fn exchange(&self, call: &Call, consent: &Consent) -> Result<Vec<Grant>, Failure> {
        auth::exchange(&self.session(call), consent).await
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
        listings::push(&self.session(call), items).await
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

    async fn lost_webhooks(&self, call: &Call) -> Result<(Vec<Verified>, Option<String>), Failure> {
        webhook::lost(&self.session(call)).await
    }

    async fn confirm_lost(&self, call: &Call, last: &str) -> Result<(), Failure> {
        webhook::confirm_lost(&self.session(call), last).await
    }
}
