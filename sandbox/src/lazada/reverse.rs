//! What goes back: buyers' cancellations and returns, in one list.

use serde_json::{Value, json};

use crate::world::{Actor, Cancellation, Millis, Order, Return, ReturnStatus, Shop, Status};

use super::orders::number;
use super::parameters;
use super::products::shop_sku;
use super::reply::Refusal;
use super::routes::Visit;

/// One reverse order.
pub(super) struct Reverse<'a> {
    pub(super) id: u64,
    pub(super) order: &'a Order,
    kind: &'static str,
    status: &'static str,
    reason: &'a str,
    units: Vec<u64>,
    created: Millis,
    pub(super) updated: Millis,
}

/// The line of a reverse order for one unit.
pub(super) fn line_id(unit: u64) -> u64 {
    unit + 1_000_000_000_000
}

fn cancellation<'a>(
    order: &'a Order,
    of: Option<&'a Cancellation>,
    status: &'static str,
) -> Option<Reverse<'a>> {
    let of = of.filter(|of| of.by == Actor::Buyer)?;
    let carried_out = status == "CANCEL_SUCCESS";
    let units = order.units().filter(|(_, unit)| !carried_out || unit.status == Status::Cancelled);
    Some(Reverse {
        id: of.id,
        order,
        kind: "CANCEL",
        status,
        reason: &of.reason,
        units: units.map(|(_, unit)| unit.id).collect(),
        created: of.at,
        updated: order.updated,
    })
}

fn returned<'a>(shop: &'a Shop, of: &'a Return) -> Option<Reverse<'a>> {
    Some(Reverse {
        id: of.id,
        order: shop.orders.get(&of.order)?,
        kind: "RETURN",
        // Beyond the first and the refused one the names are not published.
        status: match of.status {
            ReturnStatus::Asked => "REQUEST_INITIATE",
            ReturnStatus::Agreed => "REQUEST_APPROVE",
            ReturnStatus::Done => "REFUND_SUCCESS",
            ReturnStatus::Refused => "REQUEST_REJECT",
        },
        reason: &of.reason,
        units: of.units.clone(),
        created: of.created,
        updated: of.updated,
    })
}

fn all(shop: &Shop) -> Vec<Reverse<'_>> {
    let cancellations = shop.orders.values().flat_map(|order| {
        [
            cancellation(order, order.cancel_asked.as_ref(), "REQUEST_INITIATE"),
            cancellation(order, order.cancelled.as_ref(), "CANCEL_SUCCESS"),
            cancellation(order, order.cancel_refused.as_ref(), "REQUEST_REJECT"),
        ]
        .into_iter()
        .flatten()
    });
    let returns = shop.returns.values().filter_map(|of| returned(shop, of));
    let mut all: Vec<Reverse<'_>> = cancellations.chain(returns).collect();
    all.sort_by_key(|reverse| (reverse.updated, reverse.id));
    all
}

/// `/reverse/getreverseordersforseller`, the earliest change first.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let page_no = visit.number("page_no", 1, 100_000).filter(|page| *page > 0);
    let page_no = page_no.ok_or_else(|| Refusal::caller("121", "E0121: page number invalid"))?;
    let page_size = visit.number("page_size", 10, 100).filter(|size| *size > 0);
    let page_size = page_size.ok_or_else(|| Refusal::caller("120", "E0120: page size invalid"))?;
    let listed = |name: &str| visit.get(name).and_then(parameters::list);
    let kinds = listed("request_type_list");
    let statuses = listed("reverse_status_list");
    let id = |name: &str| visit.get(name).and_then(|id| id.parse::<u64>().ok());
    let (reverse_id, order_id) = (id("reverse_order_id"), visit.get("trade_order_id"));
    let time = |name: &str| visit.get(name).and_then(|at| at.parse::<Millis>().ok());
    let (from, to) =
        (time("ReverseOrderLineModifiedTimeRangeStart"), time("ReverseOrderLineModifiedTimeRangeEnd"));
    let shop = visit.shop()?;
    let any = |wanted: &Option<Vec<String>>, value: &str| {
        wanted.as_ref().is_none_or(|wanted| wanted.is_empty() || wanted.iter().any(|wanted| wanted == value))
    };
    let found: Vec<Reverse<'_>> = all(shop)
        .into_iter()
        .filter(|reverse| {
            any(&kinds, reverse.kind)
                && any(&statuses, reverse.status)
                && reverse_id.is_none_or(|id| id == reverse.id)
                && order_id.is_none_or(|id| id == reverse.order.id)
                && from.is_none_or(|from| reverse.updated >= from)
                && to.is_none_or(|to| reverse.updated <= to)
        })
        .collect();
    let skip = (page_no - 1).saturating_mul(page_size);
    let items: Vec<Value> = found
        .iter()
        .skip(skip)
        .take(page_size)
        .map(|reverse| json_of(shop, reverse, "reverse_order_lines", "product", "buyer_id"))
        .collect();
    Ok(json!({ "result": {
        "success": true, "page_no": page_no, "page_size": page_size, "total": found.len(), "items": items,
    } }))
}

/// `/order/reverse/return/detail/list`: one of them, with other names for the same.
pub(super) fn detail(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let invalid = || Refusal::caller("105", "E0105: reverse order id is empty or invalid");
    let id: u64 = visit.get("reverse_order_id").and_then(|id| id.parse().ok()).ok_or_else(invalid)?;
    let shop = visit.shop()?;
    let found = all(shop).into_iter().find(|reverse| reverse.id == id);
    let found = found.ok_or_else(|| Refusal::service("106", "E0106: ROC internal error"))?;
    Ok(json!({ "data": json_of(shop, &found, "reverseOrderLineDTOList", "productDTO", "user_id") }))
}

/// In the list and in the detail the lines, the product and the buyer have different names.
fn json_of(shop: &Shop, reverse: &Reverse<'_>, lines: &str, product: &str, buyer: &str) -> Value {
    let units = reverse.order.units().filter(|(_, unit)| reverse.units.contains(&unit.id));
    let rows: Vec<Value> = units
        .map(|(line, unit)| {
            let mut row = json!({
                "reverse_order_line_id": line_id(unit.id),
                "trade_order_line_id": unit.id,
                "reverse_status": reverse.status,
                "ofc_status": if reverse.status == "REFUND_SUCCESS" { "RETURN_DELIVERED" } else { "" },
                "reason_text": reverse.reason,
                "reason_code": 1,
                "refund_amount": line.price,
                "item_unit_price": line.price,
                "is_need_refund": true,
                "is_dispute": false,
                "seller_sku_id": line.seller_sku,
                "platform_sku_id": shop_sku(shop, line.item, line.variant),
                "trade_order_gmt_create": reverse.order.created,
                "return_order_line_gmt_create": reverse.created,
                "return_order_line_gmt_modified": reverse.updated,
            });
            row[product] =
                json!({ "product_id": line.item, "product_sku": line.seller_sku, "sku": line.variant });
            row["buyer"] = json!({ buyer: reverse.order.buyer });
            row
        })
        .collect();
    let mut body = json!({
        "reverse_order_id": reverse.id,
        "trade_order_id": number(&reverse.order.id),
        "request_type": reverse.kind,
        "is_rtm": reverse.kind == "RETURN",
        "shipping_type": if reverse.kind == "RETURN" { "DROP_OFF" } else { "" },
    });
    body[lines] = json!(rows);
    body
}
