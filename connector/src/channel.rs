//! The connector itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::order::{OrderPage, OrderWindow, RemoteOrder, RemoteReturn, Shipment};
use crate::secret::Secret;
use crate::stock::{ItemOutcome, ListingPage, PushItem, RemoteListing, StockSeen};
use crate::webhook::{Hint, RawWebhook, Refused, Verified};

/// The keys of our app on one marketplace, and where it is. From the settings.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AppKeys {
    /// Shopee `partner_id`, TikTok and Lazada `app_key`.
    pub id: String,
    /// Shopee `partner_key`, TikTok and Lazada app secret.
    pub secret: Secret,
    /// Shopee's push partner key; elsewhere webhooks are signed with `secret`.
    #[serde(default)]
    pub webhook_secret: Option<Secret>,
    /// The one before, accepted while both are in use.
    #[serde(default)]
    pub webhook_secret_before: Option<Secret>,
    /// TikTok's `service_id` for the consent page.
    #[serde(default)]
    pub service: Option<String>,
    /// Base URL of the API, without a slash at the end.
    pub api_url: String,
    /// Base URL of the host that gives tokens, if it is another.
    #[serde(default)]
    pub auth_url: Option<String>,
    /// Base URL of the consent page, if it is another.
    #[serde(default)]
    pub consent_url: Option<String>,
    /// Requests a second for a shop that the marketplace has granted this app, where that is not what it grants everybody
    /// ([`Facts::limits`]).
    #[serde(default)]
    pub limits: BTreeMap<Endpoint, u32>,
}

/// What an owner granted us. Kept encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The shop as the marketplace calls it: `shop_id`, shop id, seller id.
    pub account: String,
    /// What people call it.
    pub name: String,
    /// Country or region code, if they say.
    pub region: Option<String>,
    /// For requests.
    pub access_token: Secret,
    /// For the next grant.
    pub refresh_token: Secret,
    /// Milliseconds since 1970.
    pub access_until: i64,
    /// When the refresh token stops working. Milliseconds since 1970.
    pub refresh_until: Option<i64>,
    /// When the owner must consent again, whatever we do, if known. Milliseconds since 1970.
    pub grant_until: Option<i64>,
    /// TikTok's `shop_cipher`, Lazada's country endpoint.
    #[serde(default)]
    pub extra: Option<String>,
}

/// What surrounds one request.
#[derive(Debug, Clone)]
pub struct Call {
    /// Keys and addresses.
    pub app: Arc<AppKeys>,
    /// Whose shop; not for the token host.
    pub grant: Option<Arc<Grant>>,
    /// Milliseconds since 1970, corrected by the offset measured for this marketplace.
    pub now: i64,
    /// When the job's time is over; the request must end before. Milliseconds from `now`.
    pub budget_ms: u64,
}

/// What came back from the consent page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The code to exchange.
    pub code: Secret,
    /// Query parameters of the callback: Shopee puts `shop_id` there.
    pub parameters: Vec<(String, String)>,
}

/// A shop that a grant covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopInfo {
    /// As the marketplace calls it.
    pub account: String,
    /// For people.
    pub name: String,
}

/// The kinds of request that have limits of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Tokens.
    Auth,
    /// Reading listings and stock.
    Listings,
    /// Writing stock.
    Stock,
    /// Orders and returns.
    Orders,
    /// Shipping.
    Shipping,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Auth, Self::Listings, Self::Stock, Self::Orders, Self::Shipping];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Listings => "listings",
            Self::Stock => "stock",
            Self::Orders => "orders",
            Self::Shipping => "shipping",
        }
    }
}

/// What must be known about a marketplace to work with it. Sources: `docs/marketplaces.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// `shopee`, `tiktok`, `lazada`.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// Most items in one write of stock.
    pub push_items_max: usize,
    /// Whether all items of one write must belong to one item/product.
    pub push_same_item: bool,
    /// Largest stock that can be written.
    pub quantity_max: i64,
    /// Most listings in one read of stock. One read names items of one product where `push_same_item` is set.
    pub read_items_max: usize,
    /// Most orders in one fetch.
    pub orders_max: usize,
    /// Requests a second and burst for each shop, by endpoint: published ones, or careful guesses (said in the docs).
    pub limits: Vec<(Endpoint, f64, f64)>,
    /// Share of an access token's life after which it is refreshed.
    pub refresh_at: f64,
    /// Whether the marketplace gives its own stock back when an order is cancelled.
    pub restores_on_cancel: bool,
    /// Within how many milliseconds a webhook must be answered.
    pub webhook_answer_ms: u64,
    /// Whether lost webhooks can be fetched.
    pub lost_webhooks: bool,
}

/// A marketplace. Every call makes as few requests as it can, never repeats one by itself, and never logs.
#[async_trait]
pub trait Channel: Send + Sync {
    /// What must be known about it.
    fn facts(&self) -> &Facts;

    /// The page where the owner of a shop consents. `state` comes back with the callback at `redirect`.
    fn consent_url(&self, call: &Call, state: &str, redirect: &str) -> String;
    /// Exchanges the code for one grant a shop.
    async fn exchange(&self, call: &Call, consent: &Consent) -> Result<Vec<Grant>, Failure>;
    /// A new grant for the old one in `call`. Where refresh tokens are for single use, the old one is void afterwards.
    async fn refresh(&self, call: &Call) -> Result<Grant, Failure>;
    /// Whether all shops of one consent bear the same tokens, so that a refresh for one of them is a refresh for all.
    fn one_grant_for_all(&self) -> bool {
        false
    }
    /// The cheapest signed request there is: whether the shop answers. Its name as they know it.
    async fn probe(&self, call: &Call) -> Result<ShopInfo, Failure>;

    /// One page of listings, variations included. `cursor` is `None` for the first.
    async fn listings(&self, call: &Call, cursor: Option<&str>) -> Result<ListingPage, Failure>;
    /// The listings of one item.
    async fn item(&self, call: &Call, item: &str) -> Result<Vec<RemoteListing>, Failure>;
    /// Sets stock. `Err` when the request failed as a whole; else one outcome for each item, in order.
    async fn push(&self, call: &Call, items: &[PushItem]) -> Result<Vec<ItemOutcome>, Failure>;
    /// Reads stock; one answer for each listing, in order.
    async fn read_stock(&self, call: &Call, listings: &[PushItem]) -> Result<Vec<StockSeen>, Failure>;

    /// One page of orders that changed in a window. `cursor` is `None` for the first.
    async fn orders_changed(
        &self,
        call: &Call,
        window: OrderWindow,
        cursor: Option<&str>,
    ) -> Result<OrderPage, Failure>;
    /// Orders by reference; those that do not exist are left out.
    async fn orders(&self, call: &Call, references: &[String]) -> Result<Vec<RemoteOrder>, Failure>;
    /// Returns that changed in a window, all pages.
    async fn returns(&self, call: &Call, window: OrderWindow) -> Result<Vec<RemoteReturn>, Failure>;
    /// Tells that goods leave.
    async fn ship(&self, call: &Call, shipment: &Shipment) -> Result<(), Failure>;
    /// Answers a buyer's wish to cancel.
    async fn answer_cancel(&self, call: &Call, reference: &str, accept: bool) -> Result<(), Failure>;

    /// Checks the signature over the raw bytes, in constant time, with the key in use and the one before.
    ///
    /// # Errors
    /// [`Refused`]: nothing of it may be believed.
    fn verify(&self, call: &Call, raw: &RawWebhook) -> Result<Verified, Refused>;
    /// What it hints at.
    ///
    /// # Errors
    /// [`Refused::Body`] when it is not what they document.
    fn hints(&self, webhook: &Verified) -> Result<Vec<Hint>, Refused>;
    /// Webhooks that never reached us, to be confirmed with [`Channel::confirm_lost`] when they are kept. Only asked for where
    /// [`Facts::lost_webhooks`] says that there is such a thing.
    async fn lost_webhooks(&self, _call: &Call) -> Result<(Vec<Verified>, Option<String>), Failure> {
        Ok((Vec::new(), None))
    }
    /// They are kept.
    async fn confirm_lost(&self, _call: &Call, _last: &str) -> Result<(), Failure> {
        Ok(())
    }
}
