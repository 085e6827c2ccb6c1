//! TikTok Shop Open API, version 202309 and later.
//!
//! What is odd about it:
//! - The signature covers the path, the sorted query and the body, between two copies of the secret; so the bytes that are
//!   signed are the bytes that are sent. The clock may be 5 minutes slow but only 30 seconds fast.
//! - Tokens come from another host, unsigned, with the secret in the query. Their ends are moments, not lengths.
//! - One token may cover several shops; each has a cipher that goes into every query but that of `shops`.
//! - A write of stock that failed for some SKUs says `code: 0`; the failures are in `data.errors`.
//! - All warehouses of a SKU must be in a write. The first one gets all of it, the others nothing.
//! - Orders have no quantity: one line item is one unit. A virtual bundle names its components, which are what is sold.
//! - Every endpoint has a version of its own.

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

/// The connector to TikTok Shop.
pub struct TikTok {
    http: Http,
    facts: Facts,
}

impl TikTok {
    /// Over this client.
    #[must_use]
    pub fn new(http: Http) -> Self {
        let facts = Facts {
            name: "tiktok",
            title: "TikTok Shop",
            push_items_max: 100,
            push_same_item: true,
            quantity_max: listings::QUANTITY_MAX,
            read_items_max: 600,
            orders_max: 50,
            // 50 a second are published for each API and shop: rate and burst together stay at that.
            limits: vec![
                (Endpoint::Auth, 1.0, 5.0),
                (Endpoint::Listings, 40.0, 10.0),
                (Endpoint::Stock, 40.0, 10.0),
                (Endpoint::Orders, 40.0, 10.0),
                (Endpoint::Shipping, 40.0, 10.0),
            ],
            refresh_at: 0.85,
            // Implied, not said: read back after a cancellation.
            restores_on_cancel: true,
            webhook_answer_ms: 3_000,
            lost_webhooks: false,
        };
        Self { http, facts }
    }

    fn session<'a>(&'a self, call: &'a Call) -> Session<'a> {
        Session::new(&self.http, call)
    }
}

#[async_trait]
impl Channel for TikTok {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn consent_url(&self, call: &Call, state: &str, _redirect: &str) -> String {
        // The redirect is registered in their console and cannot be chosen here.
        auth::consent_url(call, state)
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
}
