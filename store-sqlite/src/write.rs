//! Writing what a batch changed. Each table has one statement, prepared once and run for every row.

use std::sync::LazyLock;

use onhand_rules::access::ApiKey;
use onhand_rules::order::OrderState;
use onhand_rules::reservation::ReservationState;
use onhand_rules::working::Counters;
use onhand_rules::{
    Changes, Event, Location, Movement, Order, OrderLine, Reservation, ReservationLine, Sku, Stock, Tracked,
};
use onhand_store::{OpRow, StoreError};
use rusqlite::{CachedStatement, Connection};

use crate::bulk::{Insert, bind};
use crate::fault::work;
use crate::rows::{holder_bytes, holder_of_event};

/// Binds parameters from the first on and runs the statement; yields the number of rows it changed.
macro_rules! run {
    ($statement:expr, $($value:expr),+ $(,)?) => {{
        let mut place = 0usize;
        $(
            place += 1;
            $statement.raw_bind_parameter(place, $value)?;
        )+
        $statement.raw_execute()
    }};
}

type Sql<T> = rusqlite::Result<T>;

/// A row that should be as it was loaded, and is not.
fn guard(changed: usize, what: impl FnOnce() -> String) -> Result<(), StoreError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::Conflict(format!("{} is not as it was loaded", what())))
    }
}

/// Writes everything but the events.
pub(crate) fn write(connection: &Connection, changes: &Changes, ops: &[OpRow]) -> Result<(), StoreError> {
    if let Some(next) = &changes.counters {
        counters(connection, next).map_err(work)?;
    }
    for row in &changes.skus {
        write_sku(connection, row)?;
    }
    for row in &changes.locations {
        write_location(connection, row)?;
    }
    write_stock(connection, &changes.stock)?;
    movements(connection, &changes.movements).map_err(work)?;
    write_orders(connection, &changes.orders)?;
    write_reservations(connection, &changes.reservations)?;
    for row in &changes.api_keys {
        write_api_key(connection, row)?;
    }
    write_ops(connection, ops).map_err(work)
}

fn counters(connection: &Connection, next: &Counters) -> Sql<()> {
    connection
        .prepare_cached("UPDATE counters SET next_sku = ?1, next_location = ?2, next_principal = ?3")?
        .execute((next.next_sku, next.next_location, next.next_principal))
        .map(|_| ())
}

fn write_sku(connection: &Connection, row: &Tracked<Sku>) -> Result<(), StoreError> {
    let Some(sku) = &row.now else { return Ok(()) };
    let components = if sku.components.is_empty() {
        None
    } else {
        let json = serde_json::to_string(&sku.components);
        Some(json.map_err(|error| StoreError::Rejected(error.to_string()))?)
    };
    let changed =
        put_sku(connection, sku, components, row.before.as_ref().map(|b| b.version)).map_err(work)?;
    guard(changed, || format!("SKU {}", sku.code))
}

fn put_sku(
    connection: &Connection,
    sku: &Sku,
    components: Option<String>,
    loaded: Option<i64>,
) -> Sql<usize> {
    let sql = match loaded {
        None => {
            "INSERT INTO sku (code, name, components, backorder_limit, archived, version, created_at, updated_at, id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
        }
        Some(_) => {
            "UPDATE sku SET code = ?1, name = ?2, components = ?3, backorder_limit = ?4, archived = ?5, version = ?6,
             created_at = ?7, updated_at = ?8 WHERE id = ?9 AND version = ?10"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    if let Some(version) = loaded {
        statement.raw_bind_parameter(10, version)?;
    }
    run!(
        statement,
        sku.code.as_str(),
        sku.name.as_str(),
        components,
        sku.backorder_limit,
        sku.archived,
        sku.version,
        sku.created_at,
        sku.updated_at,
        sku.id.0,
    )
}

fn write_location(connection: &Connection, row: &Tracked<Location>) -> Result<(), StoreError> {
    let Some(location) = &row.now else { return Ok(()) };
    let changed = put_location(connection, location, row.before.as_ref().map(|b| b.version)).map_err(work)?;
    guard(changed, || format!("location {}", location.code))
}

fn put_location(connection: &Connection, location: &Location, loaded: Option<i64>) -> Sql<usize> {
    let sql = match loaded {
        None => {
            "INSERT INTO location (code, name, archived, version, created_at, id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        }
        Some(_) => {
            "UPDATE location SET code = ?1, name = ?2, archived = ?3, version = ?4, created_at = ?5
             WHERE id = ?6 AND version = ?7"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    if let Some(version) = loaded {
        statement.raw_bind_parameter(7, version)?;
    }
    run!(
        statement,
        location.code.as_str(),
        location.name.as_str(),
        location.archived,
        location.version,
        location.created_at,
        location.id.0,
    )
}

fn write_stock(connection: &Connection, rows: &[Tracked<Stock>]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO stock (on_hand, reserved, allocated, unavailable, backorder_limit, version, changed_at, head,
             sku, location) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .map_err(work)?;
    let mut update = connection
        .prepare_cached(
            "UPDATE stock SET on_hand = ?1, reserved = ?2, allocated = ?3, unavailable = ?4, backorder_limit = ?5,
             version = ?6, changed_at = ?7, head = ?8 WHERE sku = ?9 AND location = ?10 AND version = ?11",
        )
        .map_err(work)?;
    for row in rows {
        let Some(stock) = &row.now else { continue };
        let changed = match &row.before {
            None => put_stock(&mut insert, stock),
            Some(before) => {
                update.raw_bind_parameter(11, before.version).and_then(|()| put_stock(&mut update, stock))
            }
        };
        guard(changed.map_err(work)?, || {
            format!("stock of SKU {} at location {}", stock.key.sku.0, stock.key.location.0)
        })?;
    }
    Ok(())
}

fn put_stock(statement: &mut CachedStatement<'_>, stock: &Stock) -> Sql<usize> {
    run!(
        statement,
        stock.figures.on_hand,
        stock.figures.reserved,
        stock.figures.allocated,
        stock.figures.unavailable,
        stock.backorder_limit,
        stock.version,
        stock.changed_at,
        stock.head,
        stock.key.sku.0,
        stock.key.location.0,
    )
}

static MOVEMENT: LazyLock<Insert> = LazyLock::new(|| {
    Insert::into(
        "movement (sku, location, version, kind, d_on_hand, d_reserved, d_allocated, d_unavailable, on_hand, reserved,
         allocated, unavailable, backorder_limit, holder, op, actor, reason, note, at, hash)",
    )
});

fn movements(connection: &Connection, rows: &[Movement]) -> Sql<()> {
    MOVEMENT.all(connection, rows, |statement, base, row| {
        bind!(
            statement,
            base,
            row.key.sku.0,
            row.key.location.0,
            row.version,
            row.kind as u8,
            row.delta.on_hand,
            row.delta.reserved,
            row.delta.allocated,
            row.delta.unavailable,
            row.after.on_hand,
            row.after.reserved,
            row.after.allocated,
            row.after.unavailable,
            row.backorder_limit,
            row.holder.map(holder_bytes),
            row.op.to_bytes(),
            row.actor.0,
            row.reason.as_deref(),
            row.note.as_deref(),
            row.at,
            row.hash,
        );
        Ok(())
    })
}

/// When a line's hold ends. Standing in the line, it finds overdue holders of a stock row without reading the others.
fn due_of_order(order: &Order, line: &OrderLine) -> Option<i64> {
    (order.state == OrderState::Pending && line.reserved > 0).then_some(order.expires_at).flatten()
}

fn due_of_reservation(reservation: &Reservation, line: &ReservationLine) -> Option<i64> {
    (reservation.state == ReservationState::Held && line.outstanding() > 0).then_some(reservation.expires_at)
}

static ORDER: LazyLock<Insert> = LazyLock::new(|| {
    Insert::into(
        "orders (channel, reference, state, payment, fulfilment, forced, late, payment_reference, currency,
         expires_at, created_at, updated_at, version, id)",
    )
});

const UPDATE_ORDER: &str = "UPDATE orders SET channel = ?1, reference = ?2, state = ?3, payment = ?4, fulfilment = ?5,
    forced = ?6, late = ?7, payment_reference = ?8, currency = ?9, expires_at = ?10, created_at = ?11, updated_at = ?12,
    version = ?13 WHERE id = ?14 AND version = ?15";

fn write_orders(connection: &Connection, rows: &[Tracked<Order>]) -> Result<(), StoreError> {
    let (mut new, mut new_lines, mut changed_lines) = (Vec::new(), Vec::new(), Vec::new());
    let mut update = connection.prepare_cached(UPDATE_ORDER).map_err(work)?;
    for row in rows {
        let Some(order) = &row.now else { continue };
        if let Some(before) = &row.before {
            let changed = bind_order(&mut update, 0, order)
                .and_then(|()| update.raw_bind_parameter(15, before.version))
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
        order.version,
        order.id.to_bytes(),
    );
    Ok(())
}

/// One line to be written.
struct LineOf<'r> {
    order: &'r Order,
    line: &'r OrderLine,
    due: Option<i64>,
}

/// Sorts the lines of an order into new and changed ones; lines never go.
fn order_lines<'r>(
    before: Option<&Order>,
    order: &'r Order,
    new: &mut Vec<LineOf<'r>>,
    changed: &mut Vec<LineOf<'r>>,
) {
    for (index, line) in order.lines.iter().enumerate() {
        let due = due_of_order(order, line);
        let row = LineOf { order, line, due };
        let old = before.and_then(|before| {
            let is = |old: &OrderLine| (old.line, old.part) == (line.line, line.part);
            let old = same_line(&before.lines, index, is)?;
            Some((old, due_of_order(before, old)))
        });
        match old {
            None => new.push(row),
            Some((old, was_due)) if old == line && was_due == due => {}
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
         returned, unit_minor, due, order_id, line, part)",
    )
});

const UPDATE_ORDER_LINE: &str =
    "UPDATE order_line SET item = ?1, sku = ?2, location = ?3, per_item = ?4, ordered = ?5,
    reserved = ?6, allocated = ?7, short = ?8, shipped = ?9, cancelled = ?10, expired = ?11, returned = ?12,
    unit_minor = ?13, due = ?14 WHERE order_id = ?15 AND line = ?16 AND part = ?17";

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
        row.due,
        row.order.id.to_bytes(),
        line.line,
        line.part,
    );
    Ok(())
}

fn write_reservations(connection: &Connection, rows: &[Tracked<Reservation>]) -> Result<(), StoreError> {
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
                 due, reservation_id, line, part) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?,
            update: connection.prepare_cached(
                "UPDATE reservation_line SET item = ?1, sku = ?2, location = ?3, per_item = ?4, quantity = ?5,
                 allocated = ?6, released = ?7, expired = ?8, due = ?9
                 WHERE reservation_id = ?10 AND line = ?11 AND part = ?12",
            )?,
        })
    }

    fn write(&mut self, before: Option<&Reservation>, reservation: &Reservation) -> Result<(), StoreError> {
        for (index, line) in reservation.lines.iter().enumerate() {
            let due = due_of_reservation(reservation, line);
            let known = before.and_then(|before| {
                let old =
                    same_line(&before.lines, index, |old| (old.line, old.part) == (line.line, line.part))?;
                Some((old, due_of_reservation(before, old)))
            });
            let changed = match known {
                None => put_reservation_line(&mut self.insert, reservation, line, due),
                Some((old, was_due)) if old == line && was_due == due => continue,
                Some(_) => put_reservation_line(&mut self.update, reservation, line, due),
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
    due: Option<i64>,
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
        due,
        reservation.id.to_bytes(),
        line.line,
        line.part,
    )
}

fn write_api_key(connection: &Connection, row: &Tracked<ApiKey>) -> Result<(), StoreError> {
    let Some(key) = &row.now else { return Ok(()) };
    let changed = put_api_key(connection, key, row.before.is_none()).map_err(work)?;
    guard(changed, || format!("API key {}", key.id))
}

fn put_api_key(connection: &Connection, key: &ApiKey, new: bool) -> Sql<usize> {
    let sql = if new {
        "INSERT INTO api_key (principal, name, hash, scopes, created_at, expires_at, revoked_at, id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    } else {
        "UPDATE api_key SET principal = ?1, name = ?2, hash = ?3, scopes = ?4, created_at = ?5, expires_at = ?6,
         revoked_at = ?7 WHERE id = ?8"
    };
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    let mut statement = connection.prepare_cached(sql)?;
    run!(
        statement,
        key.principal.0,
        key.name.as_str(),
        key.hash,
        scopes.join(" "),
        key.created_at,
        key.expires_at,
        key.revoked_at,
        key.id.to_bytes(),
    )
}

static OP: LazyLock<Insert> =
    LazyLock::new(|| Insert::into("op (principal, kind, key, id, fingerprint, outcome, at)"));

fn write_ops(connection: &Connection, ops: &[OpRow]) -> Sql<()> {
    OP.all(connection, ops, |statement, base, row| {
        bind!(
            statement,
            base,
            row.key.principal.0,
            row.key.kind,
            row.key.key.as_str(),
            row.id.to_bytes(),
            row.fingerprint,
            row.outcome.to_json(),
            row.at,
        );
        Ok(())
    })
}

static EVENT: LazyLock<Insert> =
    LazyLock::new(|| Insert::into("event (number, holder, data, op, actor, trace, at)"));

/// Writes events with numbers from `first` on. With one writer the numbers are known before the commit.
pub(crate) fn events(connection: &Connection, rows: &[Event], first: i64, at: i64) -> Result<(), StoreError> {
    let mut number = first;
    let mut data = Vec::with_capacity(512);
    let put = |statement: &mut CachedStatement<'_>, base: usize, row: &Event| {
        data.clear();
        serde_json::to_writer(&mut data, &row.body)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        bind!(
            statement,
            base,
            number,
            holder_of_event(&row.body).map(holder_bytes),
            std::str::from_utf8(&data)?,
            row.op.to_bytes(),
            row.actor.0,
            row.trace.as_deref(),
            at,
        );
        number += 1;
        Ok(())
    };
    EVENT.all(connection, rows, put).map_err(work)
}
