//! Packing, handing over, and where a parcel is.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::world::{Order, OrderFault, Shop, Status};

use super::orders;
use super::reply::Refusal;
use super::routes::Visit;

/// So many orders or packages in one call.
const AT_ONCE: usize = 20;

/// The number of a package as text.
pub(super) fn package_id(package: u64) -> String {
    format!("FP{package}")
}

/// A request body that travels as JSON in one parameter.
fn body<T: DeserializeOwned>(visit: &Visit<'_>, name: &str) -> Result<T, Refusal> {
    serde_json::from_str(visit.mandatory(name)?)
        .map_err(|error| Refusal::caller("700004", format!("PARAM_ILLEGAL: {error}")))
}

/// What every answer here is wrapped into. That it says `success` does not mean that every row succeeded.
fn wrapped(data: &Value) -> Value {
    json!({ "result": { "data": data, "success": true, "errorCode": null, "errorMsg": null } })
}

fn too_many() -> Refusal {
    Refusal::caller("700022", "BATCH_SIZE_OUT_OF_LIMIT: batch size out of limit")
}

/// `/order/shipment/providers/get`: the marketplace chooses the carrier.
pub(super) fn providers(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    visit.mandatory("getShipmentProvidersReq")?;
    Ok(wrapped(&json!({ "platform_default": 1, "shipment_providers": [], "shipping_allocate_type": "TFS" })))
}

#[derive(Debug, Deserialize)]
struct Pack {
    pack_order_list: Vec<PackOrder>,
    delivery_type: String,
}

#[derive(Debug, Deserialize)]
struct PackOrder {
    order_id: Value,
    order_item_list: Vec<Value>,
}

/// `/order/fulfill/pack`.
pub(super) fn pack(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let wanted: Pack = body(visit, "packReq")?;
    if wanted.delivery_type != "dropship" {
        return Err(Refusal::caller("700004", "PARAM_ILLEGAL: delivery_type"));
    }
    if wanted.pack_order_list.len() > AT_ONCE {
        return Err(too_many());
    }
    let mut rows = Vec::new();
    for wanted in &wanted.pack_order_list {
        let order = id(&wanted.order_id);
        let units: Vec<u64> = wanted.order_item_list.iter().map(|unit| orders::number(&id(unit))).collect();
        let packed = visit.world.pack(visit.shop, &order, Some(&units), visit.now);
        let known = visit.shop()?.orders.get(&order);
        let items: Vec<Value> = units.iter().map(|unit| packed_row(known, *unit, &packed)).collect();
        rows.push(json!({ "order_id": orders::number(&order), "order_item_list": items }));
    }
    Ok(wrapped(&json!({ "pack_order_list": rows })))
}

fn packed_row(order: Option<&Order>, unit: u64, packed: &Result<(), OrderFault>) -> Value {
    let (code, message) = match packed {
        Ok(()) => ("0", "success"),
        Err(OrderFault::WrongStatus(_)) => ("700026", "item current status not allow to pack"),
        Err(_) if order.is_none() => ("700021", "order not found"),
        Err(_) => ("700025", "order item not found"),
    };
    let order = order.filter(|_| code == "0");
    json!({
        "order_item_id": unit,
        "item_err_code": code,
        "msg": message,
        "package_id": order.and_then(|order| order.package).map(package_id),
        "tracking_number": order.and_then(|order| order.tracking.clone()),
        "shipment_provider": order.and_then(|order| order.carrier.clone()),
        "retry": false,
    })
}

/// An id that is a number or a text.
fn id(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[derive(Debug, Deserialize)]
struct Ready {
    packages: Vec<ReadyPackage>,
}

#[derive(Debug, Deserialize)]
struct ReadyPackage {
    package_id: String,
}

/// `/order/package/rts`.
pub(super) fn ready(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let wanted: Ready = body(visit, "readyToShipReq")?;
    if wanted.packages.len() > AT_ONCE {
        return Err(too_many());
    }
    let mut rows = Vec::new();
    for wanted in &wanted.packages {
        let (code, message) = hand_over(visit, &wanted.package_id)?;
        rows.push(json!({
            "package_id": wanted.package_id, "item_err_code": code, "msg": message, "retry": false,
        }));
    }
    Ok(wrapped(&json!({ "packages": rows })))
}

fn hand_over(visit: &mut Visit<'_>, package: &str) -> Result<(&'static str, &'static str), Refusal> {
    let number = package.strip_prefix("FP").and_then(|number| number.parse::<u64>().ok());
    let order = number.and_then(|number| in_package(visit.shop().ok()?, number));
    let Some(order) = order else { return Ok(("700004", "param illegal")) };
    let units = order.units().filter(|(_, unit)| unit.status == Status::Packed);
    let units: Vec<u64> = units.map(|(_, unit)| unit.id).collect();
    if order.status() == Status::Cancelled {
        return Ok(("600002", "package already cancelled"));
    }
    if units.is_empty() {
        return Ok(("700000", "current package status not allow to operation"));
    }
    let id = order.id.clone();
    let done = visit.world.ready(visit.shop, &id, Some(&units), visit.now);
    Ok(if done.is_ok() { ("0", "success") } else { ("6", "system is busy now ,pls try later") })
}

fn in_package(shop: &Shop, number: u64) -> Option<&Order> {
    shop.orders.values().find(|order| order.package == Some(number))
}

/// `/logistic/order/trace`.
pub(super) fn trace(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let id = visit.mandatory("order_id")?;
    let shop = visit.shop()?;
    let order =
        shop.orders.get(id).ok_or_else(|| Refusal::caller("LD_INPUT_PARAM_VALID", "orderId is wrong"))?;
    let mut steps = Vec::new();
    if order.package.is_some() {
        let at = order.shipped_at.unwrap_or(order.updated);
        steps.push(json!({ "event_time": at, "title": "Packed", "description": "The parcel is packed." }));
    }
    if let Some(at) = order.shipped_at {
        steps.push(
            json!({ "event_time": at, "title": "Shipped", "description": "The carrier has the parcel." }),
        );
    }
    let packages: Vec<Value> = order
        .package
        .iter()
        .map(|package| {
            json!({
                "ofc_package_id": package_id(*package), "tracking_number": order.tracking,
                "logistic_detail_info_list": steps,
            })
        })
        .collect();
    Ok(json!({ "result": {
        "success": true, "not_success": false, "retry": false, "repeated": false, "error_code": null,
        "module": [{ "ofc_order_id": id, "package_detail_info_list": packages }],
    } }))
}
