//! Returns. They stand beside the order and do not change its status.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{Return, ReturnStatus, Shop};

use super::cancellations::refund;
use super::orders::{descending, sorted_by_update, within};
use super::reply::Refusal;
use super::routes::Visit;
use super::{pages, seconds};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Search {
    return_ids: Vec<String>,
    order_ids: Vec<String>,
    return_types: Vec<String>,
    return_status: Vec<String>,
    create_time_ge: Option<i64>,
    create_time_lt: Option<i64>,
    update_time_ge: Option<i64>,
    update_time_lt: Option<i64>,
}

/// `POST /return_refund/202309/returns/search`.
pub(super) fn search(visit: &mut Visit<'_>) -> Result<Value, Refusal> {
    let invalid = || {
        let message = "An invalid request parameter was passed. Please check that you have the correct parameter \
                       type(s) and format.";
        Refusal::business(25_001_001, message)
    };
    // The reference gives 10 to 50.
    let size =
        pages::size(visit.number("page_size")?, 10, 50).filter(|size| *size >= 10).ok_or_else(invalid)?;
    let search: Search = visit.body()?;
    let by_update = sorted_by_update(visit, "create_time")?;
    let descending = descending(visit, false)?;
    let shop = visit.shop()?;
    let any =
        |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == value);
    let rows: Vec<&Return> = shop
        .returns
        .values()
        .filter(|row| {
            any(&search.return_ids, &row.id.to_string())
                && any(&search.order_ids, &row.order)
                && any(&search.return_types, KIND)
                && any(&search.return_status, status(row.status))
                && within(seconds(row.created), search.create_time_ge, search.create_time_lt)
                && within(seconds(row.updated), search.update_time_ge, search.update_time_lt)
        })
        .collect();
    let key = |row: &&Return| (if by_update { row.updated } else { row.created }, row.id.to_string());
    let page = pages::page(rows, key, descending, visit.call.query("page_token"), size)?;
    let rows: Vec<Value> = page.rows.iter().map(|row| json_of(shop, row)).collect();
    Ok(json!({ "return_orders": rows, "total_count": page.total, "next_page_token": page.next }))
}

pub(super) const KIND: &str = "RETURN_AND_REFUND";

pub(super) fn status(status: ReturnStatus) -> &'static str {
    match status {
        ReturnStatus::Asked => "RETURN_OR_REFUND_REQUEST_PENDING",
        ReturnStatus::Agreed => "AWAITING_BUYER_SHIP",
        ReturnStatus::Done => "RETURN_OR_REFUND_REQUEST_COMPLETE",
        ReturnStatus::Refused => "REFUND_OR_RETURN_REQUEST_REJECT",
    }
}

fn json_of(shop: &Shop, row: &Return) -> Value {
    let units = shop.orders.get(&row.order).into_iter().flat_map(|order| order.units());
    let mut total = 0;
    let items: Vec<Value> = units
        .filter(|(_, unit)| row.units.contains(&unit.id))
        .map(|(line, unit)| {
            total += line.price;
            json!({
                "return_line_item_id": (unit.id + 2).to_string(),
                "order_line_item_id": unit.id.to_string(),
                "sku_id": line.variant.to_string(),
                "sku_name": line.options.join(", "),
                "product_name": line.title,
                "seller_sku": line.seller_sku,
                "refund_amount": refund(shop, line.price),
            })
        })
        .collect();
    json!({
        "return_id": row.id.to_string(),
        "order_id": row.order,
        "return_type": KIND,
        "return_status": status(row.status),
        "role": "BUYER",
        "return_reason": row.reason,
        "return_reason_text": row.reason,
        "shipment_type": "PLATFORM",
        "handover_method": "DROP_OFF",
        "can_buyer_keep_item": false,
        "create_time": seconds(row.created),
        "update_time": seconds(row.updated),
        "return_line_items": items,
        "refund_amount": refund(shop, total),
    })
}
