//! Packages: every order that may be shipped has one, which holds all of its units.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Order, OrderFault, Status};

use super::orders::{descending, sorted_by_update, within};
use super::reply::Refusal;
use super::routes::Visit;
use super::shop::{CARRIER, DELIVERY_OPTION};
use super::{pages, seconds};

/// The number of a package is that of its order and this.
const OFFSET: u64 = 575_000_000_000_000_000;

/// The package of an order; none before it may be shipped.
pub(super) fn number(order: &Order) -> Option<u64> {
    if order.status() == Status::Unpaid || order.on_hold {
        return None;
    }
    // Of an order that was cancelled before it was ever paid there is none either.
    let paid = order.cod || order.paid_at.is_some();
    order.id.parse::<u64>().ok().filter(|_| paid).map(|id| id + OFFSET)
}

pub(super) fn status_of_unit(status: Status) -> &'static str {
    match status {
        Status::Unpaid | Status::Paid => "TO_FULFILL",
        Status::Packed | Status::Ready => "PROCESSING",
        Status::Shipped => "FULFILLING",
        Status::Delivered | Status::Completed | Status::Returned => "COMPLETED",
        Status::Cancelled => "CANCELLED",
    }
}

/// The order in this package.
fn order<'a>(visit: &'a Visit<'_>, package: &str) -> Result<&'a Order, Refusal> {
    let shop = visit.shop()?;
    let id = package.parse::<u64>().ok().and_then(|number| number.checked_sub(OFFSET));
    let order = id.and_then(|id| shop.orders.get(&id.to_string())).filter(|order| number(order).is_some());
    order.ok_or_else(|| {
        Refusal::business(21_008_111, "The order or package does not belong to the current seller.")
    })
}

/// `GET /fulfillment/202309/packages/{}`.
pub(super) fn detail(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let order = order(visit, visit.id())?;
    let row = row(order);
    let mut body = json!({
        "package_id": row["id"], "package_status": row["status"], "has_multi_skus": order.lines.len() > 1,
        "shipping_type": "TIKTOK", "delivery_option_id": DELIVERY_OPTION,
        "delivery_option_name": "Standard Shipping", "handover_method": "PICKUP",
    });
    for name in [
        "orders",
        "create_time",
        "update_time",
        "tracking_number",
        "shipping_provider_name",
        "order_line_item_ids",
    ] {
        body[name] = row[name].clone();
    }
    Ok(body)
}

fn row(order: &Order) -> Value {
    let skus: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({
                "id": line.variant.to_string(), "name": line.options.join(", "), "quantity": line.quantity(),
            })
        })
        .collect();
    let units: Vec<String> = order.units().map(|(_, unit)| unit.id.to_string()).collect();
    json!({
        "id": number(order).map(|number| number.to_string()),
        "orders": [{ "id": order.id, "skus": skus }],
        "status": status_of_unit(order.status()),
        "create_time": seconds(order.created),
        "update_time": seconds(order.updated),
        "tracking_number": order.tracking.clone().unwrap_or_default(),
        "shipping_provider_name": order.carrier.clone().unwrap_or_default(),
        "shipping_provider_id": CARRIER,
        "order_line_item_ids": units,
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    create_time_ge: Option<i64>,
    create_time_lt: Option<i64>,
    update_time_ge: Option<i64>,
    update_time_lt: Option<i64>,
    package_status: Option<String>,
}

/// `POST /fulfillment/202309/packages/search`.
pub(super) fn search(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let size = pages::size(visit.number("page_size")?, 20, 50);
    let size = size.ok_or_else(|| Refusal::parameter("`page_size` must be between 1 and 50."))?;
    let search: Search = visit.body()?;
    let by_update = sorted_by_update(visit, "create_time")?;
    let descending = descending(visit, true)?;
    let shop = visit.shop()?;
    let wanted = search.package_status.as_deref();
    let orders = shop.orders.values().filter(|order| {
        number(order).is_some()
            && wanted.is_none_or(|wanted| wanted == status_of_unit(order.status()))
            && within(seconds(order.created), search.create_time_ge, search.create_time_lt)
            && within(seconds(order.updated), search.update_time_ge, search.update_time_lt)
    });
    let key = |order: &&Order| (if by_update { order.updated } else { order.created }, order.id.clone());
    let page = pages::page(orders.collect(), key, descending, visit.call.query("page_token"), size)?;
    let packages: Vec<Value> = page.rows.iter().map(|order| row(order)).collect();
    Ok(json!({ "packages": packages, "total_count": page.total, "next_page_token": page.next }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Ship {
    handover_method: Option<String>,
    self_shipment: Option<SelfShipment>,
}

#[derive(Debug, Deserialize)]
struct SelfShipment {
    tracking_number: String,
    shipping_provider_id: String,
}

/// `POST /fulfillment/202309/packages/{}/ship`: the seller arranges the shipment.
pub(super) fn ship(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let ship: Ship = visit.body()?;
    if ship.handover_method.as_deref().is_some_and(|method| !matches!(method, "PICKUP" | "DROP_OFF")) {
        return Err(Refusal::business(11_001_002, "invalid param."));
    }
    let order = {
        let order = unshipped(visit)?;
        may_ship(order)?;
        order.id.clone()
    };
    if let Some(own) = &ship.self_shipment {
        set_tracking(visit, &order, &own.tracking_number, &own.shipping_provider_id)?;
    }
    visit.world.pack(visit.shop, &order, None, visit.now).map_err(|fault| refused(&fault))?;
    Ok(json!({}))
}

/// The order of a package, which may have no package yet because it is held back or not paid.
fn unshipped<'a>(visit: &'a Visit<'_>) -> Result<&'a Order, Refusal> {
    let id = visit.id().parse::<u64>().ok().and_then(|number| number.checked_sub(OFFSET));
    let found = id.and_then(|id| visit.shop().ok()?.orders.get(&id.to_string()));
    found.ok_or_else(|| {
        Refusal::business(21_008_111, "The order or package does not belong to the current seller.")
    })
}

fn may_ship(order: &Order) -> Result<(), Refusal> {
    if order.on_hold || order.status() == Status::Unpaid {
        let message = "The order is on hold and cannot be shipped yet.";
        return Err(Refusal::business(21_011_044, message));
    }
    if order.cancel_asked.is_some() {
        let message = "Package item has after-sale request, please process the after-sale request first.";
        return Err(Refusal::business(21_008_044, message));
    }
    match order.status() {
        Status::Paid => Ok(()),
        status => Err(refused(&OrderFault::WrongStatus(status))),
    }
}

fn refused(fault: &OrderFault) -> Refusal {
    match fault {
        OrderFault::WrongStatus(Status::Cancelled) => {
            Refusal::business(21_011_041, "Cannot complete the operation when order is cancelled. ")
        }
        OrderFault::WrongStatus(Status::Delivered | Status::Completed | Status::Returned) => {
            Refusal::business(21_011_027, "Package has already been delivered.")
        }
        OrderFault::WrongStatus(_) => Refusal::business(21_011_040, "Package has already been shipped."),
        _ => Refusal::business(21_008_111, "The order or package does not belong to the current seller."),
    }
}

/// The seller's own carrier gives the number.
fn set_tracking(visit: &mut Visit<'_>, order: &str, tracking: &str, carrier: &str) -> Result<(), Refusal> {
    if tracking.is_empty() || carrier != CARRIER {
        let message = "Invalid tracking number or provider ID. Please double check and try again.";
        return Err(Refusal::business(21_011_022, message));
    }
    let order = visit.world.shop_mut(visit.shop).and_then(|shop| shop.orders.get_mut(order));
    if let Some(order) = order {
        order.tracking = Some(tracking.to_owned());
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct MarkShipped {
    #[serde(default)]
    order_line_item_ids: Vec<String>,
    tracking_number: String,
    shipping_provider_id: String,
}

/// `POST /fulfillment/202309/orders/{}/packages`: the seller's own carrier has taken it.
pub(super) fn mark_shipped(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let mark: MarkShipped = visit.body()?;
    let id = visit.id().to_owned();
    let unknown = || refused(&OrderFault::NoSuchOrder);
    let units = {
        let order = visit.shop()?.orders.get(&id).ok_or_else(unknown)?;
        may_ship(order)?;
        let ids: Result<Vec<u64>, _> = mark.order_line_item_ids.iter().map(|id| id.parse()).collect();
        let ids = ids.map_err(|_| unknown())?;
        let there = |id: &u64| order.units().any(|(_, unit)| unit.id == *id && unit.status == Status::Paid);
        if !ids.iter().all(there) {
            return Err(Refusal::business(21_011_029, "order does not belong to fulfill unit"));
        }
        ids
    };
    set_tracking(visit, &id, &mark.tracking_number, &mark.shipping_provider_id)?;
    let named = if units.is_empty() { None } else { Some(units.as_slice()) };
    let (shop, now) = (visit.shop, visit.now);
    visit.world.pack(shop, &id, named, now).map_err(|fault| refused(&fault))?;
    visit.world.ship(shop, &id, named, now).map_err(|fault| refused(&fault))?;
    let order = visit.shop()?.orders.get(&id).ok_or_else(unknown)?;
    Ok(json!({
        "order_id": id,
        "order_line_item_ids": mark.order_line_item_ids,
        "package_id": number(order).map(|number| number.to_string()),
    }))
}

/// `GET /fulfillment/202309/orders/{}/tracking`: the latest first.
pub(super) fn tracking(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let shop = visit.shop()?;
    let order = shop.orders.get(visit.id()).ok_or_else(|| refused(&OrderFault::NoSuchOrder))?;
    let mut steps = Vec::new();
    if order.status() >= Status::Delivered && order.status() != Status::Cancelled {
        steps.push(
            json!({ "description": "Your package was delivered!", "update_time_millis": order.updated }),
        );
    }
    if let Some(shipped) = order.shipped_at {
        steps.push(json!({ "description": "Your package was collected.", "update_time_millis": shipped }));
    }
    if order.tracking.is_some() {
        let at = order.shipped_at.unwrap_or(order.updated);
        steps.push(
            json!({ "description": "The seller is preparing your package.", "update_time_millis": at }),
        );
    }
    Ok(json!({ "tracking": steps }))
}
