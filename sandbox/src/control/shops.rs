//! Shops and what they sell.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Desk, Refused, Which};
use crate::catalogue;
use crate::ids_in_json::Id;
use crate::world::{Cause, ItemStatus, Market, NewItem, ShopKey, StockChange, StockFault, World};

/// Everything at a glance: what runs where, which shops there are, and how much is in them.
pub(super) async fn state(State(desk): State<Desk>) -> Json<Value> {
    let hub = &desk.hub;
    let (now, shops) = hub.anywhere(|world, now| {
        let shops: Vec<Value> = world
            .shops()
            .map(|shop| {
                json!({
                    "market": shop.market,
                    "shop": Id(shop.account),
                    "name": shop.name,
                    "region": shop.region,
                    "currency": shop.currency,
                    "cipher": shop.cipher,
                    "authorised": shop.credentials.authorised(now),
                    "authorised_until": shop.credentials.authorised_until,
                    "items": shop.items.len(),
                    "variants": shop.variants().count(),
                    "orders": shop.orders.len(),
                    "returns": shop.returns.len(),
                })
            })
            .collect();
        (now, shops)
    });
    let (waiting, in_flight) = hub.outbox.waiting();
    let webhooks: serde_json::Map<String, Value> = Market::ALL
        .into_iter()
        .map(|market| {
            let told = json!({"url": hub.outbox.url(market), "counts": hub.outbox.counts(market)});
            (market.name().to_owned(), told)
        })
        .collect();
    Json(json!({
        "seed": desk.seed,
        "now": now,
        "urls": *desk.urls,
        "apps": *desk.apps,
        "shops": shops,
        "webhooks": webhooks,
        "webhooks_waiting": waiting,
        "webhooks_in_flight": in_flight,
        "buyers": hub.buyers.habits(),
        "faults": hub.faults.list(),
    }))
}

/// A shop to open.
#[derive(Debug, Deserialize)]
pub(super) struct NewShop {
    market: Market,
    name: String,
    #[serde(default = "singapore")]
    region: String,
}

fn singapore() -> String {
    "SG".to_owned()
}

pub(super) async fn open(State(desk): State<Desk>, Json(new): Json<NewShop>) -> Json<Value> {
    let key = desk.hub.anywhere(|world, _| world.open_shop(new.market, &new.name, &new.region));
    Json(json!({"market": key.market, "shop": Id(key.account)}))
}

/// The built-in catalogue as a plain list, with what its packs are made of.
pub(super) async fn built_in(State(desk): State<Desk>) -> Json<catalogue::Catalogue> {
    Json(catalogue::built_in(desk.seed))
}

/// Goods to list in the shops that fit.
#[derive(Debug, Deserialize)]
pub(super) struct Goods {
    #[serde(flatten)]
    which: Which,
    #[serde(default)]
    items: Vec<NewItem>,
    /// The built-in catalogue as well.
    #[serde(default)]
    built_in: bool,
}

pub(super) async fn list(State(desk): State<Desk>, Json(goods): Json<Goods>) -> Result<Json<Value>, Refused> {
    let mut items = goods.items;
    if goods.built_in {
        items.extend(catalogue::pages(desk.seed));
    }
    if items.iter().any(|item| item.variants.is_empty() || (item.axes.is_empty() && item.variants.len() > 1))
    {
        return Err(Refused::wrong("an item has variants; one without `axes` has exactly one"));
    }
    let listed = desk.hub.anywhere(|world, now| {
        let keys = goods.which.all(world);
        let mut listed = Vec::new();
        for key in keys {
            for item in &items {
                if let Some(id) = world.list(key, item, now) {
                    listed.push(json!({"market": key.market, "shop": Id(key.account), "item": Id(id)}));
                }
            }
        }
        listed
    });
    Ok(Json(json!({"listed": listed})))
}

/// Which listings to show, and how much of their past.
#[derive(Debug, Deserialize)]
pub(super) struct Look {
    market: Option<Market>,
    #[serde(default, with = "crate::ids_in_json::optional")]
    shop: Option<u64>,
    seller_sku: Option<String>,
    /// The last so many values of each listing's stock.
    #[serde(default)]
    history: usize,
}

pub(super) async fn listings(State(desk): State<Desk>, Query(look): Query<Look>) -> Json<Value> {
    let which = Which { market: look.market, shop: look.shop };
    let listings = desk.hub.anywhere(|world, _| {
        let wanted = |sku: &str| look.seller_sku.as_ref().is_none_or(|wanted| wanted == sku);
        let mut listings = Vec::new();
        for shop in which.all(world).into_iter().filter_map(|key| world.shop(key)) {
            for (item, variant) in shop.variants().filter(|(_, variant)| wanted(&variant.seller_sku)) {
                let mut listing = json!({
                    "market": shop.market,
                    "shop": Id(shop.account),
                    "item": Id(item.id),
                    "variant": Id(variant.id),
                    "title": item.title,
                    "options": variant.options,
                    "seller_sku": variant.seller_sku,
                    "status": item.status,
                    "stock": variant.stock,
                    "reserved": variant.reserved,
                    "price": variant.price,
                });
                if look.history > 0 {
                    let from = variant.history.len().saturating_sub(look.history);
                    let history: &[StockChange] = &variant.history[from..];
                    listing["history"] = json!(history);
                }
                listings.push(listing);
            }
        }
        listings
    });
    Json(json!({"listings": listings}))
}

/// A listing by the seller's code, and a number for it.
#[derive(Debug, Deserialize)]
pub(super) struct Figure {
    #[serde(flatten)]
    which: Which,
    seller_sku: String,
    #[serde(alias = "units")]
    stock: i64,
    /// What may be ordered beyond it, on TikTok Shop; left out, it stays as it is.
    #[serde(default)]
    backorder: Option<i64>,
    /// `seller_edit`, or `campaign` when units were taken or returned by one.
    #[serde(default)]
    campaign: bool,
}

/// The seller sets the stock of a listing in the seller's centre.
pub(super) async fn set_stock(
    State(desk): State<Desk>,
    Json(figure): Json<Figure>,
) -> Result<Json<Value>, Refused> {
    let cause = if figure.campaign { Cause::Campaign } else { Cause::SellerEdit };
    let key = desk.hub.anywhere(|world, _| figure.which.one(world))?;
    desk.hub.in_shop(key, |world, now| {
        let variant = find(world, key, &figure.seller_sku)?;
        world.set_stock(key, variant, figure.stock, cause, now).map_err(refuse)?;
        if let (Some(units), Some(shop)) = (figure.backorder, world.shop_mut(key))
            && let Some(known) = shop.variant_mut(variant)
        {
            known.backorder = units.max(0);
        }
        Ok(Json(json!({"variant": Id(variant), "stock": figure.stock})))
    })
}

/// A promotion takes units of a listing aside.
pub(super) async fn reserve(
    State(desk): State<Desk>,
    Json(figure): Json<Figure>,
) -> Result<Json<Value>, Refused> {
    let key = desk.hub.anywhere(|world, _| figure.which.one(world))?;
    desk.hub.in_shop(key, |world, now| {
        let variant = find(world, key, &figure.seller_sku)?;
        world.reserve(key, variant, figure.stock, now).map_err(refuse)?;
        Ok(Json(json!({"variant": Id(variant), "reserved": figure.stock})))
    })
}

/// The variant with this code.
pub(super) fn find(world: &World, key: ShopKey, seller_sku: &str) -> Result<u64, Refused> {
    let known = world.shop(key).and_then(|shop| shop.variant_by_sku(seller_sku));
    known.map(|(_, variant)| variant.id).ok_or_else(|| Refused::missing("the shop lists no such seller_sku"))
}

fn refuse(fault: StockFault) -> Refused {
    match fault {
        StockFault::NoSuchVariant => Refused::missing("there is no such listing"),
        StockFault::Negative => Refused::wrong("stock is 0 or more"),
        StockFault::BelowReserved { reserved } => {
            Refused::conflict(json!({"error": "below_reserved", "reserved": reserved}))
        }
    }
}

/// An item and whether buyers are to see it.
#[derive(Debug, Deserialize)]
pub(super) struct Visibility {
    #[serde(flatten)]
    which: Which,
    seller_sku: String,
    /// `live`, `delisted` or `deleted`.
    status: ItemStatus,
}

/// The seller takes an item off the market, deletes it, or puts it back.
pub(super) async fn set_status(
    State(desk): State<Desk>,
    Json(wanted): Json<Visibility>,
) -> Result<Json<Value>, Refused> {
    let key = desk.hub.anywhere(|world, _| wanted.which.one(world))?;
    desk.hub.in_shop(key, |world, now| {
        let variant = find(world, key, &wanted.seller_sku)?;
        let item = world.set_item_status(key, variant, wanted.status, now);
        Ok(Json(json!({"item": item.map(Id), "status": wanted.status})))
    })
}
