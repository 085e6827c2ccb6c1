//! Orders, reservations and what they hold.

use onhand_rules::{Holder, Order, Reservation, StockKey};
use onhand_store::{HolderUnits, OrderFilter, Page, ReservationFilter};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Sql, exactly, one_more};
use crate::load::{self, select};
use crate::rows;

/// Sorts before every id.
const FIRST: [u8; 16] = [0; 16];
/// Sorts after every id, being longer than the last.
const LAST: [u8; 17] = [0xff; 17];

/// Walks the orders and reservations that hold anything, and stops as soon as what it found explains the figures.
pub(super) fn holders(
    c: &Connection,
    key: StockKey,
    after: Option<(Holder, i32, i32)>,
    limit: usize,
) -> Sql<Page<HolderUnits>> {
    let promised: Option<i64> = c
        .prepare_cached("SELECT reserved + allocated FROM stock WHERE sku = ?1 AND location = ?2")?
        .query_row([key.sku.0, key.location.0], |row| row.get(0))
        .optional()?;
    // A later page does not know what the pages before it explained, so it walks to the end.
    let mut unexplained = if after.is_none() { promised.unwrap_or(0) } else { i64::MAX };
    let mut found: Vec<HolderUnits> = Vec::new();
    // Orders come before reservations, so a page may begin in either.
    for (tag, sql) in [(1, OPEN_ORDERS), (2, OPEN_RESERVATIONS)] {
        let (id, line, part) = match after {
            Some((Holder::Order(id), line, part)) if tag == 1 => (id.to_bytes(), line, part),
            Some((Holder::Reservation(_), _, _)) if tag == 1 => continue,
            Some((Holder::Reservation(id), line, part)) => (id.to_bytes(), line, part),
            _ => (FIRST, 0, 0),
        };
        let mut statement = c.prepare_cached(sql)?;
        let mut rows = statement.query((key.sku.0, key.location.0, id, line, part))?;
        while unexplained > 0
            && found.len() <= limit
            && let Some(row) = rows.next()?
        {
            let units = holder_units(row)?;
            unexplained -= units.reserved + units.allocated;
            found.push(units);
        }
    }
    Ok(Page::of(found, limit))
}

const OPEN_ORDERS: &str = "SELECT 1, id, line, part, reserved, allocated,
        CASE WHEN state = 'pending' AND reserved > 0 THEN expires_at END, reference
    FROM orders INDEXED BY orders_open CROSS JOIN order_line ON order_id = id
    WHERE state IN ('pending', 'confirmed', 'processing') AND id >= ?3
      AND sku = ?1 AND location = ?2 AND reserved + allocated > 0 AND (id, line, part) > (?3, ?4, ?5)
    ORDER BY id, line, part";

const OPEN_RESERVATIONS: &str =
    "SELECT 2, id, line, part, quantity - line.allocated - released, 0, expires_at, owner
    FROM reservation INDEXED BY reservation_due CROSS JOIN reservation_line AS line ON reservation_id = id
    WHERE state = 'held' AND sku = ?1 AND location = ?2 AND quantity - line.allocated - released > 0
      AND (id, line, part) > (?3, ?4, ?5)
    ORDER BY id, line, part";

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

/// The channels of all orders that have a reference, each found by one step in the index, which begins with the channel.
const CHANNELS: &str = "WITH RECURSIVE known (channel) AS (
        SELECT min(channel) FROM orders INDEXED BY orders_reference WHERE reference IS NOT NULL
        UNION ALL
        SELECT (SELECT min(channel) FROM orders INDEXED BY orders_reference
                WHERE reference IS NOT NULL AND channel > known.channel)
        FROM known WHERE known.channel IS NOT NULL
    ) ";

/// A reference is looked up in each channel: there are a handful of them, and there may be millions of orders. An index by
/// the reference alone would cost every order a page of its own.
fn orders_sql(filter: &OrderFilter) -> String {
    let every_channel = filter.reference.is_some() && filter.channel.is_none();
    let mut sql = if every_channel { CHANNELS.to_owned() } else { String::new() };
    let from = match filter {
        OrderFilter { reference: Some(_), .. } => "orders INDEXED BY orders_reference",
        OrderFilter { money_due: true, .. } => "orders INDEXED BY orders_money",
        _ => "orders",
    };
    sql.push_str(&select(rows::ORDER, &format!("{from} WHERE id < ?")));
    if filter.state.is_some() {
        sql.push_str(" AND state = ?");
    }
    if filter.money_due {
        sql.push_str(" AND payment IN ('refund_pending', 'part_refund_pending', 'disputed')");
    }
    if filter.channel.is_some() {
        sql.push_str(" AND channel = ?");
    }
    if every_channel {
        sql.push_str(" AND channel IN (SELECT channel FROM known)");
    }
    if filter.reference.is_some() {
        sql.push_str(" AND reference = ?");
    }
    sql.push_str(" ORDER BY id DESC LIMIT ?");
    sql
}

pub(super) fn orders(c: &Connection, filter: &OrderFilter, limit: usize) -> Sql<Page<Order>> {
    let before = filter.before.map_or_else(|| LAST.to_vec(), |id| id.to_bytes().to_vec());
    let state = filter.state.map(|state| state.name());
    let mut values: Vec<&dyn ToSql> = vec![&before];
    values.extend(state.iter().map(|state| state as &dyn ToSql));
    values.extend(filter.channel.iter().map(|channel| channel as &dyn ToSql));
    values.extend(filter.reference.iter().map(|reference| reference as &dyn ToSql));
    let fetch = one_more(limit);
    values.push(&fetch);
    let mut statement = c.prepare_cached(&orders_sql(filter))?;
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

pub(super) fn market_holds(c: &Connection, until: i64, limit: usize) -> Sql<Vec<(String, String)>> {
    let mut statement = c.prepare_cached(
        "SELECT channel, reference FROM orders
         WHERE state = 'pending' AND expires_at <= ?1 AND forced = 1 AND reference IS NOT NULL
         ORDER BY expires_at, id LIMIT ?2",
    )?;
    statement.query_map((until, exactly(limit)), |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

#[cfg(test)]
mod tests {
    use onhand_rules::order::OrderState;

    use super::*;

    #[test]
    fn a_reference_is_looked_up_and_never_searched_for() {
        let mut c = Connection::open_in_memory().unwrap();
        crate::migrate::apply(&mut c, crate::migrate::MIGRATIONS, 0).unwrap();
        for (channel, state) in [
            (None, None),
            (Some("web"), None),
            (None, Some(OrderState::Pending)),
            (Some("web"), Some(OrderState::Pending)),
        ] {
            let reference = Some("R-9".to_owned());
            let filter = OrderFilter {
                channel: channel.map(str::to_owned),
                reference,
                state,
                ..OrderFilter::default()
            };
            let sql = format!("EXPLAIN QUERY PLAN {}", orders_sql(&filter));
            let mut explained = c.prepare(&sql).unwrap();
            let values = vec![rusqlite::types::Null; explained.parameter_count()];
            let steps = explained
                .query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3))
                .unwrap();
            let steps: Vec<String> =
                steps.map(Result::unwrap).filter(|step| step.contains("orders")).collect();
            let looks_up =
                |step: &String| step.starts_with("SEARCH orders") && step.contains("INDEX orders_reference");
            assert!(steps.iter().all(looks_up), "{filter:?}: {steps:?}");
            let both = |step: &&String| step.contains("(channel=? AND reference=?");
            assert_eq!(steps.iter().filter(both).count(), 1, "{filter:?}: {steps:?}");
        }
    }
}
