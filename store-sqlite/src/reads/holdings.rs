//! Orders, reservations and what they hold.

use onhand_rules::{Holder, Order, Reservation, StockKey};
use onhand_store::{HolderUnits, OrderFilter, Page, ReservationFilter};
use rusqlite::types::ToSql;
use rusqlite::{Connection, Row};

use super::{Sql, exactly, one_more};
use crate::load::{self, select};
use crate::rows;

/// Sorts before every id.
const FIRST: [u8; 16] = [0; 16];
/// Sorts after every id, being longer than the last.
const LAST: [u8; 17] = [0xff; 17];

pub(super) fn holders(
    c: &Connection,
    key: StockKey,
    after: Option<(Holder, i32, i32)>,
    limit: usize,
) -> Sql<Page<HolderUnits>> {
    // Orders come before reservations, so a page may begin in either.
    let (tag, id, line, part) = match after {
        None => (0, FIRST, 0, 0),
        Some((Holder::Order(id), line, part)) => (1, id.to_bytes(), line, part),
        Some((Holder::Reservation(id), line, part)) => (2, id.to_bytes(), line, part),
    };
    let mut statement = c.prepare_cached(
        "SELECT tag, id, line, part, reserved, allocated, due,
                CASE tag WHEN 1 THEN (SELECT reference FROM orders WHERE orders.id = found.id)
                         ELSE (SELECT owner FROM reservation WHERE reservation.id = found.id) END
         FROM (
             SELECT 1 AS tag, order_id AS id, line, part, reserved, allocated, due FROM order_line
             WHERE sku = ?1 AND location = ?2 AND reserved + allocated > 0
               AND ?3 < 2 AND (?3 < 1 OR (order_id, line, part) > (?4, ?5, ?6))
             UNION ALL
             SELECT 2, reservation_id, line, part, quantity - allocated - released, 0, due FROM reservation_line
             WHERE sku = ?1 AND location = ?2 AND quantity - allocated - released > 0
               AND (?3 < 2 OR (reservation_id, line, part) > (?4, ?5, ?6))
             ORDER BY 1, 2, 3, 4 LIMIT ?7
         ) AS found ORDER BY tag, id, line, part",
    )?;
    let values = (key.sku.0, key.location.0, tag, id, line, part, one_more(limit));
    let found = statement.query_map(values, holder_units)?;
    Ok(Page::of(found.collect::<Sql<_>>()?, limit))
}

fn holder_units(row: &Row<'_>) -> Sql<HolderUnits> {
    Ok(HolderUnits {
        holder: rows::holder(row.get(0)?, row.get(1)?),
        line: row.get(2)?,
        part: row.get(3)?,
        reserved: row.get(4)?,
        allocated: row.get(5)?,
        expires_at: row.get(6)?,
        reference: row.get(7)?,
    })
}

pub(super) fn orders(c: &Connection, filter: &OrderFilter, limit: usize) -> Sql<Page<Order>> {
    let mut sql = select(rows::ORDER, "orders WHERE id < ?");
    let before = filter.before.map_or_else(|| LAST.to_vec(), |id| id.to_bytes().to_vec());
    let state = filter.state.map(|state| state.name());
    let mut values: Vec<&dyn ToSql> = vec![&before];
    if let Some(state) = &state {
        sql.push_str(" AND state = ?");
        values.push(state);
    }
    if let Some(channel) = &filter.channel {
        sql.push_str(" AND channel = ?");
        values.push(channel);
    }
    if let Some(reference) = &filter.reference {
        sql.push_str(" AND reference = ?");
        values.push(reference);
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    let fetch = one_more(limit);
    values.push(&fetch);
    let mut statement = c.prepare_cached(&sql)?;
    let heads: Vec<Order> = statement.query_map(values.as_slice(), rows::order)?.collect::<Sql<_>>()?;
    let page = Page::of(heads, limit);
    Ok(Page {
        more: page.more,
        rows: page.rows.into_iter().map(|order| load::with_order_lines(c, order)).collect::<Sql<_>>()?,
    })
}

pub(super) fn reservations(
    c: &Connection,
    filter: &ReservationFilter,
    limit: usize,
) -> Sql<Page<Reservation>> {
    let mut sql = select(rows::RESERVATION, "reservation WHERE id < ?");
    let before = filter.before.map_or_else(|| LAST.to_vec(), |id| id.to_bytes().to_vec());
    let state = filter.state.map(|state| state.name());
    let mut values: Vec<&dyn ToSql> = vec![&before];
    if let Some(state) = &state {
        sql.push_str(" AND state = ?");
        values.push(state);
    }
    if let Some(owner) = &filter.owner {
        sql.push_str(" AND owner = ?");
        values.push(owner);
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    let fetch = one_more(limit);
    values.push(&fetch);
    let mut statement = c.prepare_cached(&sql)?;
    let heads: Vec<Reservation> =
        statement.query_map(values.as_slice(), rows::reservation)?.collect::<Sql<_>>()?;
    let page = Page::of(heads, limit);
    Ok(Page {
        more: page.more,
        rows: page
            .rows
            .into_iter()
            .map(|reservation| load::with_reservation_lines(c, reservation))
            .collect::<Sql<_>>()?,
    })
}

pub(super) fn next_due(c: &Connection) -> Sql<Option<i64>> {
    let mut statement = c.prepare_cached(
        "SELECT min(due) FROM (
             SELECT min(expires_at) AS due FROM orders WHERE state = 'pending'
             UNION ALL
             SELECT min(expires_at) FROM reservation WHERE state = 'held'
         )",
    )?;
    statement.query_row([], |row| row.get(0))
}

pub(super) fn due(c: &Connection, now: i64, limit: usize) -> Sql<Vec<Holder>> {
    let mut statement = c.prepare_cached(
        "SELECT 1 AS tag, id, expires_at FROM orders WHERE state = 'pending' AND expires_at <= ?1
         UNION ALL
         SELECT 2, id, expires_at FROM reservation WHERE state = 'held' AND expires_at <= ?1
         ORDER BY 3, 1, 2 LIMIT ?2",
    )?;
    statement.query_map((now, exactly(limit)), |row| Ok(rows::holder(row.get(0)?, row.get(1)?)))?.collect()
}
