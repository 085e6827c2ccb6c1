//! Goods that leave, and buyers who want to cancel.

use onhand_connector::wire::{Flag, List, Text};
use onhand_connector::{Class, Failure, Shipment};
use serde::Deserialize;
use serde_json::json;

use super::failure::class;
use super::orders;
use super::session::Session;

const PACK: &str = "/order/fulfill/pack";
const READY: &str = "/order/package/rts";
const DECIDE: &str = "/order/reverse/cancel/seller/decide";

#[derive(Debug, Deserialize)]
struct Answered<T> {
    result: Outcome<T>,
}

#[derive(Debug, Deserialize)]
struct Outcome<T> {
    #[serde(default)]
    success: Flag,
    #[serde(default)]
    error_code: Text,
    #[serde(default)]
    error_msg: Text,
    data: Option<T>,
}

#[derive(Debug, Deserialize)]
struct Packed {
    pack_order_list: List<PackedOrder>,
}

#[derive(Debug, Deserialize)]
struct PackedOrder {
    order_item_list: List<One>,
}

#[derive(Debug, Deserialize)]
struct Ready {
    packages: List<One>,
}

/// One item or package, each with a result of its own: `success` above it does not mean that all went well.
#[derive(Debug, Deserialize)]
struct One {
    #[serde(default)]
    item_err_code: Text,
    #[serde(default)]
    msg: Text,
    #[serde(default)]
    package_id: Text,
}

/// Up to three requests: which items there are, unless the shipment names them; packing, where it was not done; ready to
/// ship. Lazada's own carriers give the tracking number, so ours is not sent.
pub(super) async fn ship(session: &Session<'_>, shipment: &Shipment) -> Result<(), Failure> {
    let orders = orders::items(session, std::slice::from_ref(&shipment.reference)).await?;
    let gone = || Failure::new(Class::Gone, "order_gone", "the order does not exist (any more)");
    let order = orders.first().ok_or_else(gone)?;
    let leaves = |id: &Text| shipment.line_ids.is_empty() || shipment.line_ids.contains(&id.0);
    let items = order.order_items.0.iter().filter(|item| leaves(&item.order_item_id));
    let items: Vec<_> = items.filter(|item| item.status.0 != "canceled").collect();
    if items.is_empty() {
        return Err(Failure::new(Class::Conflict, "nothing_to_ship", "nothing of it is left to ship"));
    }
    let mut packages: Vec<String> =
        items.iter().map(|item| item.package_id.0.clone()).filter(|id| !id.is_empty()).collect();
    let unpacked: Vec<_> = items
        .iter()
        .filter(|item| item.package_id.0.is_empty())
        .filter_map(|item| item.order_item_id.number())
        .collect();
    if !unpacked.is_empty() {
        packages.extend(pack(session, shipment, &unpacked).await?);
    }
    packages.sort();
    packages.dedup();
    let list: Vec<_> = packages.iter().map(|id| json!({ "package_id": id })).collect();
    let request = json!({ "packages": list }).to_string();
    let answer = session.post(READY, vec![("readyToShipReq", request)]).await?;
    let ready: Answered<Ready> = answer.parse()?;
    let ready = believed(ready)?;
    ready.packages.0.iter().try_for_each(judge)
}

async fn pack(session: &Session<'_>, shipment: &Shipment, items: &[i64]) -> Result<Vec<String>, Failure> {
    let order: u64 = shipment
        .reference
        .parse()
        .map_err(|_| Failure::new(Class::Invalid, "not_a_number", "an id of Lazada must be a number"))?;
    let mut request = json!({
        "pack_order_list": [{ "order_id": order, "order_item_list": items }],
        "delivery_type": "dropship",
        "shipping_allocate_type": "TFS",
    });
    if let Some(carrier) = &shipment.carrier {
        request["shipment_provider_code"] = json!(carrier);
    }
    let answer = session.post(PACK, vec![("packReq", request.to_string())]).await?;
    let packed: Answered<Packed> = answer.parse()?;
    let packed = believed(packed)?;
    let items: Vec<_> =
        packed.pack_order_list.0.into_iter().flat_map(|order| order.order_item_list.0).collect();
    items.iter().try_for_each(judge)?;
    Ok(items.into_iter().map(|item| item.package_id.0).filter(|id| !id.is_empty()).collect())
}

fn believed<T>(answered: Answered<T>) -> Result<T, Failure> {
    let outcome = answered.result;
    match outcome.data {
        Some(data) if outcome.success.0 => Ok(data),
        _ => {
            let (class, code) = class(&outcome.error_code.0, "", &outcome.error_msg.0, None);
            Err(Failure::new(class, code, outcome.error_msg.0.as_str()))
        }
    }
}

fn judge(one: &One) -> Result<(), Failure> {
    if one.item_err_code.0 == "0" {
        return Ok(());
    }
    let (class, code) = class(&one.item_err_code.0, "", &one.msg.0, None);
    Err(Failure::new(class, code, one.msg.0.as_str()))
}

/// The buyer's wish is an object of its own: it is looked for, then answered.
pub(super) async fn answer_cancel(
    session: &Session<'_>,
    reference: &str,
    accept: bool,
) -> Result<(), Failure> {
    let found = orders::reverse(session, vec![("trade_order_id", reference.to_owned())]).await?;
    let open = found.into_iter().find(|one| {
        let waits = |word: &str| word.contains("INIT") || word.contains("REQUEST");
        one.request_type.0 == "CANCEL"
            && one.trade_order_id.0 == reference
            && one.reverse_order_lines.0.iter().any(|line| waits(&line.reverse_status.0))
    });
    let Some(open) = open else {
        return Err(Failure::new(Class::Conflict, "no_request", "nobody waits for an answer (any more)"));
    };
    let parameters =
        vec![("reverse_order_id", open.reverse_order_id.0), ("agree_cancel", accept.to_string())];
    session.get(DECIDE, parameters).await.map(drop)
}
