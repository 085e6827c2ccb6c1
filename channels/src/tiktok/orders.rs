//! Orders and returns.

use onhand_connector::{Failure, OrderPage, OrderWindow, RemoteOrder, RemoteReturn};
use serde_json::json;

use super::map;
use super::session::Session;
use super::wire::{Data, OrderHeads, Orders, Returns};
use crate::windows::Piece;

const SEARCH: &str = "/order/202309/orders/search";
const DETAIL: &str = "/order/202507/orders";
const RETURNS: &str = "/return_refund/202309/returns/search";

/// No longest window is documented; a day at a time is careful.
const LONGEST: i64 = 86_400;
/// An order of many line items is long: a hundred of them may not fit into 1 MiB.
const PAGE: usize = 50;

pub(super) async fn changed(
    session: &Session<'_>,
    window: OrderWindow,
    cursor: Option<&str>,
) -> Result<OrderPage, Failure> {
    let Some(piece) = Piece::at(window, LONGEST, cursor)? else {
        return Ok(OrderPage { references: Vec::new(), next: None });
    };
    let mut query = vec![
        ("page_size", PAGE.to_string()),
        ("sort_field", "update_time".to_owned()),
        ("sort_order", "ASC".to_owned()),
    ];
    if !piece.cursor.is_empty() {
        query.push(("page_token", piece.cursor.clone()));
    }
    let body = json!({ "update_time_ge": piece.from, "update_time_lt": piece.to });
    let heads: Data<OrderHeads> = session.post(SEARCH, query, &body).await?.parse()?;
    let heads = heads.data;
    Ok(OrderPage {
        references: heads.orders.0.into_iter().map(|order| order.id.0).collect(),
        next: piece.next(Some(&heads.next_page_token.0)),
    })
}

pub(super) async fn fetch(session: &Session<'_>, references: &[String]) -> Result<Vec<RemoteOrder>, Failure> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let orders = by_id(session, references).await?;
    Ok(orders.orders.0.iter().map(map::order).collect())
}

pub(super) async fn by_id(session: &Session<'_>, references: &[String]) -> Result<Orders, Failure> {
    let query = vec![("ids", references.join(","))];
    let orders: Data<Orders> = session.get(DETAIL, query).await?.parse()?;
    Ok(orders.data)
}

pub(super) async fn returns(
    session: &Session<'_>,
    window: OrderWindow,
) -> Result<Vec<RemoteReturn>, Failure> {
    let mut found = Vec::new();
    let mut piece = Piece::at(window, LONGEST, None)?;
    while let Some(current) = piece {
        let body = json!({ "update_time_ge": current.from, "update_time_lt": current.to });
        let mut token = String::new();
        loop {
            let mut query = vec![("page_size", PAGE.to_string())];
            if !token.is_empty() {
                query.push(("page_token", token.clone()));
            }
            let list: Data<Returns> = session.post(RETURNS, query, &body).await?.parse()?;
            found.extend(list.data.return_orders.0.iter().map(map::returned));
            let next = list.data.next_page_token.0;
            if next.is_empty() || next == token {
                break;
            }
            token = next;
        }
        piece = current.following();
    }
    Ok(found)
}
