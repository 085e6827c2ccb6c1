//! Orders and returns.

use onhand_connector::{Class, Failure, OrderPage, OrderWindow, RemoteOrder, RemoteReturn, RemoteStatus};
use serde_json::json;

use super::session::Session;
use super::wire::{Data, OrderFlags, OrderItems, OrderList, Reverse, ReverseAnswer};
use super::{map, time};

const LIST: &str = "/orders/get";
const ORDER: &str = "/order/get";
const ITEMS: &str = "/orders/items/get";
const REVERSE: &str = "/reverse/getreverseordersforseller";

/// Orders on a page.
const PAGE: usize = 100;
const REVERSE_PAGE: usize = 50;

/// Pages by the time of the last change rather than by offset: an order that changes meanwhile moves to the end, which
/// would push others over the border of a page unseen. The offset only counts orders of the same second.
pub(super) async fn changed(
    session: &Session<'_>,
    window: OrderWindow,
    cursor: Option<&str>,
) -> Result<OrderPage, Failure> {
    let (after, offset) = place(window, cursor)?;
    if after >= window.until {
        return Ok(OrderPage { references: Vec::new(), next: None });
    }
    let moment = |at: i64| {
        time::write(at).ok_or_else(|| Failure::new(Class::Invalid, "window", "the window is out of range"))
    };
    let query = vec![
        ("update_after", moment(after)?),
        ("update_before", moment(window.until.saturating_add(999))?),
        ("sort_by", "updated_at".to_owned()),
        ("sort_direction", "ASC".to_owned()),
        ("offset", offset.to_string()),
        ("limit", PAGE.to_string()),
    ];
    let list: Data<OrderList> = session.get(LIST, query).await?.parse()?;
    let orders = list.data.orders.0;
    let last = orders.last().and_then(|order| time::read(&order.updated_at.0));
    let next = if orders.len() < PAGE {
        None
    } else {
        match last {
            Some(last) if last / 1000 > after / 1000 => Some(format!("{last}|0")),
            _ => Some(format!("{after}|{}", offset + PAGE)),
        }
    };
    Ok(OrderPage { references: orders.into_iter().map(|order| order.order_id.0).collect(), next })
}

fn place(window: OrderWindow, cursor: Option<&str>) -> Result<(i64, usize), Failure> {
    let Some(cursor) = cursor else { return Ok((window.since, 0)) };
    let read = || {
        let (after, offset) = cursor.split_once('|')?;
        Some((after.parse().ok()?, offset.parse().ok()?))
    };
    read().ok_or_else(|| Failure::new(Class::Invalid, "cursor", "this is not a cursor of this window"))
}

/// The items say all that matters: one request for fifty orders.
pub(super) async fn fetch(session: &Session<'_>, references: &[String]) -> Result<Vec<RemoteOrder>, Failure> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    match items(session, references).await {
        Ok(orders) => {
            let there = orders.iter().filter(|order| !order.order_items.0.is_empty());
            let mut orders: Vec<RemoteOrder> = there.map(map::order).collect();
            if let [order] = orders.as_mut_slice()
                && matches!(order.status, RemoteStatus::Pending | RemoteStatus::Confirmed)
            {
                order.flags.cancel_requested = is_to_be_cancelled(session, &order.reference).await;
            }
            Ok(orders)
        }
        // One that does not exist is left out. Of several, the others may exist: the caller asks for them singly.
        Err(failure) if failure.class == Class::Gone && references.len() == 1 => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

/// Whether the buyer wants to cancel, which the items do not say: one more request, so only for an order that is asked for
/// by itself, as after the message of it. That this cannot be learned is no reason not to know the order.
async fn is_to_be_cancelled(session: &Session<'_>, reference: &str) -> Option<bool> {
    let answer = session.get(ORDER, vec![("order_id", reference.to_owned())]).await.ok()?;
    let flags = answer.parse::<Data<OrderFlags>>().ok()?.data;
    Some(flags.need_cancel_confirm.0 || flags.is_cancel_pending.0)
}

pub(super) async fn items(session: &Session<'_>, references: &[String]) -> Result<Vec<OrderItems>, Failure> {
    let numbers = references.iter().map(|reference| reference.parse::<u64>());
    let numbers = numbers
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Failure::new(Class::Invalid, "not_a_number", "an id of Lazada must be a number"))?;
    let query = vec![("order_ids", json!(numbers).to_string())];
    let orders: Data<Vec<OrderItems>> = session.get(ITEMS, query).await?.parse()?;
    Ok(orders.data)
}

pub(super) async fn returns(
    session: &Session<'_>,
    window: OrderWindow,
) -> Result<Vec<RemoteReturn>, Failure> {
    let bounds = vec![
        ("ReverseOrderLineModifiedTimeRangeStart", window.since.to_string()),
        ("ReverseOrderLineModifiedTimeRangeEnd", window.until.to_string()),
    ];
    let found = reverse(session, bounds).await?;
    // A wish to cancel is no return: nothing comes back.
    Ok(found.iter().filter(|one| one.request_type.0 != "CANCEL").map(map::returned).collect())
}

/// All pages.
pub(super) async fn reverse(
    session: &Session<'_>,
    bounds: Vec<(&str, String)>,
) -> Result<Vec<Reverse>, Failure> {
    let mut found = Vec::new();
    let mut page = 1_u32;
    loop {
        let mut query = bounds.clone();
        query.extend([("page_no", page.to_string()), ("page_size", REVERSE_PAGE.to_string())]);
        let answer: ReverseAnswer = session.get(REVERSE, query).await?.parse()?;
        let list = answer.result;
        let count = list.items.0.len();
        found.extend(list.items.0);
        let total = usize::try_from(list.total.0).unwrap_or(0);
        if count == 0 || found.len() >= total {
            return Ok(found);
        }
        page += 1;
    }
}
