//! Messages: what is told of which event, and what was lost.

use std::time::Duration;

use serde_json::{Value, json};

use super::reply::{Refusal, Reply, whole};
use super::{Visit, seconds, wording};
use crate::world::{Event, Market, ShopKey, What, World};

/// Lost messages are kept for three days and told at most a hundred at a time.
const KEPT: Duration = Duration::from_secs(3 * 86_400);
const MOST: usize = 100;

const ORDER_STATUS: u32 = 3;
const TRACKING: u32 = 4;
const RESERVED_STOCK: u32 = 8;
const RETURNS: u32 = 29;

/// The message of an event; some events have none.
pub(super) fn messages(world: &World, event: &Event) -> Vec<Value> {
    let told = match &event.what {
        What::Order { order, .. } | What::CancelAsked { order } => order_status(world, event, order),
        // An agreed request is followed by the cancellation itself.
        What::CancelAnswered { order, agreed: false } => order_status(world, event, order),
        What::Tracking { order } => tracking(world, event, order),
        What::Return { order, id, .. } => {
            // The order's own status changes with its return.
            let of_return = returned(world, event, order, *id);
            return order_status(world, event, order).into_iter().chain(of_return).collect();
        }
        What::Reserved { item, variant, old, new } => reserved(world, event, *item, *variant, *old, *new),
        What::Authorised => Some(inside(
            event,
            1,
            json!({
                "shop_id": event.shop.account,
                "success": 1,
                "extra": "shop id authorized successfully",
            }),
        )),
        What::Deauthorised { expired } => Some(inside(
            event,
            2,
            json!({
                "shop_id": event.shop.account,
                "success": 1,
                "authorize_type": if *expired { "shop authorization expired" } else { "shop cancelled authorization" },
                "extra": "",
            }),
        )),
        What::AuthorisationEnds { at } => Some(json!({
            "code": 12,
            "timestamp": seconds(event.at),
            "data": {
                "page_no": 1,
                "total_page": 1,
                "shop_expire_soon": [event.shop.account],
                "expire_before": seconds(*at),
            },
        })),
        What::CancelAnswered { .. } | What::LowStock { .. } | What::ItemChanged { .. } => None,
    };
    told.into_iter().collect()
}

/// The shop's number is at the top.
fn about(event: &Event, code: u32, data: Value) -> Value {
    json!({"code": code, "shop_id": event.shop.account, "timestamp": seconds(event.at), "data": data})
}

/// The shop's number is inside `data`, as in the messages about its authorisation.
fn inside(event: &Event, code: u32, data: Value) -> Value {
    json!({"code": code, "timestamp": seconds(event.at), "data": data})
}

fn order_status(world: &World, event: &Event, order: &str) -> Option<Value> {
    let known = world.order(event.shop, order).ok()?;
    Some(about(
        event,
        ORDER_STATUS,
        json!({
            "ordersn": order,
            "status": wording::order_status(world, event.shop, known, false),
            "completed_scenario": "",
            "update_time": seconds(known.updated),
            "items": [],
        }),
    ))
}

fn tracking(world: &World, event: &Event, order: &str) -> Option<Value> {
    let known = world.order(event.shop, order).ok()?;
    Some(about(
        event,
        TRACKING,
        json!({
            "ordersn": order,
            "forder_id": known.package?.to_string(),
            "package_number": format!("OFG{}", known.package?),
            "tracking_no": known.tracking,
        }),
    ))
}

fn returned(world: &World, event: &Event, order: &str, id: u64) -> Option<Value> {
    let known = world.shop(event.shop)?.returns.get(&id)?;
    Some(about(
        event,
        RETURNS,
        json!({
            "order_sn": order,
            "return_sn": id.to_string(),
            "updated_values": [{
                "update_field": "return_status",
                "new_value": wording::return_status(known.status),
                "update_time": seconds(known.updated),
            }],
        }),
    ))
}

fn reserved(world: &World, event: &Event, item: u64, variant: u64, old: i64, new: i64) -> Option<Value> {
    let (page, known) = world.shop(event.shop)?.variant(variant)?;
    Some(about(
        event,
        RESERVED_STOCK,
        json!({
            "shop_id": event.shop.account,
            "item_id": item,
            "variation_id": wording::model_id(page, known),
            "action": if new > old { "place_order" } else { "cancel_order" },
            "ordersn": "",
            "promotion_type": "campaign",
            "promotion_id": 1,
            "update_time": seconds(event.at),
            "changed_values": [{"name": "reserved_stock", "old": old, "new": new}],
        }),
    ))
}

/// The earliest messages that were lost; `data` is the text of the whole message.
pub(super) fn get_lost_push_message(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let lost = visit.hub.outbox.lost(Market::Shopee, KEPT);
    let page = &lost[..lost.len().min(MOST)];
    let list: Vec<Value> = page
        .iter()
        .map(|lost| {
            let ShopKey { account, .. } = lost.shop;
            json!({
                "shop_id": account,
                "code": lost.message["code"],
                "timestamp": lost.message["timestamp"],
                "data": lost.message.to_string(),
            })
        })
        .collect();
    Ok(Reply::Wrapped(json!({
        "push_message_list": list,
        "has_next_page": lost.len() > page.len(),
        "last_message_id": page.last().map_or(0, |last| last.id),
    })))
}

/// What was lost up to this message has been taken note of.
pub(super) fn confirm_lost(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let body = visit.call.json().ok_or_else(|| Refusal::parameter("The body is no JSON."))?;
    let last = whole(&body["last_message_id"]);
    let last = last.ok_or_else(|| Refusal::parameter("last_message_id is required."))?;
    visit.hub.outbox.confirm_lost(Market::Shopee, last);
    Ok(Reply::Wrapped(json!({})))
}
