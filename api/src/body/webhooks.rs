//! Webhooks of marketplaces, as they were kept.

use std::collections::BTreeMap;

use onhand_rules::{Inbox, ShopId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::market_orders::id_of;
use crate::time::Time;

/// A webhook that a marketplace sent. Its body is not shown: it may name a buyer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookView {
    /// Always `webhook`.
    #[schema(example = "webhook")]
    object: &'static str,
    /// The marketplace, a colon, and what makes it the same delivery.
    key: String,
    /// `shopee`, `tiktok` or `lazada`.
    channel: String,
    /// The shop as the marketplace calls it.
    account: String,
    /// Number of the shop.
    shop_id: Option<i64>,
    /// Code of the shop.
    shop: Option<String>,
    /// The marketplace's word for its kind.
    kind: String,
    /// `taken`: what follows from it is in the queue or done. `unknown_shop`: nothing follows from it until it is retried.
    state: &'static str,
    /// The same as `state: unknown_shop` in English: there is no other reason why nothing follows from it.
    error: Option<&'static str>,
    /// Ids of the marketplace's orders that it is about, for `/v1/market-orders/{id}`; there may be none by them yet. Empty when
    /// its shop is not known.
    market_orders: Vec<String>,
    /// How often it came.
    deliveries: i64,
    /// Bytes of its body.
    size: usize,
    /// When it came first.
    received_at: Time,
}

impl WebhookView {
    /// `orders`: what it is about, as the marketplace calls them.
    pub(crate) fn of(row: Inbox, shops: &BTreeMap<ShopId, String>, orders: &[String]) -> Self {
        let known = row.shop.is_some();
        Self {
            market_orders: row.shop.map_or_else(Vec::new, |shop| {
                orders.iter().map(|reference| id_of(shop, reference)).collect()
            }),
            object: "webhook",
            shop_id: row.shop.map(|shop| shop.0),
            shop: row.shop.and_then(|shop| shops.get(&shop).cloned()),
            kind: row.topic,
            state: if known { "taken" } else { "unknown_shop" },
            error: (!known).then_some("no shop with this account was connected when it came"),
            deliveries: row.deliveries,
            size: row.body.len(),
            received_at: Time(row.received_at),
            key: row.key,
            channel: row.channel,
            account: row.account,
        }
    }
}

/// Which webhooks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WebhookQuery {
    /// Only of the shop with this code.
    pub(crate) shop: Option<String>,
    /// `unknown_shop`: only those of which nothing follows.
    pub(crate) state: Option<String>,
    /// Rows of the page.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// The page before's `next_cursor`.
    pub(crate) cursor: Option<String>,
}
