//! Reading rows by key; the write side and the read side share it.

use onhand_rules::{Order, OrderId, Reservation, ReservationId};
use rusqlite::{Connection, OptionalExtension, Result};

use crate::rows;

/// Builds a `SELECT` at compile time of the list of columns and the rest.
pub(crate) fn select(columns: &str, rest: &str) -> String {
    format!("SELECT {columns} FROM {rest}")
}

/// An order with its lines.
pub(crate) fn order(connection: &Connection, id: OrderId) -> Result<Option<Order>> {
    let found = connection
        .prepare_cached(&select(rows::ORDER, "orders WHERE id = ?1"))?
        .query_row([id.to_bytes()], rows::order)
        .optional()?;
    found.map(|order| with_order_lines(connection, order)).transpose()
}

/// Adds the lines of an order.
pub(crate) fn with_order_lines(connection: &Connection, mut order: Order) -> Result<Order> {
    let sql = select(rows::ORDER_LINE, "order_line WHERE order_id = ?1 ORDER BY line, part");
    let mut statement = connection.prepare_cached(&sql)?;
    let lines = statement.query_map([order.id.to_bytes()], rows::order_line)?;
    order.lines = lines.collect::<Result<_>>()?;
    Ok(order)
}

/// A reservation with its lines.
pub(crate) fn reservation(connection: &Connection, id: ReservationId) -> Result<Option<Reservation>> {
    let found = connection
        .prepare_cached(&select(rows::RESERVATION, "reservation WHERE id = ?1"))?
        .query_row([id.to_bytes()], rows::reservation)
        .optional()?;
    found.map(|reservation| with_reservation_lines(connection, reservation)).transpose()
}

/// Adds the lines of a reservation.
pub(crate) fn with_reservation_lines(
    connection: &Connection,
    mut reservation: Reservation,
) -> Result<Reservation> {
    let sql =
        select(rows::RESERVATION_LINE, "reservation_line WHERE reservation_id = ?1 ORDER BY line, part");
    let mut statement = connection.prepare_cached(&sql)?;
    let lines = statement.query_map([reservation.id.to_bytes()], rows::reservation_line)?;
    reservation.lines = lines.collect::<Result<_>>()?;
    Ok(reservation)
}
