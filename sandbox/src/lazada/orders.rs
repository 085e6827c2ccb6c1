//! Orders and their items. One item is one unit; the status is the item's, and an order has the set of those of its items.

use serde_json::{Value, json};

use crate::world::{Actor, Line, Millis, Order, ReturnStatus, Shop, Status, Unit};

use super::products::shop_sku;
use super::reply::Refusal;
use super::routes::Visit;
use super::seller::WAREHOUSE;
use super::{amount, fulfilment, money, parameters, times};

/// By what the list may be narrowed. An item may have a status that is not among them.
const STATUSES: [&str; 20] = [
    "unpaid",
    "pending",
    "packed",
    "canceled",
    "ready_to_ship",
    "delivered",
    "returned",
    "shipped",
    "failed",
    "topack",
    "toship",
    "shipping",
    "lost",
    "lost_by_3pl",
    "damaged_by_3pl",
    "failed_delivery",
    "shipped_back",
    "shipped_back_success",
    "shipped_back_failed",
    "package_scrapped",
];

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Unpaid => "unpaid",
        // Paid, and to be packed: not a payment that is pending.
        Status::Paid => "pending",
        Status::Packed => "packed",
        Status::Ready => "ready_to_ship",
        Status::Shipped => "shipped",
        Status::Delivered | Status::Completed => "delivered",
        Status::Cancelled => "canceled",
        Status::Returned => "returned",
    }
}

fn statuses(order: &Order) -> Vec<&'static str> {
    let mut all: Vec<&str> = Vec::new();
    for (_, unit) in order.units() {
        let status = status(unit.status);
        if !all.contains(&status) {
            all.push(status);
        }
    }
    all
}

/// The bounds of the list. Both ends belong to it.
struct Bounds {
    created: (Option<Millis>, Option<Millis>),
    updated: (Option<Millis>, Option<Millis>),
}

impl Bounds {
    fn of(visit: &Visit<'_>) -> Result<Bounds, Refusal> {
        let time = |name: &str| match visit.get(name) {
            None => Ok(None),
            Some(text) => times::read(text)
                .map(Some)
                .ok_or_else(|| Refusal::caller("17", format!("E017: “{text}” Invalid Date Format"))),
        };
        let bounds = Bounds {
            created: (time("created_after")?, time("created_before")?),
            updated: (time("update_after")?, time("update_before")?),
        };
        if bounds.created.0.is_none() && bounds.updated.0.is_none() {
            return Err(Refusal::missing("update_after"));
        }
        Ok(bounds)
    }

    fn hold(&self, order: &Order) -> bool {
        let within = |at: Millis, (after, before): (Option<Millis>, Option<Millis>)| {
            let at = at.div_euclid(1_000);
            after.is_none_or(|after| at >= after.div_euclid(1_000))
                && before.is_none_or(|before| at <= before.div_euclid(1_000))
        };
        within(order.created, self.created) && within(order.updated, self.updated)
    }
}

/// `/orders/get`.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let said = |name: &str| visit.get(name).unwrap_or_default();
    let offset = visit
        .number("offset", 0, 5_000)
        .ok_or_else(|| Refusal::caller("14", format!("E014: “{}” Invalid Offset", said("offset"))))?;
    let limit = visit.number("limit", 100, 100).filter(|limit| *limit > 0);
    let limit =
        limit.ok_or_else(|| Refusal::caller("19", format!("E019: “{}” Invalid Limit", said("limit"))))?;
    let wanted = visit.get("status");
    if wanted.is_some_and(|wanted| !STATUSES.contains(&wanted)) {
        return Err(Refusal::caller("36", "E036: Invalid status filter"));
    }
    let by_update = match visit.get("sort_by").unwrap_or("created_at") {
        "created_at" => false,
        "updated_at" => true,
        _ => return Err(Refusal::caller("75", "E075: Invalid sort filter.")),
    };
    let descending = match visit.get("sort_direction").unwrap_or("DESC").to_uppercase().as_str() {
        "DESC" => true,
        "ASC" => false,
        _ => return Err(Refusal::caller("74", "E074: Invalid sort direction.")),
    };
    let bounds = Bounds::of(visit)?;
    let shop = visit.shop()?;
    let mut orders: Vec<&Order> = shop
        .orders
        .values()
        .filter(|order| bounds.hold(order))
        .filter(|order| wanted.is_none_or(|wanted| statuses(order).contains(&wanted)))
        .collect();
    orders.sort_by_key(|order| (if by_update { order.updated } else { order.created }, &order.id));
    if descending {
        orders.reverse();
    }
    let total = orders.len();
    let page: Vec<Value> = orders
        .into_iter()
        .skip(offset)
        .take(limit)
        .map(|order| {
            // In the list the ids are texts, in the single order they are numbers.
            let mut row = row(shop, order);
            row["order_id"] = json!(order.id);
            row["order_number"] = json!(order.id);
            row
        })
        .collect();
    let mut data = json!({ "count": page.len(), "countTotal": total });
    data["orders"] = Value::Array(page);
    Ok(answer(data))
}

/// `/order/get`.
pub(super) fn one(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    let order = known(shop, visit.mandatory("order_id")?)?;
    Ok(answer(row(shop, order)))
}

/// `/order/items/get`.
pub(super) fn items(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    let order = known(shop, visit.mandatory("order_id")?)?;
    let items = order.units().map(|(line, unit)| {
        let mut item = item(shop, order, line, unit);
        item["order_id"] = json!(order.id);
        item
    });
    Ok(answer(items.collect()))
}

/// `/orders/items/get`: of up to 50 orders.
pub(super) fn items_of_many(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let ids = parameters::list(visit.mandatory("order_ids")?).ok_or_else(|| {
        Refusal::caller("56", "E056: Invalid OrdersIdList format. Must use array format [1,2]")
    })?;
    if ids.len() > 50 {
        return Err(Refusal::caller("38", "E038: Too many orders were requested"));
    }
    let shop = visit.shop()?;
    let orders: Vec<&Order> = ids.iter().filter_map(|id| shop.orders.get(id)).collect();
    if orders.is_empty() {
        return Err(Refusal::caller("39", "E039: No orders were found"));
    }
    if orders.len() < ids.len() {
        return Err(Refusal::caller("37", "E037: One or more order id in the list are incorrect"));
    }
    let data = orders.into_iter().map(|order| {
        let mut row = json!({ "order_id": number(&order.id), "order_number": number(&order.id) });
        row["order_items"] = order.units().map(|(line, unit)| item(shop, order, line, unit)).collect();
        row
    });
    Ok(answer(data.collect()))
}

/// Moved into its place: `json!` would copy it, and orders of wholesalers have hundreds of items.
fn answer(data: Value) -> Value {
    let mut answer = json!({});
    answer["data"] = data;
    answer
}

/// The order with this id.
pub(super) fn known<'a>(shop: &'a Shop, id: &str) -> Result<&'a Order, Refusal> {
    shop.orders.get(id).ok_or_else(|| Refusal::caller("16", format!("E016: “{id}” Invalid Order ID")))
}

/// An order's id where it is a number.
pub(super) fn number(id: &str) -> u64 {
    id.parse().unwrap_or_default()
}

fn row(shop: &Shop, order: &Order) -> Value {
    json!({
        "order_id": number(&order.id),
        "order_number": number(&order.id),
        "statuses": statuses(order),
        "items_count": order.units().count(),
        "created_at": times::written(order.created, &shop.region),
        "updated_at": times::written(order.updated, &shop.region),
        "warehouse_code": WAREHOUSE,
        "payment_method": if order.cod { "COD" } else { "MIXEDCARD" },
        "price": money(order.total(), &shop.currency),
        "shipping_fee": "0.00",
        "voucher": "0.00",
        "voucher_code": "",
        "customer_first_name": order.buyer,
        "customer_last_name": "",
        "gift_option": false,
        "gift_message": "",
        "remarks": "",
        "delivery_info": "",
        "national_registration_number": "",
        "promised_shipping_times": "",
        "branch_number": "",
        "tax_code": "",
        "buyer_note": "",
        "extra_attributes": "{}",
        "need_cancel_confirm": order.cancel_asked.is_some(),
        "is_cancel_pending": false,
        "address_shipping": address(shop, order),
        "address_billing": address(shop, order),
    })
}

fn address(shop: &Shop, order: &Order) -> Value {
    json!({
        "first_name": order.buyer, "last_name": "", "phone": "65********12", "phone2": "",
        "address1": "1 Sandbox Road", "address2": "", "address3": "", "address4": "", "address5": "",
        "city": "", "post_code": "000001", "country": shop.region,
    })
}

fn item(shop: &Shop, order: &Order, line: &Line, unit: &Unit) -> Value {
    let cancelled = order.cancelled.as_ref().filter(|_| unit.status == Status::Cancelled);
    let initiator = cancelled.map_or("", |done| match done.by {
        Actor::Buyer => "cancellation-customer",
        Actor::Seller => "cancellation-seller",
        Actor::System => "cancellation-internal",
    });
    let price = amount(line.price, &shop.currency);
    let mut item = json!({
        "order_item_id": unit.id,
        "order_id": number(&order.id),
        "sku": line.seller_sku,
        "shop_sku": shop_sku(shop, line.item, line.variant),
        "sku_id": line.variant.to_string(),
        "product_id": line.item.to_string(),
        "name": line.title,
        "variation": line.options.join(", "),
        "status": status(unit.status),
        "warehouse_code": WAREHOUSE,
        "currency": shop.currency,
        "paid_price": price,
        "item_price": price,
        "reason": unit.reason.clone().unwrap_or_default(),
        "reason_detail": "",
        "cancel_return_initiator": initiator,
        "return_status": returned(shop, unit),
        "order_type": "Normal",
        "order_flag": "NORMAL",
        "is_fbl": "0",
        "is_digital": 0,
        "created_at": times::written(order.created, &shop.region),
        "updated_at": times::written(unit.updated, &shop.region),
    });
    let more = item_shipping(shop, order, unit);
    if let (Some(item), Value::Object(more)) = (item.as_object_mut(), more) {
        item.extend(more);
    }
    item
}

/// The fields of an item that are about its parcel, its buyer and what does not happen here.
fn item_shipping(shop: &Shop, order: &Order, unit: &Unit) -> Value {
    let packed = order.package.filter(|_| unit.status > Status::Paid && unit.status != Status::Cancelled);
    json!({
        "delivery_option_sof": 0,
        "shipping_type": "Dropshipping",
        "shipping_provider_type": "standard",
        "package_id": packed.map(fulfilment::package_id).unwrap_or_default(),
        "tracking_code": packed.and(order.tracking.clone()).unwrap_or_default(),
        "shipment_provider": packed.and(order.carrier.clone()).unwrap_or_default(),
        "buyer_id": order.buyer,
        "shop_id": shop.name,
        "tax_amount": 0.0,
        "shipping_amount": 0.0,
        "voucher_amount": 0.0,
        "invoice_number": "",
        "purchase_order_id": "",
        "purchase_order_number": "",
        "payment_time": order.paid_at,
        "need_cancel_confirm": order.cancel_asked.is_some(),
        "is_cancel_pending": false,
        "reverse_order_id": order.cancel_asked.as_ref().map(|asked| asked.id),
        "extra_attributes": "{}",
    })
}

fn returned(shop: &Shop, unit: &Unit) -> &'static str {
    let there = shop.returns.values().rev().find(|known| known.units.contains(&unit.id));
    there.map_or("", |known| match known.status {
        ReturnStatus::Asked | ReturnStatus::Agreed => "REQUEST_INITIATE",
        ReturnStatus::Done => "REFUND_SUCCESS",
        ReturnStatus::Refused => "REQUEST_REJECT",
    })
}
