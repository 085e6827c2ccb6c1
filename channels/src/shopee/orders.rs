//! Orders and returns.

use onhand_connector::{Class, Failure, OrderPage, OrderWindow, RemoteOrder, RemoteReturn};

use super::map;
use super::session::Session;
use super::wire::{OrderList, Orders, Returns, Wrapped};
use crate::windows::Piece;

const LIST: &str = "/api/v2/order/get_order_list";
const DETAIL: &str = "/api/v2/order/get_order_detail";
const RETURNS: &str = "/api/v2/returns/get_return_list";

/// Longest span of one list, in seconds.
const LONGEST: i64 = 15 * 86_400;
const PAGE: usize = 100;
/// What the detail holds only when it is asked for.
const FIELDS: &str = "item_list,pay_time,cancel_by,cancel_reason,buyer_cancel_reason,package_list,total_amount,fulfillment_flag";

pub(super) async fn changed(
    session: &Session<'_>,
    window: OrderWindow,
    cursor: Option<&str>,
) -> Result<OrderPage, Failure> {
    let Some(piece) = Piece::at(window, LONGEST, cursor)? else {
        return Ok(OrderPage { references: Vec::new(), next: None });
    };
    let query = vec![
        ("time_range_field", "update_time".to_owned()),
        ("time_from", piece.from.to_string()),
        ("time_to", piece.to.to_string()),
        ("page_size", PAGE.to_string()),
        ("cursor", piece.cursor.clone()),
        ("response_optional_fields", "order_status".to_owned()),
        // Else orders that Shopee still checks look ready to ship.
        ("request_order_status_pending", "true".to_owned()),
    ];
    let list: Wrapped<OrderList> = session.get(LIST, query).await?.parse()?;
    let list = list.response;
    let theirs = list.more.0.then_some(list.next_cursor.0.as_str());
    Ok(OrderPage {
        references: list.order_list.0.into_iter().map(|order| order.order_sn.0).collect(),
        next: piece.next(theirs),
    })
}

pub(super) async fn fetch(session: &Session<'_>, references: &[String]) -> Result<Vec<RemoteOrder>, Failure> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let query = vec![
        ("order_sn_list", references.join(",")),
        ("response_optional_fields", FIELDS.to_owned()),
        ("request_order_status_pending", "true".to_owned()),
    ];
    match session.get(DETAIL, query).await {
        Ok(answer) => {
            let orders: Wrapped<Orders> = answer.parse()?;
            Ok(orders.response.order_list.0.iter().map(map::order).collect())
        }
        // One that does not exist is left out. Of several, the others may exist: the caller asks for them singly.
        Err(failure) if failure.class == Class::Gone && references.len() == 1 => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}

pub(super) async fn returns(
    session: &Session<'_>,
    window: OrderWindow,
) -> Result<Vec<RemoteReturn>, Failure> {
    let mut found = Vec::new();
    let mut piece = Piece::at(window, LONGEST, None)?;
    while let Some(current) = piece {
        let mut page = 0_u32;
        loop {
            let query = vec![
                ("page_no", page.to_string()),
                ("page_size", PAGE.to_string()),
                ("update_time_from", current.from.to_string()),
                ("update_time_to", current.to.to_string()),
            ];
            let list: Wrapped<Returns> = session.get(RETURNS, query).await?.parse()?;
            found.extend(list.response.list.0.iter().map(map::returned));
            if !list.response.more.0 || list.response.list.0.is_empty() {
                break;
            }
            page += 1;
        }
        piece = current.following();
    }
    Ok(found)
}
