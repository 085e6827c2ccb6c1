//! Orders and reservations with their lines. New ones are inserted in bulk; of those that change, only the lines that do.

use std::sync::LazyLock;

use onhand_rules::payment::write_payments;
use onhand_rules::{Order, OrderLine, Reservation, ReservationLine, Tracked};
use onhand_store::StoreError;
use rusqlite::{CachedStatement, Connection};

use super::{Sql, guard, run};
use crate::bulk::{Insert, bind};
use crate::fault::work;

static ORDER: LazyLock<Insert> = LazyLock::new(|| {
    Insert::into(
        "orders (channel, reference, state, payment, fulfilment, forced, late, payment_reference, currency,
         expires_at, created_at, updated_at, payments, version, id)",
    )
});

const UPDATE_ORDER: &str = "UPDATE orders SET channel = ?1, reference = ?2, state = ?3, payment = ?4, fulfilment = ?5,
    forced = ?6, late = ?7, payment_reference = ?8, currency = ?9, expires_at = ?10, created_at = ?11, updated_at = ?12,
    payments = ?13, version = ?14 WHERE id = ?15 AND version = ?16";

pub(super) fn write_orders(connection: &Connection, rows: &[Tracked<Order>]) -> Result<(), StoreError> {
    let (mut new, mut new_lines, mut changed_lines) = (Vec::new(), Vec::new(), Vec::new());
    let mut update = connection.prepare_cached(UPDATE_ORDER).map_err(work)?;
    for row in rows {
        let Some(order) = &row.now else { continue };
        if let Some(before) = &row.before {
            let changed = bind_order(&mut update, 0, order)
                .and_then(|()| update.raw_bind_parameter(16, before.version))
                .and_then(|()| update.raw_execute());
            guard(changed.map_err(work)?, || format!("order {}", order.id))?;
        } else {
            new.push(order);
        }
        order_lines(row.before.as_ref(), order, &mut new_lines, &mut changed_lines);
    }
    ORDER.all(connection, &new, |statement, base, order| bind_order(statement, base, order)).map_err(work)?;
    ORDER_LINE.all(connection, &new_lines, bind_order_line).map_err(work)?;
    let mut update = connection.prepare_cached(UPDATE_ORDER_LINE).map_err(work)?;
    for line in &changed_lines {
        let changed = bind_order_line(&mut update, 0, line).and_then(|()| update.raw_execute());
        guard(changed.map_err(work)?, || format!("a line of order {}", line.order.id))?;
    }
    Ok(())
}

fn bind_order(statement: &mut CachedStatement<'_>, base: usize, order: &Order) -> Sql<()> {
    bind!(
        statement,
        base,
        order.channel.as_str(),
        order.reference.as_deref(),
        order.state.name(),
        order.payment.name(),
        order.fulfilment.name(),
        order.forced,
        order.late,
        order.payment_reference.as_deref(),
        order.currency.as_deref(),
        order.expires_at,
        order.created_at,
        order.updated_at,
        write_payments(&order.payments),
        order.version,
        order.id.to_bytes(),
    );
    Ok(())
}

/// One line to be written.
struct LineOf<'r> {
    order: &'r Order,
    line: &'r OrderLine,
}

/// Sorts the lines of an order into new and changed ones; lines never go.
fn order_lines<'r>(
    before: Option<&Order>,
    order: &'r Order,
    new: &mut Vec<LineOf<'r>>,
    changed: &mut Vec<LineOf<'r>>,
) {
    for (index, line) in order.lines.iter().enumerate() {
        let row = LineOf { order, line };
        let is = |old: &OrderLine| (old.line, old.part) == (line.line, line.part);
        match before.and_then(|before| same_line(&before.lines, index, is)) {
            None => new.push(row),
            Some(old) if old == line => {}
            Some(_) => changed.push(row),
        }
    }
}

/// The line as it was: at the same place, as lines keep their order, else wherever it stands.
fn same_line<T>(lines: &[T], index: usize, is: impl Fn(&T) -> bool) -> Option<&T> {
    lines.get(index).filter(|line| is(line)).or_else(|| lines.iter().find(|line| is(line)))
}

static ORDER_LINE: LazyLock<Insert> = LazyLock::new(|| {
    Insert::into(
        "order_line (item, sku, location, per_item, ordered, reserved, allocated, short, shipped, cancelled, expired,
         returned, unit_minor, order_id, line, part)",
    )
});

const UPDATE_ORDER_LINE: &str =
    "UPDATE order_line SET item = ?1, sku = ?2, location = ?3, per_item = ?4, ordered = ?5,
    reserved = ?6, allocated = ?7, short = ?8, shipped = ?9, cancelled = ?10, expired = ?11, returned = ?12,
    unit_minor = ?13 WHERE order_id = ?14 AND line = ?15 AND part = ?16";

fn bind_order_line(statement: &mut CachedStatement<'_>, base: usize, row: &LineOf<'_>) -> Sql<()> {
    let line = row.line;
    bind!(
        statement,
        base,
        line.item.0,
        line.key.sku.0,
        line.key.location.0,
        line.per_item,
        line.ordered,
        line.reserved,
        line.allocated,
        line.short,
        line.shipped,
        line.cancelled,
        line.expired,
        line.returned,
        line.unit_minor,
        row.order.id.to_bytes(),
        line.line,
        line.part,
    );
    Ok(())
}

pub(super) fn write_reservations(
    connection: &Connection,
    rows: &[Tracked<Reservation>],
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO reservation (state, owner, order_id, expires_at, extensions, created_at, updated_at, version,
             id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .map_err(work)?;
    let mut update = connection
        .prepare_cached(
            "UPDATE reservation SET state = ?1, owner = ?2, order_id = ?3, expires_at = ?4, extensions = ?5,
             created_at = ?6, updated_at = ?7, version = ?8 WHERE id = ?9 AND version = ?10",
        )
        .map_err(work)?;
    let mut lines = ReservationLines::prepare(connection).map_err(work)?;
    for row in rows {
        let Some(reservation) = &row.now else { continue };
        let changed = match &row.before {
            None => put_reservation(&mut insert, reservation),
            Some(before) => update
                .raw_bind_parameter(10, before.version)
                .and_then(|()| put_reservation(&mut update, reservation)),
        };
        guard(changed.map_err(work)?, || format!("reservation {}", reservation.id))?;
        lines.write(row.before.as_ref(), reservation)?;
    }
    Ok(())
}

fn put_reservation(statement: &mut CachedStatement<'_>, row: &Reservation) -> Sql<usize> {
    run!(
        statement,
        row.state.name(),
        row.owner.as_deref(),
        row.order.map(|order| order.to_bytes()),
        row.expires_at,
        row.extensions,
        row.created_at,
        row.updated_at,
        row.version,
        row.id.to_bytes(),
    )
}

struct ReservationLines<'c> {
    insert: CachedStatement<'c>,
    update: CachedStatement<'c>,
}

impl<'c> ReservationLines<'c> {
    fn prepare(connection: &'c Connection) -> Sql<Self> {
        Ok(Self {
            insert: connection.prepare_cached(
                "INSERT INTO reservation_line (item, sku, location, per_item, quantity, allocated, released, expired,
                 reservation_id, line, part) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?,
            update: connection.prepare_cached(
                "UPDATE reservation_line SET item = ?1, sku = ?2, location = ?3, per_item = ?4, quantity = ?5,
                 allocated = ?6, released = ?7, expired = ?8
                 WHERE reservation_id = ?9 AND line = ?10 AND part = ?11",
            )?,
        })
    }

    fn write(&mut self, before: Option<&Reservation>, reservation: &Reservation) -> Result<(), StoreError> {
        for (index, line) in reservation.lines.iter().enumerate() {
            let is = |old: &ReservationLine| (old.line, old.part) == (line.line, line.part);
            let changed = match before.and_then(|before| same_line(&before.lines, index, is)) {
                None => put_reservation_line(&mut self.insert, reservation, line),
                Some(old) if old == line => continue,
                Some(_) => put_reservation_line(&mut self.update, reservation, line),
            };
            guard(changed.map_err(work)?, || {
                format!("line {} of reservation {}", line.line, reservation.id)
            })?;
        }
        Ok(())
    }
}

fn put_reservation_line(
    statement: &mut CachedStatement<'_>,
    reservation: &Reservation,
    line: &ReservationLine,
) -> Sql<usize> {
    run!(
        statement,
        line.item.0,
        line.key.sku.0,
        line.key.location.0,
        line.per_item,
        line.quantity,
        line.allocated,
        line.released,
        line.expired,
        reservation.id.to_bytes(),
        line.line,
        line.part,
    )
}
