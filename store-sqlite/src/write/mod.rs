//! Writing what a batch changed. Each table has one statement, prepared once and run for every row.

mod catalogue;
mod holdings;
mod sync;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use onhand_rules::{Changes, Event, Stock, StockKey, Tracked};
use onhand_store::{OpRow, StoreError};
use rusqlite::{CachedStatement, Connection};

use crate::bulk::{Insert, bind};
use crate::fault::work;
use crate::history::{self, Last};
use crate::rows::subject_bytes;

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

use run;

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
        catalogue::counters(connection, next).map_err(work)?;
    }
    for row in &changes.skus {
        catalogue::write_sku(connection, row)?;
    }
    for row in &changes.locations {
        catalogue::write_location(connection, row)?;
    }
    let last = history::append(connection, &changes.movements)?;
    write_stock(connection, &changes.stock, &last)?;
    holdings::write_orders(connection, &changes.orders)?;
    holdings::write_reservations(connection, &changes.reservations)?;
    for row in &changes.api_keys {
        catalogue::write_api_key(connection, row)?;
    }
    sync::write_sync(connection, &changes.sync)?;
    write_ops(connection, ops).map_err(work)
}

fn write_stock(
    connection: &Connection,
    rows: &[Tracked<Stock>],
    last: &BTreeMap<StockKey, Last>,
) -> Result<(), StoreError> {
    check_ends(rows, last)?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO stock (on_hand, reserved, allocated, unavailable, backorder_limit, version, changed_at, head,
             sku, location, last_movement) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, coalesce(?11, 0))",
        )
        .map_err(work)?;
    let mut update = connection
        .prepare_cached(
            "UPDATE stock SET on_hand = ?1, reserved = ?2, allocated = ?3, unavailable = ?4, backorder_limit = ?5,
             version = ?6, changed_at = ?7, head = ?8, last_movement = coalesce(?11, last_movement)
             WHERE sku = ?9 AND location = ?10 AND version = ?12",
        )
        .map_err(work)?;
    for row in rows {
        let Some(stock) = &row.now else { continue };
        let changed = match &row.before {
            None => put_stock(&mut insert, stock, last),
            Some(before) => update
                .raw_bind_parameter(12, before.version)
                .and_then(|()| put_stock(&mut update, stock, last)),
        };
        guard(changed.map_err(work)?, || {
            format!("stock of SKU {} at location {}", stock.key.sku.0, stock.key.location.0)
        })?;
    }
    Ok(())
}

/// Every movement must end in its stock row: one that does not could not be found again.
fn check_ends(rows: &[Tracked<Stock>], last: &BTreeMap<StockKey, Last>) -> Result<(), StoreError> {
    let versions: BTreeMap<StockKey, i64> =
        rows.iter().filter_map(|row| row.now.as_ref()).map(|stock| (stock.key, stock.version)).collect();
    for (key, end) in last {
        if versions.get(key) != Some(&end.version) {
            let (sku, location) = (key.sku.0, key.location.0);
            return Err(StoreError::Conflict(format!(
                "the row of SKU {sku} at location {location} does not end at its movement {}",
                end.version
            )));
        }
    }
    Ok(())
}

fn put_stock(
    statement: &mut CachedStatement<'_>,
    stock: &Stock,
    last: &BTreeMap<StockKey, Last>,
) -> Sql<usize> {
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
        last.get(&stock.key).map(|last| last.seq),
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
    LazyLock::new(|| Insert::into("event (number, holder, data, op, actor, trace, at, kind)"));

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
            subject_bytes(&row.body),
            std::str::from_utf8(&data)?,
            row.op.to_bytes(),
            row.actor.0,
            row.trace.as_deref(),
            at,
            row.body.seldom_kind(),
        );
        number += 1;
        Ok(())
    };
    EVENT.all(connection, rows, put).map_err(work)
}
