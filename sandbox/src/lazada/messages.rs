//! What the integrators of a shop are told: one message for each item of an order.

use serde_json::{Value, json};

use crate::world::{
    Event, ItemStatus, Millis, Order, ReturnStatus, Shop, ShopKey, Status, Unit, What, World,
};

use super::orders::{number, status};
use super::products::shop_sku;
use super::reverse::line_id;
use super::seller::WAREHOUSE;

/// The kinds of message, by the number that it carries.
const TRADE_ORDER: i64 = 0;
const PRODUCT_EDITED: i64 = 4;
const PRODUCT_DELETED: i64 = 5;
const SHALLOW_STOCK: i64 = 6;
const TOKEN_EXPIRES: i64 = 8;
const REVERSE_ORDER: i64 = 10;

/// The messages of one event. A seller who lets nobody in any longer is not told of: the messages just stop.
pub(super) fn of(world: &World, event: &Event) -> Vec<Value> {
    let Some(shop) = world.shop(event.shop) else { return Vec::new() };
    if !shop.credentials.authorised(event.at) {
        return Vec::new();
    }
    match &event.what {
        What::Order { order, units, status } => {
            let Some(order) = shop.orders.get(order) else { return Vec::new() };
            trade(shop, event.at, order, units, *status)
        }
        What::CancelAsked { order } => shop.orders.get(order).map_or_else(Vec::new, |order| {
            let asked = order.cancel_asked.as_ref().map(|asked| asked.id);
            let units: Vec<u64> = order.units().map(|(_, unit)| unit.id).collect();
            reverse(shop, event.at, order, asked, &units, "CANCEL_INIT")
        }),
        What::CancelAnswered { order, agreed: true } => {
            shop.orders.get(order).map_or_else(Vec::new, |order| {
                let done = order.cancelled.as_ref().map(|done| done.id);
                let units = order.units().filter(|(_, unit)| unit.status == Status::Cancelled);
                let units: Vec<u64> = units.map(|(_, unit)| unit.id).collect();
                reverse(shop, event.at, order, done, &units, "CANCEL_SUCCESS")
            })
        }
        What::Return { order, id, status } => shop.orders.get(order).map_or_else(Vec::new, |order| {
            let units = shop.returns.get(id).map(|known| known.units.clone()).unwrap_or_default();
            let status = match status {
                ReturnStatus::Asked => "RTM_INIT",
                ReturnStatus::Agreed => "RTM_SHIPPING_BACK",
                ReturnStatus::Done => "RTM_RECEIVE_ITEM",
                ReturnStatus::Refused => "RTM_CANCELED",
            };
            reverse(shop, event.at, order, Some(*id), &units, status)
        }),
        What::AuthorisationEnds { at } => vec![token_expires(shop, event.at, *at)],
        What::LowStock { variant, stock, .. } => {
            shallow_stock(shop, event.at, *variant, *stock).into_iter().collect()
        }
        What::ItemChanged { item } => item_changed(shop, event.at, *item).into_iter().collect(),
        What::CancelAnswered { agreed: false, .. }
        | What::Tracking { .. }
        | What::Authorised
        | What::Deauthorised { .. }
        | What::Reserved { .. } => Vec::new(),
    }
}

/// The time of a message is in milliseconds for orders and in seconds for all else.
fn message(shop: &Shop, kind: i64, timestamp: i64, data: &Value) -> Value {
    json!({
        "seller_id": shop.account.to_string(),
        "message_type": kind,
        "data": data,
        "timestamp": timestamp,
        "site": format!("lazada_{}", shop.region.to_lowercase()),
    })
}

fn trade(shop: &Shop, at: Millis, order: &Order, units: &[u64], status: Status) -> Vec<Value> {
    let moved = order.units().filter(|(_, unit)| units.contains(&unit.id));
    moved
        .map(|(_, unit)| {
            let data = trade_data(shop, order, unit, status);
            message(shop, TRADE_ORDER, at, &data)
        })
        .collect()
}

fn trade_data(shop: &Shop, order: &Order, unit: &Unit, now: Status) -> Value {
    let mut data = json!({
        "order_status": status(now),
        "trade_order_id": order.id,
        "trade_order_line_id": unit.id.to_string(),
        "status_update_time": unit.updated.div_euclid(1_000),
    });
    // What goes back names the reverse order as well.
    let back = match now {
        Status::Cancelled => order.cancelled.as_ref().map(|done| done.id),
        Status::Returned => {
            let known = shop.returns.values().rev().find(|known| known.units.contains(&unit.id));
            known.map(|known| known.id)
        }
        _ => None,
    };
    if let Some(back) = back {
        data["reverse_order_id"] = json!(back.to_string());
        data["reverse_order_line_id"] = json!(line_id(unit.id).to_string());
    }
    data
}

fn reverse(
    shop: &Shop,
    at: Millis,
    order: &Order,
    id: Option<u64>,
    units: &[u64],
    status: &str,
) -> Vec<Value> {
    units
        .iter()
        .map(|unit| {
            let data = json!({
                "reverse_order_id": id,
                "reverse_order_line_id": line_id(*unit),
                "reverse_status": status,
                "trade_order_id": number(&order.id),
                "trade_order_line_id": unit,
                "seller_id": shop.account,
                "extraParams": {},
                "status_update_time": at.div_euclid(1_000),
            });
            message(shop, REVERSE_ORDER, at.div_euclid(1_000), &data)
        })
        .collect()
}

fn token_expires(shop: &Shop, now: Millis, at: Millis) -> Value {
    let data = json!({
        "app_key": "", "auth_expiry_time": at.div_euclid(1_000), "seller_id": shop.account.to_string(),
    });
    let mut message = message(shop, TOKEN_EXPIRES, now.div_euclid(1_000), &data);
    // It is so: the word, not the value.
    message["seller_id"] = json!("null");
    message
}

fn shallow_stock(shop: &Shop, at: Millis, variant: u64, stock: i64) -> Option<Value> {
    let (_, variant) = shop.variant(variant)?;
    let data = json!({
        "seller_sku": variant.seller_sku,
        "sku_id": variant.id,
        "warehouse": WAREHOUSE,
        "real_quantity": stock + variant.unpaid + variant.paid,
        "withhold_quantity": variant.unpaid,
        "occupy_quantity": variant.paid,
        "pre_order_quantity": 0,
    });
    Some(message(shop, SHALLOW_STOCK, at.div_euclid(1_000), &data))
}

fn item_changed(shop: &Shop, at: Millis, item: u64) -> Option<Value> {
    let item = shop.items.get(&item)?;
    let skus: Vec<Value> = item
        .variants
        .iter()
        .map(|variant| {
            json!({
                "shop_sku": shop_sku(shop, item.id, variant.id), "seller_sku": variant.seller_sku,
                "sku_id": variant.id,
            })
        })
        .collect();
    let (kind, action) = match item.status {
        ItemStatus::Deleted => (PRODUCT_DELETED, "DELETED"),
        ItemStatus::Live | ItemStatus::Delisted => (PRODUCT_EDITED, "EDITED_UPDATED"),
    };
    let data = json!({
        "item_id": item.id, "sku_list": skus, "action": action, "status_update_time": at,
    });
    Some(message(shop, kind, at.div_euclid(1_000), &data))
}

/// A message that is tried again tells how things are by then (open.lazada.com, "Lazada Push Mechanism").
pub(super) fn as_it_is_now(world: &World, shop: ShopKey, message: &Value) -> Value {
    let again = || {
        if message["message_type"] != json!(TRADE_ORDER) {
            return None;
        }
        let shop = world.shop(shop)?;
        let order = shop.orders.get(message["data"]["trade_order_id"].as_str()?)?;
        let id = message["data"]["trade_order_line_id"].as_str()?;
        let (_, unit) = order.units().find(|(_, unit)| unit.id.to_string() == id)?;
        let mut again = message.clone();
        again["data"] = trade_data(shop, order, unit, unit.status);
        Some(again)
    };
    again().unwrap_or_else(|| message.clone())
}
