//! Loading what a batch must see.

use std::collections::BTreeSet;

use onhand_rules::working::{Counters, DUE_MAX};
use onhand_rules::{Holder, Needs, OrderId, SkuId, StockKey, Tracked, Working};
use onhand_store::{OpKey, OpRow};
use rusqlite::{Connection, OptionalExtension, Result};

use crate::load::{self, select};
use crate::rows;

/// The records of these keys, as far as they exist.
pub(crate) fn outcomes(connection: &Connection, keys: &[OpKey]) -> Result<Vec<OpRow>> {
    let sql = select(rows::OP, "op WHERE principal = ?1 AND kind = ?2 AND key = ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for key in keys {
        let row = statement.query_row((key.principal.0, key.kind, key.key.as_str()), rows::op).optional()?;
        found.extend(row);
    }
    Ok(found)
}

/// Loads everything of `needs` into `working`; `now` is the ledger clock of the transaction.
pub(crate) fn find(connection: &Connection, needs: &Needs, working: &mut Working, now: i64) -> Result<()> {
    if needs.counters && working.counters.is_none() {
        working.counters = Some(Tracked::loaded(Some(counters(connection)?)));
    }
    find_skus(connection, needs, working)?;
    find_locations(connection, needs, working)?;
    find_stock(connection, needs, working)?;
    find_orders(connection, needs, working)?;
    for id in &needs.reservations {
        if !working.reservations.contains_key(id) {
            let row = load::reservation(connection, *id)?;
            working.reservations.insert(*id, Tracked::loaded(row));
        }
    }
    for key in &needs.due_on {
        if !working.due_on.contains_key(key) {
            working.due_on.insert(*key, due_on(connection, *key, now)?);
        }
    }
    if !needs.api_keys.is_empty() {
        let mut statement = connection.prepare_cached(&select(rows::API_KEY, "api_key WHERE id = ?1"))?;
        for id in &needs.api_keys {
            if !working.api_keys.contains_key(id) {
                let row = statement.query_row([id.to_bytes()], rows::api_key).optional()?;
                working.api_keys.insert(*id, Tracked::loaded(row));
            }
        }
    }
    crate::find_sync::find(connection, needs, working)
}

fn counters(connection: &Connection) -> Result<Counters> {
    connection
        .prepare_cached(
            "SELECT next_sku, next_location, next_principal, next_shop, next_listing FROM counters",
        )?
        .query_row([], |row| {
            Ok(Counters {
                next_sku: row.get(0)?,
                next_location: row.get(1)?,
                next_principal: row.get(2)?,
                next_shop: row.get(3)?,
                next_listing: row.get(4)?,
            })
        })
}

fn find_skus(connection: &Connection, needs: &Needs, working: &mut Working) -> Result<()> {
    if !needs.sku_codes.is_empty() {
        let mut statement = connection.prepare_cached(&select(rows::SKU, "sku WHERE code = ?1"))?;
        for code in &needs.sku_codes {
            if working.sku_codes.contains_key(code) {
                continue;
            }
            let row = statement.query_row([code.as_str()], rows::sku).optional()?;
            working.sku_codes.insert(code.clone(), row.as_ref().map(|sku| sku.id));
            if let Some(sku) = row {
                working.skus.entry(sku.id).or_insert_with(|| Tracked::loaded(Some(sku)));
            }
        }
    }
    if !needs.skus.is_empty() {
        let mut statement = connection.prepare_cached(&select(rows::SKU, "sku WHERE id = ?1"))?;
        for id in &needs.skus {
            if !working.skus.contains_key(id) {
                let row = statement.query_row([id.0], rows::sku).optional()?;
                working.skus.insert(*id, Tracked::loaded(row));
            }
        }
    }
    Ok(())
}

fn find_locations(connection: &Connection, needs: &Needs, working: &mut Working) -> Result<()> {
    if !needs.location_codes.is_empty() {
        let sql = select(rows::LOCATION, "location WHERE code = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        for code in &needs.location_codes {
            if working.location_codes.contains_key(code) {
                continue;
            }
            let row = statement.query_row([code.as_str()], rows::location).optional()?;
            working.location_codes.insert(code.clone(), row.as_ref().map(|location| location.id));
            if let Some(location) = row {
                working.locations.entry(location.id).or_insert_with(|| Tracked::loaded(Some(location)));
            }
        }
    }
    if !needs.locations.is_empty() {
        let sql = select(rows::LOCATION, "location WHERE id = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        for id in &needs.locations {
            if !working.locations.contains_key(id) {
                let row = statement.query_row([id.0], rows::location).optional()?;
                working.locations.insert(*id, Tracked::loaded(row));
            }
        }
    }
    Ok(())
}

fn find_stock(connection: &Connection, needs: &Needs, working: &mut Working) -> Result<()> {
    if !needs.stock.is_empty() {
        let sql = select(rows::STOCK, "stock WHERE sku = ?1 AND location = ?2");
        let mut statement = connection.prepare_cached(&sql)?;
        for key in &needs.stock {
            if !working.stock.contains_key(key) {
                let row = statement.query_row([key.sku.0, key.location.0], rows::stock).optional()?;
                working.stock.insert(*key, Tracked::loaded(row));
            }
        }
    }
    for sku in &needs.stock_of {
        if !working.stock_of.contains(sku) {
            find_stock_of(connection, *sku, working)?;
            working.stock_of.insert(*sku);
        }
    }
    Ok(())
}

fn find_stock_of(connection: &Connection, sku: SkuId, working: &mut Working) -> Result<()> {
    let mut statement = connection.prepare_cached(&select(rows::STOCK, "stock WHERE sku = ?1"))?;
    for row in statement.query_map([sku.0], rows::stock)? {
        let stock = row?;
        working.stock.entry(stock.key).or_insert_with(|| Tracked::loaded(Some(stock)));
    }
    Ok(())
}

fn find_orders(connection: &Connection, needs: &Needs, working: &mut Working) -> Result<()> {
    for id in &needs.orders {
        if !working.orders.contains_key(id) {
            let row = load::order(connection, *id)?;
            working.orders.insert(*id, Tracked::loaded(row));
        }
    }
    if needs.order_references.is_empty() {
        return Ok(());
    }
    let mut statement =
        connection.prepare_cached("SELECT id FROM orders WHERE channel = ?1 AND reference = ?2")?;
    for pair in &needs.order_references {
        if !working.order_references.contains_key(pair) {
            let id = statement.query_row([pair.0.as_str(), pair.1.as_str()], |row| row.get(0)).optional()?;
            working.order_references.insert(pair.clone(), id.map(OrderId::from_bytes));
        }
    }
    Ok(())
}

/// Holders of the row whose hold is past due, the ones that ended first if there are too many.
fn due_on(connection: &Connection, key: StockKey, now: i64) -> Result<Vec<Holder>> {
    let mut statement = connection.prepare_cached(
        "SELECT 1, id, expires_at FROM orders INDEXED BY orders_due
         WHERE state = 'pending' AND expires_at <= ?3
           AND EXISTS (SELECT 1 FROM order_line WHERE order_id = orders.id AND sku = ?1 AND location = ?2
                       AND reserved > 0)
         UNION ALL
         SELECT 2, id, expires_at FROM reservation INDEXED BY reservation_due
         WHERE state = 'held' AND expires_at <= ?3
           AND EXISTS (SELECT 1 FROM reservation_line WHERE reservation_id = reservation.id AND sku = ?1
                       AND location = ?2 AND quantity - allocated - released > 0)
         ORDER BY 3, 1, 2 LIMIT ?4",
    )?;
    let limit = i64::try_from(DUE_MAX).unwrap_or(i64::MAX);
    let rows = statement.query_map([key.sku.0, key.location.0, now, limit], |row| {
        Ok(rows::holder(row.get(0)?, row.get(1)?))
    })?;
    let found: BTreeSet<Holder> = rows.collect::<Result<_>>()?;
    Ok(found.into_iter().collect())
}
