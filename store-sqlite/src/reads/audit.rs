//! Everything there is, page by page, for `verify` and `dump`.

use onhand_rules::{Order, OrderId, Reservation, ReservationId, StockKey};
use onhand_store::{OpKey, OpRow, StockAudit};
use rusqlite::Connection;

use super::{Sql, exactly};
use crate::load::{self, select};
use crate::reads::stock::{view, view_columns};
use crate::rows::{self, STOCK_WIDTH};

/// Messages of the database's own check; more than these tell nothing new.
const MESSAGES_MAX: i64 = 100;

/// What open orders and reservations say, by stock row. One that is not open and holds units nevertheless is found by
/// looking at it alone (I4, I9).
const HELD: &str = "WITH held AS (
        SELECT sku, location, sum(reserved) AS reserved, sum(allocated) AS allocated FROM (
            SELECT sku, location, reserved, allocated
            FROM orders INDEXED BY orders_open CROSS JOIN order_line ON order_id = id
            WHERE state IN ('pending', 'confirmed', 'processing')
            UNION ALL
            SELECT sku, location, quantity - line.allocated - released, 0
            FROM reservation INDEXED BY reservation_due CROSS JOIN reservation_line AS line ON reservation_id = id
            WHERE state = 'held'
        ) GROUP BY sku, location
    )";

pub(super) fn stock(c: &Connection, after: Option<StockKey>, limit: usize) -> Sql<Vec<StockAudit>> {
    let columns = format!("{}, coalesce(held.reserved, 0), coalesce(held.allocated, 0)", view_columns());
    let body = select(
        &columns,
        "stock CROSS JOIN sku ON sku.id = stock.sku CROSS JOIN location ON location.id = stock.location
         LEFT JOIN held ON held.sku = stock.sku AND held.location = stock.location
         WHERE (stock.sku, stock.location) > (?1, ?2) ORDER BY stock.sku, stock.location LIMIT ?3",
    );
    let sql = format!("{HELD} {body}");
    let (sku, location) = after.map_or((i64::MIN, i64::MIN), |key| (key.sku.0, key.location.0));
    let mut statement = c.prepare_cached(&sql)?;
    statement
        .query_map((sku, location, exactly(limit)), |row| {
            Ok(StockAudit {
                view: view(row)?,
                reserved_by_holders: row.get(STOCK_WIDTH + 2)?,
                allocated_by_holders: row.get(STOCK_WIDTH + 3)?,
            })
        })?
        .collect()
}

pub(super) fn orders(c: &Connection, after: Option<OrderId>, limit: usize) -> Sql<Vec<Order>> {
    let sql = select(rows::ORDER, "orders WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut statement = c.prepare_cached(&sql)?;
    let heads: Vec<Order> = statement
        .query_map((key_after(after.map(OrderId::to_bytes)), exactly(limit)), rows::order)?
        .collect::<Sql<_>>()?;
    heads.into_iter().map(|order| load::with_order_lines(c, order)).collect()
}

pub(super) fn reservations(
    c: &Connection,
    after: Option<ReservationId>,
    limit: usize,
) -> Sql<Vec<Reservation>> {
    let sql = select(rows::RESERVATION, "reservation WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut statement = c.prepare_cached(&sql)?;
    let heads: Vec<Reservation> = statement
        .query_map((key_after(after.map(ReservationId::to_bytes)), exactly(limit)), rows::reservation)?
        .collect::<Sql<_>>()?;
    heads.into_iter().map(|reservation| load::with_reservation_lines(c, reservation)).collect()
}

/// The key to go on after; the empty one comes before all others.
fn key_after(id: Option<[u8; 16]>) -> Vec<u8> {
    id.map(Vec::from).unwrap_or_default()
}

pub(super) fn ops(c: &Connection, after: Option<&OpKey>, limit: usize) -> Sql<Vec<OpRow>> {
    let sql = select(
        rows::OP,
        "op WHERE (principal, kind, key) > (?1, ?2, ?3) ORDER BY principal, kind, key LIMIT ?4",
    );
    let (principal, kind, key) =
        after.map_or((i64::MIN, 0, ""), |after| (after.principal.0, after.kind, after.key.as_str()));
    let mut statement = c.prepare_cached(&sql)?;
    statement.query_map((principal, kind, key, exactly(limit)), rows::op)?.collect()
}

/// SQLite's own check of pages, indexes and constraints; empty when all is well.
pub(crate) fn integrity(c: &Connection) -> Sql<Vec<String>> {
    let mut statement = c.prepare(&format!("PRAGMA integrity_check({MESSAGES_MAX})"))?;
    let messages: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Sql<_>>()?;
    Ok(messages.into_iter().filter(|message| message != "ok").collect())
}
