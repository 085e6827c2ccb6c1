//! Cancelling: by the seller, and his answer to a buyer who asks for it.

use serde_json::{Value, json};

use crate::world::{Actor, Cause, Order, OrderFault, Status};

use super::orders;
use super::parameters;
use super::reply::Refusal;
use super::routes::Visit;

/// A seller's reasons: number, name, and whether the marketplace takes it as a word on the stock. Of those it sets the SKU's
/// stock to 0 (open.lazada.com, "Order cancellation"). The numbers are the sandbox's own: a client has to ask for them.
const REASONS: [(&str, &str, bool); 4] = [
    ("15", "Out of Stock", true),
    ("21", "Wrong Price or Pricing Error", true),
    ("10000021", "Customer requested", false),
    ("10000022", "Delivery area not covered", false),
];

/// `/order/reverse/cancel/validate`.
pub(super) fn validate(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let units = named(visit)?;
    let order = order(visit)?;
    let stuck = order.units().any(|(_, unit)| units.contains(&unit.id) && !here(unit.status));
    if stuck {
        let data = json!({ "tip_type": "error", "tip_content": "The order can not be canceled", "reason_options": [] });
        return Ok(json!({ "data": data }));
    }
    let reasons: Vec<Value> =
        REASONS.iter().map(|(id, name, _)| json!({ "reason_id": id, "reason_name": name })).collect();
    let tip = "Cancelling for the reason Out of Stock or Pricing Error sets the stock to 0";
    Ok(json!({ "data": { "tip_type": "warn", "tip_content": tip, "reason_options": reasons } }))
}

/// `/order/reverse/cancel/create`.
pub(super) fn create(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let units = named(visit)?;
    let order = order(visit)?.id.clone();
    let reason = visit.get("reason_id");
    cancel(visit, &order, &units, reason, "122")?;
    Ok(json!({ "data": { "tip_type": "info", "tip_content": "success" } }))
}

/// `/order/cancel`, the older way: one item.
pub(super) fn cancel_item(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let item = visit.mandatory("order_item_id")?;
    let unknown = || Refusal::caller("20", format!("E020: “{item}” Invalid Order Item ID"));
    let unit: u64 = item.parse().map_err(|_| unknown())?;
    let shop = visit.shop()?;
    let order = shop.orders.values().find(|order| order.units().any(|(_, known)| known.id == unit));
    let order = order.ok_or_else(unknown)?.id.clone();
    let reason = visit.get("reason_id");
    cancel(visit, &order, &[unit], reason, "23")?;
    Ok(json!({ "data": { "success": true } }))
}

fn cancel(
    visit: &mut Visit<'_>,
    order: &str,
    units: &[u64],
    reason: Option<&str>,
    refusal: &str,
) -> Result<(), Refusal> {
    let reason = REASONS.iter().find(|(id, ..)| Some(*id) == reason);
    let (_, name, stock) =
        reason.ok_or_else(|| Refusal::caller("104", "E0104: reason is empty or invalid"))?;
    let (shop, now) = (visit.shop, visit.now);
    visit.world.cancel(shop, order, Some(units), Actor::Seller, name, now).map_err(|fault| match fault {
        OrderFault::WrongStatus(status) => {
            let status = orders::status(status);
            Refusal::service(refusal, format!("E0122: invalid trade order: {status} can not be canceled"))
        }
        _ => Refusal::caller("122", "E0122: invalid trade order"),
    })?;
    if *stock {
        let order = visit.world.order(shop, order).map_err(|_| Refusal::down())?;
        let lines = order.lines.iter().filter(|line| line.units.iter().any(|unit| units.contains(&unit.id)));
        let variants: Vec<u64> = lines.map(|line| line.variant).collect();
        for variant in variants {
            // What a promotion has put aside stays, and so does the figure then.
            visit.world.set_stock(shop, variant, 0, Cause::Cancel, now).ok();
        }
    }
    Ok(())
}

/// The items that are named, all of which must be this order's.
fn named(visit: &Visit<'_>) -> Result<Vec<u64>, Refusal> {
    let empty = || Refusal::caller("102", "E0102: trade order line id is empty or invalid");
    let ids = visit.get("order_item_id_list").and_then(parameters::list).filter(|ids| !ids.is_empty());
    let ids: Result<Vec<u64>, _> = ids.ok_or_else(empty)?.iter().map(|id| id.parse()).collect();
    let ids = ids.map_err(|_| empty())?;
    let order = order(visit)?;
    match ids.iter().find(|id| !order.units().any(|(_, unit)| unit.id == **id)) {
        Some(id) => Err(Refusal::caller("123", format!("E0123: invalid trade order lines {id}"))),
        None => Ok(ids),
    }
}

fn order<'a>(visit: &'a Visit<'_>) -> Result<&'a Order, Refusal> {
    let id = visit.get("order_id").ok_or_else(|| Refusal::caller("115", "E0115: order id is null"))?;
    let order = visit.shop()?.orders.get(id);
    order.ok_or_else(|| Refusal::caller("122", "E0122: invalid trade order"))
}

fn here(status: Status) -> bool {
    matches!(status, Status::Unpaid | Status::Paid | Status::Packed | Status::Ready)
}

/// `/order/reverse/cancel/seller/decide`: the seller's answer to a buyer.
pub(super) fn decide(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let invalid = || Refusal::caller("105", "E0105: reverse order id is empty or invalid");
    let id: u64 = visit.get("reverse_order_id").and_then(|id| id.parse().ok()).ok_or_else(invalid)?;
    let agree = match visit.mandatory("agree_cancel")? {
        "true" => true,
        "false" => false,
        _ => return Err(Refusal::caller("131", "E0131: no decision for this reverse order")),
    };
    let shop = visit.shop()?;
    let order =
        shop.orders.values().find(|order| order.cancel_asked.as_ref().is_some_and(|asked| asked.id == id));
    let Some(order) = order.map(|order| order.id.clone()) else {
        let is =
            |known: &Option<crate::world::Cancellation>| known.as_ref().is_some_and(|known| known.id == id);
        let answered = shop.orders.values().any(|order| is(&order.cancelled) || is(&order.cancel_refused));
        return Err(if answered {
            Refusal::service("131", "E0131: no decision for this reverse order")
        } else {
            invalid()
        });
    };
    visit
        .world
        .answer_cancel(visit.shop, &order, agree, visit.now)
        .map_err(|_| Refusal::service("131", "E0131: no decision for this reverse order"))?;
    Ok(json!({ "data": null }))
}
