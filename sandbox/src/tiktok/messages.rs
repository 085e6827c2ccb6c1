//! What the integrators of a shop are told. A message is a hint: what is true is read from the API.

use serde_json::{Value, json};

use crate::world::{Event, ItemStatus, Order, ReturnStatus, Shop, ShopKey, Status, What, World};

use super::{cancellations, orders, returns, seconds};

/// The topics, by the number that a message carries.
const ORDER: i64 = 1;
const PRODUCT_STATUS: i64 = 5;
const DEAUTHORISED: i64 = 6;
const AUTHORISATION_ENDS: i64 = 7;
const CANCELLATION: i64 = 11;
const RETURN: i64 = 12;
const PRODUCT: i64 = 15;
const INVENTORY: i64 = 27;

/// The messages of one event.
pub(super) fn of(world: &World, event: &Event) -> Vec<Value> {
    let Some(shop) = world.shop(event.shop) else { return Vec::new() };
    // A shop that lets nobody in has nobody to tell, but that it does not any longer is told.
    let leaving = matches!(event.what, What::Deauthorised { .. });
    if !leaving && !shop.credentials.authorised(event.at) {
        return Vec::new();
    }
    bodies(shop, event)
        .into_iter()
        .enumerate()
        .map(|(at, (topic, data))| {
            json!({
                "type": topic,
                "tts_notification_id": notification(event, at, &data).to_string(),
                "shop_id": shop.account.to_string(),
                "timestamp": seconds(event.at),
                "data": data,
            })
        })
        .collect()
}

fn bodies(shop: &Shop, event: &Event) -> Vec<(i64, Value)> {
    let order = |id: &str| shop.orders.get(id);
    match &event.what {
        What::Order { order: id, status, .. } => {
            let Some(order) = order(id) else { return Vec::new() };
            let mut bodies = vec![(ORDER, order_changed(order))];
            if *status == Status::Cancelled {
                bodies.extend(cancellation(order, "CANCELLATION_REQUEST_SUCCESS"));
            }
            bodies
        }
        What::CancelAsked { order: id } => order(id)
            .and_then(|order| cancellation(order, "CANCELLATION_REQUEST_PENDING"))
            .into_iter()
            .collect(),
        // A granted request is told with the order that it cancels.
        What::CancelAnswered { order: id, agreed: false } => order(id)
            .and_then(|order| cancellation(order, "CANCELLATION_REQUEST_CANCEL"))
            .into_iter()
            .collect(),
        What::Return { order, id, status } => returned(shop, order, *id, *status).into_iter().collect(),
        What::Deauthorised { expired } => vec![(DEAUTHORISED, deauthorised(event.shop, *expired))],
        What::AuthorisationEnds { at } => vec![(AUTHORISATION_ENDS, ends(event, *at))],
        What::LowStock { item, variant, stock } => {
            low(shop, event, *item, *variant, *stock).into_iter().collect()
        }
        What::ItemChanged { item } => item_changed(shop, event, *item),
        What::CancelAnswered { agreed: true, .. }
        | What::Tracking { .. }
        | What::Authorised
        | What::Reserved { .. } => Vec::new(),
    }
}

fn order_changed(order: &Order) -> Value {
    json!({
        "order_id": order.id,
        "order_status": orders::status(order),
        "is_on_hold_order": order.on_hold,
        "update_time": seconds(order.updated),
    })
}

fn cancellation(order: &Order, status: &str) -> Option<(i64, Value)> {
    let listed = cancellations::of_order(order).find(|listed| listed.status == status)?;
    // The list of messages spells this one status in another way than the list of the API.
    let status =
        if status == "CANCELLATION_REQUEST_CANCEL" { "CANCELLATION_REQUEST_CANCELLED" } else { status };
    let data = json!({
        "order_id": order.id,
        "cancellations_role": orders::actor(listed.of.by),
        "cancel_status": status,
        "cancel_id": listed.of.id.to_string(),
        "create_time": seconds(listed.of.at),
    });
    Some((CANCELLATION, data))
}

fn returned(shop: &Shop, order: &str, id: u64, status: ReturnStatus) -> Option<(i64, Value)> {
    let known = shop.returns.get(&id)?;
    let data = json!({
        "order_id": order,
        "return_role": "BUYER",
        "return_type": returns::KIND,
        "return_status": returns::status(status),
        "return_id": id.to_string(),
        "create_time": seconds(known.created),
        "update_time": seconds(known.updated),
    });
    Some((RETURN, data))
}

fn deauthorised(shop: ShopKey, expired: bool) -> Value {
    let why = if expired {
        "is deauthorized from your APP because the authorization has expired."
    } else {
        "is deauthorized from your APP by merchant."
    };
    json!({ "message": format!("Shop_id {} {why}", shop.account) })
}

fn ends(event: &Event, at: i64) -> Value {
    let days = (at - event.at).max(0) / 86_400_000;
    let shop = event.shop.account;
    json!({
        "message": format!(
            "Authorization of shop_id {shop} is expiring in {days} days. Please direct the merchant to re-authorize."
        ),
        "expiration_time": seconds(at).to_string(),
    })
}

fn low(shop: &Shop, event: &Event, item: u64, variant: u64, stock: i64) -> Option<(i64, Value)> {
    let (_, variant) = shop.variant(variant)?;
    let committed = variant.unpaid + variant.paid;
    let data = json!({
        "product_id": item.to_string(),
        "sku_id": variant.id.to_string(),
        "trigger_reason": { "alert_type": "REALTIME", "low_stock_threshold": 5 },
        "current_inventory_status": if stock == 0 { "OUT_OF_STOCK" } else { "LOW_STOCK" },
        "inventory_distribution": {
            "total_quantity": stock + committed,
            "available_quantity": stock - variant.reserved.min(stock),
            "creator_reserved_quantity": 0,
            "campaign_reserved_quantity": variant.reserved.min(stock),
            "committed_quantity": committed,
        },
        "update_time": seconds(event.at),
    });
    Some((INVENTORY, data))
}

fn item_changed(shop: &Shop, event: &Event, item: u64) -> Vec<(i64, Value)> {
    let Some(item) = shop.items.get(&item) else { return Vec::new() };
    let changed = json!({
        "product_id": item.id.to_string(),
        "change_source": "SELLER_CENTER",
        "changed_fields": ["others"],
        "update_time": seconds(event.at),
    });
    let mut bodies = vec![(PRODUCT, changed)];
    let status = match item.status {
        ItemStatus::Live => None,
        ItemStatus::Delisted => Some("SELLER_DEACTIVATED"),
        ItemStatus::Deleted => Some("DELETED"),
    };
    if let Some(status) = status {
        // Some of the marketplace's messages write the product as a number.
        let data = json!({
            "product_id": item.id, "status": status, "suspended_reason": "", "update_time": seconds(event.at),
        });
        bodies.push((PRODUCT_STATUS, data));
    }
    bodies
}

/// A number of 19 digits that is the same for the same message and no other: time in milliseconds, then a hash.
fn notification(event: &Event, at: usize, data: &Value) -> u64 {
    let text = format!("{}{:?}{at}{data}", event.shop.account, event.what);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    event.at.unsigned_abs() * 1_000_000 + hash % 1_000_000
}
