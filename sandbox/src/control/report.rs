//! What it comes to: units sold by code over all shops, and how each marketplace was treated and treated others.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Desk;
use crate::ids_in_json::Id;
use crate::world::{Market, StockChange};

/// How much of the past to tell.
#[derive(Debug, Deserialize)]
pub(super) struct Depth {
    /// The last so many values of each listing's stock; 3 unless said.
    history: Option<usize>,
}

/// One code of the seller over all shops.
#[derive(Debug, Default, Serialize)]
struct SkuReport {
    seller_sku: String,
    /// Units that buyers ordered.
    ordered: i64,
    cancelled: i64,
    /// Ordered and not cancelled.
    sold: i64,
    listings: Vec<ListingReport>,
}

#[derive(Debug, Serialize)]
struct ListingReport {
    market: Market,
    shop: Id,
    /// What it was listed with.
    listed: i64,
    stock: i64,
    ordered: i64,
    cancelled: i64,
    pushes: u64,
    history: Vec<StockChange>,
}

pub(super) async fn report(State(desk): State<Desk>, Query(depth): Query<Depth>) -> Json<Value> {
    let depth = depth.history.unwrap_or(3);
    let hub = &desk.hub;
    let skus = hub.anywhere(|world, _| {
        let mut skus: BTreeMap<String, SkuReport> = BTreeMap::new();
        for shop in world.shops() {
            for (_, variant) in shop.variants() {
                let sku = skus.entry(variant.seller_sku.clone()).or_default();
                sku.ordered += variant.ordered;
                sku.cancelled += variant.cancelled;
                let from = variant.history.len().saturating_sub(depth);
                sku.listings.push(ListingReport {
                    market: shop.market,
                    shop: Id(shop.account),
                    listed: variant.listed,
                    stock: variant.stock,
                    ordered: variant.ordered,
                    cancelled: variant.cancelled,
                    pushes: variant.pushes,
                    history: variant.history[from..].to_vec(),
                });
            }
        }
        skus
    });
    let skus: Vec<SkuReport> = skus
        .into_iter()
        .map(|(seller_sku, sku)| SkuReport { seller_sku, sold: sku.ordered - sku.cancelled, ..sku })
        .collect();
    let shops: Vec<Value> = hub
        .tally
        .all()
        .into_iter()
        .map(|((market, shop), counts)| {
            let mut told = json!(counts);
            told["market"] = json!(market);
            told["shop"] = json!(Id(shop));
            told
        })
        .collect();
    let webhooks: BTreeMap<&str, Value> =
        Market::ALL.into_iter().map(|market| (market.name(), json!(hub.outbox.counts(market)))).collect();
    let sum = |of: fn(&SkuReport) -> i64| skus.iter().map(of).sum::<i64>();
    Json(json!({
        "totals": {
            "ordered": sum(|sku| sku.ordered),
            "cancelled": sum(|sku| sku.cancelled),
            "sold": sum(|sku| sku.sold),
        },
        "skus": skus,
        "shops": shops,
        "webhooks": webhooks,
        "faults": hub.faults.list(),
    }))
}
