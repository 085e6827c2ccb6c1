//! Orders. One line item is one unit; the status is the order's.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::world::{Actor, Line, Order, Shop, Status, Unit};

use super::reply::Refusal;
use super::routes::Visit;
use super::shop::{CARRIER, DELIVERY_OPTION};
use super::{money, packages, pages, seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    order_status: Option<String>,
    create_time_ge: Option<i64>,
    create_time_lt: Option<i64>,
    update_time_ge: Option<i64>,
    update_time_lt: Option<i64>,
    shipping_type: Option<String>,
    buyer_user_id: Option<String>,
    is_buyer_request_cancel: Option<bool>,
    warehouse_ids: Vec<String>,
}

impl Search {
    fn wants(&self, shop: &Shop, order: &Order) -> bool {
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        within(seconds(order.created), self.create_time_ge, self.create_time_lt)
            && within(seconds(order.updated), self.update_time_ge, self.update_time_lt)
            && self.order_status.as_deref().is_none_or(|wanted| wanted == status(order))
            && is(&self.shipping_type, "TIKTOK")
            && is(&self.buyer_user_id, &order.buyer)
            && self.is_buyer_request_cancel.is_none_or(|asked| asked == order.cancel_asked.is_some())
            && (self.warehouse_ids.is_empty() || self.warehouse_ids.contains(&shop.warehouse.to_string()))
    }
}

/// From `ge` on and before `lt`.
pub(super) fn within(at: i64, ge: Option<i64>, lt: Option<i64>) -> bool {
    ge.is_none_or(|ge| at >= ge) && lt.is_none_or(|lt| at < lt)
}

/// `POST /order/202309/orders/search`.
pub(super) fn search(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let size = pages::size(visit.number("page_size")?, 20, 100);
    let size = size.ok_or_else(|| Refusal::parameter("`page_size` must be between 1 and 100."))?;
    let search: Search = visit.body()?;
    if search.order_status.as_deref().is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Refusal::parameter("`order_status` is unknown."));
    }
    let by_update = sorted_by_update(visit, "create_time")?;
    let descending = descending(visit, true)?;
    let shop = visit.shop()?;
    let orders: Vec<&Order> = shop.orders.values().filter(|order| search.wants(shop, order)).collect();
    let key = |order: &&Order| (if by_update { order.updated } else { order.created }, order.id.clone());
    let page = pages::page(orders, key, descending, visit.call.query("page_token"), size)?;
    let orders: Vec<Value> = page.rows.iter().map(|order| row(shop, order)).collect();
    let mut answer = json!({ "next_page_token": page.next, "total_count": page.total });
    answer["orders"] = Value::Array(orders);
    Ok(answer)
}

/// Whether a list is to be sorted by `update_time`.
pub(super) fn sorted_by_update(visit: &Visit<'_>, default: &str) -> Result<bool, Refusal> {
    match visit.call.query("sort_field").unwrap_or(default) {
        "create_time" => Ok(false),
        "update_time" => Ok(true),
        _ => Err(Refusal::parameter("`sort_field` is unknown.")),
    }
}

/// Whether a list is to be sorted the latest first.
pub(super) fn descending(visit: &Visit<'_>, default: bool) -> Result<bool, Refusal> {
    match visit.call.query("sort_order") {
        None => Ok(default),
        Some("ASC") => Ok(false),
        Some("DESC") => Ok(true),
        Some(_) => Err(Refusal::parameter("`sort_order` is unknown.")),
    }
}

/// `GET /order/202507/orders`: up to 50. Those that are not this shop's are left out.
pub(super) fn detail(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let ids: Vec<&str> = visit.call.queries("ids").flat_map(|ids| ids.split(',')).collect();
    let ids: Vec<&str> = ids.into_iter().map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.is_empty() || ids.len() > 50 {
        return Err(Refusal::parameter("`ids` must hold between 1 and 50 order ids."));
    }
    let shop = visit.shop()?;
    let orders = ids.iter().filter_map(|id| shop.orders.get(*id)).map(|order| row(shop, order));
    let mut answer = json!({});
    answer["orders"] = orders.collect();
    Ok(answer)
}

/// What a search may ask for as `order_status`.
const STATUSES: [&str; 9] = [
    "UNPAID",
    "ON_HOLD",
    "AWAITING_SHIPMENT",
    "PARTIALLY_SHIPPING",
    "AWAITING_COLLECTION",
    "IN_TRANSIT",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
];

/// The status of the whole order. A return does not change it.
pub(super) fn status(order: &Order) -> &'static str {
    let status = order.status();
    if status == Status::Paid {
        if order.on_hold {
            return "ON_HOLD";
        }
        let gone = |unit: &Unit| !matches!(unit.status, Status::Unpaid | Status::Paid | Status::Cancelled);
        if order.units().any(|(_, unit)| gone(unit)) {
            return "PARTIALLY_SHIPPING";
        }
    }
    of_unit(status)
}

/// The status that is shown for one unit.
fn of_unit(status: Status) -> &'static str {
    match status {
        Status::Unpaid => "UNPAID",
        Status::Paid => "AWAITING_SHIPMENT",
        Status::Packed | Status::Ready => "AWAITING_COLLECTION",
        Status::Shipped => "IN_TRANSIT",
        Status::Delivered => "DELIVERED",
        Status::Completed | Status::Returned => "COMPLETED",
        Status::Cancelled => "CANCELLED",
    }
}

pub(super) fn actor(by: Actor) -> &'static str {
    match by {
        Actor::Buyer => "BUYER",
        Actor::Seller => "SELLER",
        Actor::System => "SYSTEM",
    }
}

/// Lists are moved into their place: `json!` would copy them, and orders of wholesalers have hundreds of items.
fn row(shop: &Shop, order: &Order) -> Value {
    let status = status(order);
    let package = packages::number(order);
    let items = order.units().map(|(line, unit)| item(shop, order, line, unit, package)).collect();
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("id", json!(order.id));
    put("status", json!(status));
    put("create_time", json!(seconds(order.created)));
    put("update_time", json!(seconds(order.updated)));
    put("user_id", json!(order.buyer));
    put("buyer_message", json!(""));
    put("is_cod", json!(order.cod));
    put("is_on_hold_order", json!(order.on_hold));
    put("is_sample_order", json!(false));
    put("is_replacement_order", json!(false));
    put("is_buyer_request_cancel", json!(order.cancel_asked.is_some()));
    put("fulfillment_type", json!("FULFILLMENT_BY_SELLER"));
    put("shipping_type", json!("TIKTOK"));
    put("delivery_type", json!("HOME_DELIVERY"));
    put("delivery_option_id", json!(DELIVERY_OPTION));
    put("delivery_option_name", json!("Standard Shipping"));
    put("order_type", json!("NORMAL"));
    put("commerce_platform", json!("TIKTOK_SHOP"));
    put("payment_method_name", json!(if order.cod { "Cash on delivery" } else { "Card" }));
    put("warehouse_id", json!(shop.warehouse.to_string()));
    put("payment", payment(shop, order));
    put("line_items", Value::Array(items));
    if let Some(package) = package {
        put("packages", json!([{ "id": package.to_string() }]));
        put("recipient_address", address(shop, order));
    } else {
        // Before it may be shipped there is neither a package nor an address.
        put("packages", json!([]));
    }
    times(order, &mut put);
    if let Some(tracking) = &order.tracking {
        put("tracking_number", json!(tracking));
        put("shipping_provider", json!(order.carrier));
        put("shipping_provider_id", json!(CARRIER));
    }
    Value::Object(fields)
}

/// Times that an order has only once something has happened to it.
fn times(order: &Order, put: &mut impl FnMut(&str, Value)) {
    if let Some(paid) = order.paid_at {
        put("paid_time", json!(seconds(paid)));
    }
    if let Some(shipped) = order.shipped_at {
        put("collection_time", json!(seconds(shipped)));
    }
    if let Some(asked) = &order.cancel_asked {
        put("request_cancel_time", json!(seconds(asked.at)));
    }
    if let Some(done) = &order.cancelled {
        put("cancellation_initiator", json!(actor(done.by)));
        put("cancel_reason", json!(done.reason));
        if order.status() == Status::Cancelled {
            put("cancel_time", json!(seconds(done.at)));
        }
    }
}

fn item(shop: &Shop, order: &Order, line: &Line, unit: &Unit, package: Option<u64>) -> Value {
    let price = money(line.price, &shop.currency);
    let mut item = json!({
        "id": unit.id.to_string(),
        "sku_id": line.variant.to_string(),
        "product_id": line.item.to_string(),
        "seller_sku": line.seller_sku,
        "product_name": line.title,
        "sku_name": line.options.join(", "),
        "sku_type": "NORMAL",
        "display_status": of_unit(unit.status),
        "original_price": price,
        "sale_price": price,
        "platform_discount": "0",
        "seller_discount": "0",
        "currency": shop.currency,
        "is_gift": false,
        "is_dangerous_good": false,
    });
    if let Some(package) = package {
        item["package_id"] = json!(package.to_string());
        item["package_status"] = json!(packages::status_of_unit(unit.status));
    }
    if let Some(tracking) = &order.tracking {
        item["tracking_number"] = json!(tracking);
        item["shipping_provider_name"] = json!(order.carrier);
        item["shipping_provider_id"] = json!(CARRIER);
    }
    if unit.status == Status::Cancelled {
        item["cancel_reason"] = json!(unit.reason);
        item["cancel_user"] = json!(order.cancelled.as_ref().map(|done| actor(done.by)));
    }
    item
}

fn payment(shop: &Shop, order: &Order) -> Value {
    let total = money(order.total(), &shop.currency);
    json!({
        "currency": shop.currency,
        "sub_total": total,
        "total_amount": total,
        "original_total_product_price": total,
        "shipping_fee": "0",
        "original_shipping_fee": "0",
        "seller_discount": "0",
        "platform_discount": "0",
        "tax": "0",
    })
}

fn address(shop: &Shop, order: &Order) -> Value {
    json!({
        "name": order.buyer,
        "phone_number": "(+65)8***1234",
        "full_address": "1 Sandbox Road",
        "address_detail": "1 Sandbox Road",
        "address_line1": "1 Sandbox Road",
        "postal_code": "000001",
        "region_code": shop.region,
        "district_info": [],
    })
}
