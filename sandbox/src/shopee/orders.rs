//! Reading orders, and the seller's part in cancelling them.

use serde_json::{Value, json};

use super::products::number;
use super::reply::{Refusal, Reply};
use super::{Visit, seconds, wording};
use crate::world::{Actor, Kept, Line, Order, OrderFault, Shop, ShopKey, Status, World};

/// A list looks at no more than 15 days.
const LONGEST_SPAN: i64 = 15 * 86_400;
const MOST_ORDERS: usize = 50;

const STATUSES: [&str; 12] = [
    "UNPAID",
    "READY_TO_SHIP",
    "PROCESSED",
    "RETRY_SHIP",
    "SHIPPED",
    "TO_CONFIRM_RECEIVE",
    "COMPLETED",
    "IN_CANCEL",
    "CANCELLED",
    "TO_RETURN",
    "INVOICE_PENDING",
    "PENDING",
];

pub(super) fn get_order_list(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let by_update = match visit.call.query("time_range_field") {
        Some("update_time") => true,
        Some("create_time") => false,
        _ => return Err(Refusal::parameter("time_range_field is create_time or update_time.")),
    };
    let needed =
        |name: &str| number(visit, name)?.ok_or_else(|| Refusal::parameter(&format!("{name} is required.")));
    let (from, to, size) = (needed("time_from")?, needed("time_to")?, needed("page_size")?);
    if from > to || to - from > LONGEST_SPAN {
        return Err(Refusal::new(
            "order.order_list_invalid_time",
            "Start time must be earlier than end time and differ by at most 15 days.",
        ));
    }
    if !(1..=100).contains(&size) {
        return Err(Refusal::parameter("page_size is from 1 to 100."));
    }
    let pending = flag(visit, "request_order_status_pending");
    let wanted = visit.call.query("order_status").filter(|status| !status.is_empty());
    if wanted.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Refusal::parameter("Invalid order_status."));
    }
    let cursor = cursor(visit.call.query("cursor").unwrap_or_default())?;
    let with_status = asked(visit).contains(&"order_status");
    visit.hub.in_shop(key, |world, _| {
        let shop = found(world, key)?;
        let at = |order: &Order| if by_update { order.updated } else { order.created };
        // Looks at every unit of the order, so only where it is asked for.
        let status = |order: &Order| wording::order_status(world, key, order, pending);
        let mut hits: Vec<(i64, &Order)> = shop
            .orders
            .values()
            .filter(|order| (from..=to).contains(&seconds(at(order))))
            .map(|order| (at(order), order))
            .filter(|(at, order)| cursor.as_ref().is_none_or(|(time, sn)| (*at, &order.id) > (*time, sn)))
            .filter(|(_, order)| wanted.is_none_or(|wanted| wanted == status(order)))
            .collect();
        hits.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
        let more = hits.len() > size as usize;
        hits.truncate(size as usize);
        let next = if more { hits.last().map(|(at, order)| format!("{at}.{}", order.id)) } else { None };
        let list: Vec<Value> = hits
            .iter()
            .map(|(_, order)| {
                let mut told = json!({"order_sn": order.id, "booking_sn": ""});
                if with_status {
                    told["order_status"] = json!(status(order));
                }
                told
            })
            .collect();
        Ok(Reply::Wrapped(json!({"more": more, "next_cursor": next.unwrap_or_default(), "order_list": list})))
    })
}

pub(super) fn get_order_detail(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let list = visit.call.query("order_sn_list").unwrap_or_default();
    let wanted: Vec<&str> = list.split(',').map(str::trim).filter(|sn| !sn.is_empty()).collect();
    if wanted.is_empty() || wanted.len() > MOST_ORDERS {
        return Err(Refusal::parameter("order_sn_list has from 1 to 50 orders."));
    }
    let pending = flag(visit, "request_order_status_pending");
    let fields = asked(visit);
    visit.hub.in_shop(key, |world, _| {
        let shop = found(world, key)?;
        let known: Vec<Value> = wanted
            .iter()
            .filter_map(|sn| shop.orders.get(*sn))
            .map(|order| detail(world, shop, order, pending, &fields))
            .collect();
        if known.is_empty() {
            return Err(Refusal::new("order.error_not_found", "The order is not found."));
        }
        Ok(Reply::Wrapped(json!({"order_list": known})))
    })
}

/// The few fields that always come, and those that were asked for.
fn detail(world: &World, shop: &Shop, order: &Order, pending: bool, fields: &[&str]) -> Value {
    let status = wording::order_status(world, shop.key(), order, pending);
    let mut told = json!({
        "order_sn": order.id,
        "region": shop.region,
        "currency": shop.currency,
        "cod": order.cod,
        "order_status": status,
        "pending_terms": if status == "PENDING" { json!(["SYSTEM_PENDING"]) } else { json!([]) },
        "create_time": seconds(order.created),
        "update_time": seconds(order.updated),
        "days_to_ship": 2,
        "ship_by_date": order.paid_at.map_or(0, |paid| seconds(paid) + 2 * 86_400),
        "message_to_seller": "",
        "reverse_shipping_fee": 0,
    });
    for field in fields {
        if let Some(value) = optional(world, shop, order, field) {
            told[*field] = value;
        }
    }
    told
}

fn optional(world: &World, shop: &Shop, order: &Order, field: &str) -> Option<Value> {
    let cancellation = order.cancelled.as_ref();
    let asked = order.cancel_asked.as_ref();
    Some(match field {
        "buyer_username" => json!(order.buyer),
        "buyer_user_id" => {
            json!(order.buyer.bytes().fold(7_u64, |sum, byte| sum * 31 % 900_000_001 + u64::from(byte)))
        }
        "item_list" => {
            let back = world.open_return(shop.key(), &order.id);
            let back = back.map(|open| open.units.as_slice()).unwrap_or_default();
            order.lines.iter().map(|line| item_of(shop, order, line, back)).collect()
        }
        // Absent becomes 0 here, as with other times of the marketplace.
        "pay_time" => json!(order.paid_at.map_or(0, seconds)),
        "total_amount" => wording::money(order.total()),
        "cancel_by" => json!(cancellation.map_or("", |known| actor(known.by))),
        "cancel_reason" => json!(cancellation.map_or("", |known| known.reason.as_str())),
        "buyer_cancel_reason" => {
            let by_buyer = cancellation.filter(|known| known.by == Actor::Buyer);
            json!(asked.or(by_buyer).map_or("", |known| known.reason.as_str()))
        }
        "package_list" => order.package.map_or_else(|| json!([]), |package| json!([parcel(order, package)])),
        "shipping_carrier" => json!(order.carrier.as_deref().unwrap_or("")),
        "checkout_shipping_carrier" => json!("Standard Delivery"),
        "payment_method" => json!(if order.cod { "Cash on Delivery" } else { "Credit Card" }),
        "recipient_address" => {
            json!({"name": "A***", "phone": "******12", "full_address": "******", "region": shop.region})
        }
        "note" | "dropshipper" | "invoice_data" => json!(""),
        "pickup_done_time" => json!(order.shipped_at.map_or(0, seconds)),
        "actual_shipping_fee" | "estimated_shipping_fee" => json!(0),
        "fulfillment_flag" => {
            // Orders are made of goods of one kind: what is kept by Shopee is sent by Shopee.
            let kept = |line: &Line| shop.items.get(&line.item).and_then(|item| item.kept);
            let by_shopee = order.lines.iter().all(|line| kept(line) == Some(Kept::Warehouse));
            json!(if by_shopee { "fulfilled_by_shopee" } else { "fulfilled_by_local_seller" })
        }
        _ => return None,
    })
}

fn item_of(shop: &Shop, order: &Order, line: &Line, coming_back: &[u64]) -> Value {
    let parent = shop.items.get(&line.item).map_or("", |item| item.seller_sku.as_str());
    let (cancelled, returned) = (line.in_status(Status::Cancelled), line.in_status(Status::Returned));
    let asked = if order.cancel_asked.is_some() { line.quantity() - cancelled } else { 0 };
    let back = line.units.iter().filter(|unit| coming_back.contains(&unit.id)).count();
    json!({
        "item_id": line.item,
        "item_name": line.title,
        "item_sku": parent,
        "model_id": wording::line_model_id(line),
        "model_name": line.options.join(","),
        "model_sku": if line.options.is_empty() { "" } else { line.seller_sku.as_str() },
        "model_quantity_purchased": line.quantity(),
        "model_original_price": wording::money(line.price),
        "model_discounted_price": wording::money(line.price),
        "wholesale": false,
        "weight": 0.3,
        "add_on_deal": false,
        "main_item": false,
        "add_on_deal_id": 0,
        "promotion_type": "",
        "promotion_id": 0,
        "promotion_group_id": 0,
        "order_item_id": line.item,
        "line_item_id": line.units.first().map(|unit| unit.id),
        "is_prescription_item": false,
        "product_location_id": [],
        "active_qty": line.quantity() - cancelled - returned,
        "cancel_requested_qty": asked,
        "cancelled_qty": cancelled,
        "return_requested_qty": back,
        "returned_qty": returned,
    })
}

fn parcel(order: &Order, package: u64) -> Value {
    let items: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "item_id": line.item,
                "model_id": wording::line_model_id(line),
                "model_quantity": line.quantity() - line.in_status(Status::Cancelled),
                "product_location_id": "",
            })
        })
        .collect();
    let status = match order.status() {
        Status::Unpaid | Status::Paid => "LOGISTICS_READY",
        Status::Packed | Status::Ready => "LOGISTICS_REQUEST_CREATED",
        Status::Shipped => "LOGISTICS_PICKUP_DONE",
        Status::Cancelled => "LOGISTICS_REQUEST_CANCELED",
        _ => "LOGISTICS_DELIVERY_DONE",
    };
    json!({
        "package_number": format!("OFG{package}"),
        "logistics_status": status,
        "logistics_channel_id": 18_055,
        "shipping_carrier": order.carrier,
        "item_list": items,
    })
}

/// The seller cancels: a reason of four, and for want of stock the items that are missing.
pub(super) fn cancel_order(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let body = visit.call.json().ok_or_else(|| Refusal::parameter("The body is no JSON."))?;
    let order = order_sn(&body)?;
    let reason = body["cancel_reason"].as_str().unwrap_or_default();
    if !["OUT_OF_STOCK", "CUSTOMER_REQUEST", "UNDELIVERABLE_AREA", "COD_NOT_SUPPORTED"].contains(&reason) {
        return Err(Refusal::parameter("Invalid cancel_reason."));
    }
    let names_items = body["item_list"].as_array().is_some_and(|list| !list.is_empty());
    if reason == "OUT_OF_STOCK" && !names_items {
        return Err(Refusal::parameter("item_list is required when the cancel_reason is OUT_OF_STOCK."));
    }
    change(visit, order, |world, key, now| {
        let status = world.order(key, order)?.status();
        // Once the parcel is arranged it is too late.
        if !matches!(status, Status::Unpaid | Status::Paid) {
            return Err(OrderFault::WrongStatus(status));
        }
        world.cancel(key, order, None, Actor::Seller, reason, now)
    })
}

/// The seller answers a buyer who wants to cancel.
pub(super) fn handle_buyer_cancellation(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let body = visit.call.json().ok_or_else(|| Refusal::parameter("The body is no JSON."))?;
    let order = order_sn(&body)?;
    let agree = match body["operation"].as_str() {
        Some("ACCEPT") => true,
        Some("REJECT") => false,
        _ => return Err(Refusal::parameter("operation is ACCEPT or REJECT.")),
    };
    change(visit, order, |world, key, now| world.answer_cancel(key, order, agree, now))
}

fn change(
    visit: &Visit<'_>,
    order: &str,
    work: impl FnOnce(&mut World, ShopKey, i64) -> Result<(), OrderFault>,
) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    visit.hub.in_shop(key, |world, now| {
        work(world, key, now).map_err(refuse)?;
        let updated = world.order(key, order).map_err(refuse)?.updated;
        Ok(Reply::Wrapped(json!({"update_time": seconds(updated)})))
    })
}

pub(super) fn refuse(fault: OrderFault) -> Refusal {
    match fault {
        OrderFault::NoSuchOrder | OrderFault::NoSuchShop => {
            Refusal::new("order.error_not_found", "The order is not found.")
        }
        _ => Refusal::new("order.error_status", "The status of the order does not allow this."),
    }
}

pub(super) fn order_sn(body: &Value) -> Result<&str, Refusal> {
    body["order_sn"].as_str().ok_or_else(|| Refusal::parameter("order_sn is required."))
}

pub(super) fn found(world: &World, key: ShopKey) -> Result<&Shop, Refusal> {
    world.shop(key).ok_or_else(|| Refusal::new("error_not_found", "There is no such shop."))
}

fn actor(by: Actor) -> &'static str {
    match by {
        Actor::Buyer => "buyer",
        Actor::Seller => "seller",
        Actor::System => "system",
    }
}

fn flag(visit: &Visit<'_>, name: &str) -> bool {
    visit.call.query(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

fn asked<'a>(visit: &'a Visit<'_>) -> Vec<&'a str> {
    let fields = visit.call.query("response_optional_fields").unwrap_or_default();
    fields.split(',').map(str::trim).collect()
}

/// Where the page before ended: its last time and order. Callers are not to look into it.
fn cursor(text: &str) -> Result<Option<(i64, String)>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('.').and_then(|(at, sn)| Some((at.parse().ok()?, sn.to_owned())));
    parts.map(Some).ok_or_else(|| Refusal::parameter("Invalid cursor."))
}
