//! Arranging the shipment and the parcel's number.

use serde_json::{Value, json};

use super::Visit;
use super::orders::{found, order_sn, refuse};
use super::reply::{Refusal, Reply};
use super::wording::needs_invoice;
use crate::world::{OrderFault, Status};

/// What the marketplace needs to know before it lets an order be shipped: the sandbox asks for any of the three ways.
pub(super) fn get_shipping_parameter(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let order = order_in_query(visit)?;
    visit.hub.in_shop(key, |world, _| {
        let known = world.order(key, order).map_err(refuse)?;
        if known.status() != Status::Paid {
            return Err(refuse(OrderFault::WrongStatus(known.status())));
        }
        Ok(Reply::Wrapped(json!({
            "info_needed": {"pickup": ["address_id", "pickup_time_id"], "dropoff": [], "non_integrated": ["tracking_number"]},
            "pickup": {"address_list": [{"address_id": 1, "time_slot_list": [{"pickup_time_id": "1", "date": 0}]}]},
            "dropoff": {"branch_list": []},
        })))
    })
}

/// Arranges the shipment: the order becomes PROCESSED and has a parcel.
pub(super) fn ship_order(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let body = visit.call.json().ok_or_else(|| Refusal::parameter("The body is no JSON."))?;
    let order = order_sn(&body)?;
    let ways = ["pickup", "dropoff", "non_integrated"];
    if ways.iter().filter(|way| body[**way].is_object()).count() != 1 {
        return Err(Refusal::new(
            "logistics.error_param",
            "Exactly one of pickup, dropoff and non_integrated is required.",
        ));
    }
    let tracking = body["non_integrated"]["tracking_number"].as_str().map(str::to_owned);
    visit.hub.in_shop(key, |world, now| {
        let known = world.order(key, order).map_err(refuse)?;
        if known.pickup_failed {
            world.arrange_again(key, order, now).map_err(refuse)?;
            return Ok(Reply::Wrapped(json!({})));
        }
        let stuck = known.cancel_asked.is_some() || known.on_hold || needs_invoice(world, key, known);
        if known.status() != Status::Paid || stuck {
            return Err(refuse(OrderFault::WrongStatus(known.status())));
        }
        if let Some(tracking) = tracking {
            let shop = world.shop_mut(key);
            if let Some(known) = shop.and_then(|shop| shop.orders.get_mut(order)) {
                known.tracking = Some(tracking);
            }
        }
        world.pack(key, order, None, now).map_err(refuse)?;
        Ok(Reply::Wrapped(json!({})))
    })
}

pub(super) fn get_tracking_number(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let order = order_in_query(visit)?;
    visit.hub.in_shop(key, |world, _| {
        let shop = found(world, key)?;
        let known = shop.orders.get(order).ok_or_else(|| refuse(OrderFault::NoSuchOrder))?;
        let number: Value = known.tracking.as_deref().unwrap_or("").into();
        Ok(Reply::Wrapped(json!({
            "tracking_number": number,
            "plp_number": "",
            "first_mile_tracking_number": "",
            "last_mile_tracking_number": "",
            "hint": "",
        })))
    })
}

fn order_in_query<'a>(visit: &'a Visit<'_>) -> Result<&'a str, Refusal> {
    visit.call.query("order_sn").ok_or_else(|| Refusal::parameter("order_sn is required."))
}
