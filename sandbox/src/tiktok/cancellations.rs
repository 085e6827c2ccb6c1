//! Cancellations: by the seller, at once, and on a buyer's request, which the seller grants or refuses.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Actor, Cancellation, Order, OrderFault, Shop, Status};

use super::orders::{actor, descending, sorted_by_update, within};
use super::reply::Refusal;
use super::routes::Visit;
use super::{money, pages, seconds};

/// For how long the seller may answer before the marketplace does (its deadline differs by country; two days here).
const TO_ANSWER: i64 = 2 * 24 * 60 * 60;

#[derive(Debug, Deserialize)]
struct Cancel {
    order_id: String,
    #[serde(default)]
    skus: Vec<CancelSku>,
    #[serde(default)]
    order_line_item_ids: Vec<String>,
    cancel_reason: String,
}

#[derive(Debug, Deserialize)]
struct CancelSku {
    sku_id: String,
    quantity: i64,
}

/// `POST /return_refund/202309/cancellations`.
pub(super) fn cancel(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let wanted: Cancel = visit.body()?;
    let units = {
        let shop = visit.shop()?;
        let order = shop.orders.get(&wanted.order_id).ok_or_else(not_ours)?;
        reason_fits(order, &wanted.cancel_reason)?;
        chosen(order, &wanted)?
    };
    let named = units.as_deref();
    let (shop, now) = (visit.shop, visit.now);
    visit
        .world
        .cancel(shop, &wanted.order_id, named, Actor::Seller, &wanted.cancel_reason, now)
        .map_err(|fault| refused(&fault))?;
    let order = visit.world.order(shop, &wanted.order_id).map_err(|fault| refused(&fault))?;
    let id = order.cancelled.as_ref().map(|done| done.id.to_string());
    Ok(json!({ "cancel_id": id, "cancel_status": "CANCELLATION_REQUEST_SUCCESS" }))
}

/// A reason is for one status only (partner.tiktokshop.com, "Cancel reasons").
fn reason_fits(order: &Order, reason: &str) -> Result<(), Refusal> {
    const UNPAID: [&str; 4] = [
        "seller_cancel_unpaid_reason_out_of_stock",
        "seller_cancel_unpaid_reason_wrong_price",
        "seller_cancel_unpaid_reason_buyer_hasnt_paid_within_time_allowed",
        "seller_cancel_unpaid_reason_buyer_requested_cancellation",
    ];
    const PAID: [&str; 4] = [
        "seller_cancel_reason_out_of_stock",
        "seller_cancel_reason_wrong_price",
        "seller_cancel_paid_reason_address_not_deliver",
        "seller_cancel_paid_reason_buyer_requested_cancellation",
    ];
    let unpaid = order.status() == Status::Unpaid;
    let (fitting, other) = if unpaid { (UNPAID, PAID) } else { (PAID, UNPAID) };
    if fitting.contains(&reason) {
        Ok(())
    } else if other.contains(&reason) {
        Err(Refusal::business(25_001_021, "Reason not match order status"))
    } else {
        let message = "Unknown return reason. Please ensure you are passing a valid return reason.";
        Err(Refusal::business(25_001_014, message))
    }
}

/// The units that are named one by one or by SKU and number; none: all.
fn chosen(order: &Order, wanted: &Cancel) -> Result<Option<Vec<u64>>, Refusal> {
    let beyond = || {
        let message = "The requested line item(s) for return or refund exceeds the allowable limit.";
        Refusal::business(25_005_011, message)
    };
    let mut units: Vec<u64> = Vec::new();
    for id in &wanted.order_line_item_ids {
        let unit = order.units().find(|(_, unit)| unit.id.to_string() == *id);
        units.push(unit.ok_or_else(beyond)?.1.id);
    }
    if units.is_empty() {
        for sku in &wanted.skus {
            let alive = order.units().filter(|(line, unit)| {
                line.variant.to_string() == sku.sku_id && unit.status != Status::Cancelled
            });
            let alive: Vec<u64> = alive.map(|(_, unit)| unit.id).collect();
            let wanted =
                usize::try_from(sku.quantity).ok().filter(|wanted| (1..=alive.len()).contains(wanted));
            units.extend(&alive[..wanted.ok_or_else(beyond)?]);
        }
    }
    Ok(if units.is_empty() { None } else { Some(units) })
}

/// `POST /return_refund/202309/cancellations/{}/approve`.
pub(super) fn approve(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    answer(visit, true)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reject {
    reject_reason: String,
}

/// `POST /return_refund/202309/cancellations/{}/reject`.
pub(super) fn reject(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let reject: Reject = visit.body()?;
    if reject.reject_reason.is_empty() {
        let message = "Unknown return reason. Please ensure you are passing a valid return reason.";
        return Err(Refusal::business(25_001_014, message));
    }
    answer(visit, false)
}

fn answer(visit: &mut Visit<'_>, agree: bool) -> Result<Value, Refusal> {
    let id = visit.id().to_owned();
    let order = {
        let shop = visit.shop()?;
        let is =
            |known: &Option<Cancellation>| known.as_ref().is_some_and(|known| known.id.to_string() == id);
        let open = shop.orders.values().find(|order| is(&order.cancel_asked));
        let Some(open) = open else {
            let answered =
                shop.orders.values().any(|order| is(&order.cancelled) || is(&order.cancel_refused));
            return Err(match (answered, agree) {
                (false, _) => Refusal::business(25_007_006, "Order not found."),
                (true, true) => Refusal::business(25_011_012, "reverse status cannot approve application"),
                (true, false) => Refusal::business(25_011_011, "reverse status cannot reject application"),
            });
        };
        open.id.clone()
    };
    visit.world.answer_cancel(visit.shop, &order, agree, visit.now).map_err(|fault| refused(&fault))?;
    Ok(json!({}))
}

fn not_ours() -> Refusal {
    Refusal::business(25_020_005, "No permission to process this order")
}

fn refused(fault: &OrderFault) -> Refusal {
    match fault {
        OrderFault::WrongStatus(Status::Cancelled | Status::Completed | Status::Returned) => {
            let message = "Not allowed to return or cancel since order is completed or cancelled";
            Refusal::business(25_001_051, message)
        }
        OrderFault::WrongStatus(_) => {
            let message =
                "The order has already been shipped and we are unable to cancel shipment with the courier.";
            Refusal::business(25_001_045, message)
        }
        _ => not_ours(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    cancel_ids: Vec<String>,
    order_ids: Vec<String>,
    cancel_types: Vec<String>,
    cancel_status: Vec<String>,
    create_time_ge: Option<i64>,
    create_time_lt: Option<i64>,
    update_time_ge: Option<i64>,
    update_time_lt: Option<i64>,
}

/// One cancellation as it is listed.
pub(super) struct Listed<'a> {
    pub(super) order: &'a Order,
    pub(super) of: &'a Cancellation,
    pub(super) status: &'static str,
}

impl Listed<'_> {
    fn updated(&self) -> i64 {
        self.order.updated
    }

    fn kind(&self) -> &'static str {
        if self.of.by == Actor::Buyer { "BUYER_CANCEL" } else { "CANCEL" }
    }
}

/// The cancellations of an order: the open request, the one that was carried out, the one that was refused.
pub(super) fn of_order(order: &Order) -> impl Iterator<Item = Listed<'_>> {
    // Kept apart by their fields: each can be there without the others.
    [
        (order.cancel_asked.as_ref(), "CANCELLATION_REQUEST_PENDING"),
        (order.cancelled.as_ref(), "CANCELLATION_REQUEST_SUCCESS"),
        (order.cancel_refused.as_ref(), "CANCELLATION_REQUEST_CANCEL"),
    ]
    .into_iter()
    .filter_map(move |(of, status)| Some(Listed { order, of: of?, status }))
}

/// `POST /return_refund/202309/cancellations/search`.
pub(super) fn search(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let invalid = || {
        let message = "An invalid request parameter was passed. Please check that you have the correct parameter \
                       type(s) and format.";
        Refusal::business(25_001_001, message)
    };
    let size = pages::size(visit.number("page_size")?, 10, 50).ok_or_else(invalid)?;
    let search: Search = visit.body()?;
    let by_update = sorted_by_update(visit, "create_time")?;
    let descending = descending(visit, false)?;
    let shop = visit.shop()?;
    let any =
        |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == value);
    let rows: Vec<Listed<'_>> = shop
        .orders
        .values()
        .flat_map(of_order)
        .filter(|row| {
            any(&search.cancel_ids, &row.of.id.to_string())
                && any(&search.order_ids, &row.order.id)
                && any(&search.cancel_types, row.kind())
                && any(&search.cancel_status, row.status)
                && within(seconds(row.of.at), search.create_time_ge, search.create_time_lt)
                && within(seconds(row.updated()), search.update_time_ge, search.update_time_lt)
        })
        .collect();
    let key = |row: &Listed<'_>| (if by_update { row.updated() } else { row.of.at }, row.of.id.to_string());
    let page = pages::page(rows, key, descending, visit.call.query("page_token"), size)?;
    let rows: Vec<Value> = page.rows.iter().map(|row| json_of(shop, row)).collect();
    Ok(json!({ "cancellations": rows, "total_count": page.total, "next_page_token": page.next }))
}

fn json_of(shop: &Shop, row: &Listed<'_>) -> Value {
    let open = row.status == "CANCELLATION_REQUEST_PENDING";
    // An open or refused request is for the whole order; one that was carried out, for what is cancelled.
    let carried_out = row.status == "CANCELLATION_REQUEST_SUCCESS";
    let units = row.order.units().filter(|(_, unit)| !carried_out || unit.status == Status::Cancelled);
    let mut total = 0;
    let items: Vec<Value> = units
        .map(|(line, unit)| {
            total += line.price;
            json!({
                "cancel_line_item_id": (unit.id + 1).to_string(),
                "order_line_item_id": unit.id.to_string(),
                "sku_id": line.variant.to_string(),
                "sku_name": line.options.join(", "),
                "product_name": line.title,
                "seller_sku": line.seller_sku,
                "refund_amount": refund(shop, line.price),
            })
        })
        .collect();
    let mut body = json!({
        "cancel_id": row.of.id.to_string(),
        "order_id": row.order.id,
        "cancel_type": row.kind(),
        "cancel_status": row.status,
        "role": actor(row.of.by),
        "cancel_reason": row.of.reason,
        "cancel_reason_text": row.of.reason,
        "create_time": seconds(row.of.at),
        "update_time": seconds(row.updated()),
        "refund_amount": refund(shop, total),
        "cancel_line_items": items,
    });
    if open {
        let deadline = seconds(row.of.at) + TO_ANSWER;
        body["seller_next_action_response"] =
            json!([{ "action": "SELLER_RESPOND_CANCEL", "deadline": deadline }]);
    }
    body
}

pub(super) fn refund(shop: &Shop, minor: i64) -> Value {
    let total = money(minor, &shop.currency);
    json!({
        "currency": shop.currency,
        "refund_total": total,
        "refund_subtotal": total,
        "refund_shipping_fee": "0",
        "refund_tax": "0",
    })
}
