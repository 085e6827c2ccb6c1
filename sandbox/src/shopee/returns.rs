//! Returns, which live beside their orders.

use serde_json::{Value, json};

use super::orders::found;
use super::products::number;
use super::reply::{Refusal, Reply};
use super::{Visit, seconds, wording};
use crate::world::{OrderFault, Return, ReturnStatus, Shop};

const LONGEST_SPAN: i64 = 15 * 86_400;
const STATUSES: [&str; 7] =
    ["REQUESTED", "ACCEPTED", "CANCELLED", "JUDGING", "CLOSED", "PROCESSING", "SELLER_DISPUTE"];

pub(super) fn get_return_list(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let page = number(visit, "page_no")?.ok_or_else(|| Refusal::parameter("page_no is required."))?;
    let size = number(visit, "page_size")?.ok_or_else(|| Refusal::parameter("page_size is required."))?;
    if !(1..=100).contains(&size) {
        return Err(Refusal::parameter("page_size is from 1 to 100."));
    }
    let wanted = visit.call.query("status").filter(|status| !status.is_empty());
    if wanted.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Refusal::parameter("Invalid status."));
    }
    let created = window(visit, "create_time_from", "create_time_to")?;
    let updated = window(visit, "update_time_from", "update_time_to")?;
    visit.hub.in_shop(key, |world, _| {
        let shop = found(world, key)?;
        let within = |at: i64, window: Option<(i64, i64)>| {
            window.is_none_or(|(from, to)| (from..=to).contains(&seconds(at)))
        };
        let hits: Vec<&Return> = shop
            .returns
            .values()
            .filter(|known| wanted.is_none_or(|wanted| wanted == wording::return_status(known.status)))
            .filter(|known| within(known.created, created) && within(known.updated, updated))
            .collect();
        // The marketplace counts these pages from 0.
        let from = (page.saturating_mul(size) as usize).min(hits.len());
        let to = (from + size as usize).min(hits.len());
        let told: Vec<Value> = hits[from..to].iter().map(|known| told(shop, known)).collect();
        Ok(Reply::Wrapped(json!({"more": to < hits.len(), "return": told})))
    })
}

pub(super) fn get_return_detail(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let wanted = visit.call.query("return_sn").and_then(|sn| sn.parse().ok());
    visit.hub.in_shop(key, |world, _| {
        let shop = found(world, key)?;
        let known = wanted.and_then(|id: u64| shop.returns.get(&id)).ok_or_else(missing)?;
        Ok(Reply::Wrapped(told(shop, known)))
    })
}

/// The seller agrees to the refund.
pub(super) fn confirm(visit: &Visit<'_>) -> Result<Reply, Refusal> {
    let key = visit.key()?;
    let body = visit.call.json().ok_or_else(|| Refusal::parameter("The body is no JSON."))?;
    let sn = body["return_sn"].as_str().ok_or_else(|| Refusal::parameter("return_sn is required."))?;
    let id: u64 = sn.parse().map_err(|_| missing())?;
    visit.hub.in_shop(key, |world, now| {
        let known = world.shop(key).and_then(|shop| shop.returns.get(&id)).ok_or_else(missing)?;
        if known.status != ReturnStatus::Asked {
            return Err(Refusal::new(
                "returns.error_status",
                "The status of the return does not allow this.",
            ));
        }
        world.move_return(key, id, ReturnStatus::Agreed, now).map_err(|fault| match fault {
            OrderFault::NoSuchOrder => missing(),
            _ => Refusal::new("returns.error_status", "The status of the return does not allow this."),
        })?;
        Ok(Reply::Wrapped(json!({"return_sn": sn})))
    })
}

fn told(shop: &Shop, known: &Return) -> Value {
    let order = shop.orders.get(&known.order);
    let lines = order.map(|order| order.lines.as_slice()).unwrap_or_default();
    let mut refund = 0;
    let items: Vec<Value> = lines
        .iter()
        .filter_map(|line| {
            let amount = line.units.iter().filter(|unit| known.units.contains(&unit.id)).count() as i64;
            refund += amount * line.price;
            (amount > 0).then(|| {
                json!({
                    "item_id": line.item,
                    "model_id": wording::line_model_id(line),
                    "name": line.title,
                    "amount": amount,
                    "item_price": wording::money(line.price),
                    "variation_sku": if line.options.is_empty() { "" } else { line.seller_sku.as_str() },
                    "item_sku": if line.options.is_empty() { line.seller_sku.as_str() } else { "" },
                })
            })
        })
        .collect();
    json!({
        "return_sn": known.id.to_string(),
        "order_sn": known.order,
        "status": wording::return_status(known.status),
        "reason": "OTHER",
        "text_reason": known.reason,
        "refund_amount": wording::money(refund),
        "amount_before_discount": wording::money(refund),
        "currency": shop.currency,
        "create_time": seconds(known.created),
        "update_time": seconds(known.updated),
        "due_date": seconds(known.created) + 2 * 86_400,
        "needs_logistics": true,
        "tracking_number": "",
        "item": items,
        "user": {"username": order.map_or("", |order| order.buyer.as_str())},
    })
}

fn window(visit: &Visit<'_>, from: &str, to: &str) -> Result<Option<(i64, i64)>, Refusal> {
    match (number(visit, from)?, number(visit, to)?) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) if from <= to && to - from <= LONGEST_SPAN => Ok(Some((from, to))),
        _ => Err(Refusal::parameter("Both ends of the time are required, and at most 15 days between them.")),
    }
}

fn missing() -> Refusal {
    Refusal::new("returns.error_not_found", "The return is not found.")
}
