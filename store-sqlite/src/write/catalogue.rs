//! SKUs, locations, API keys and the counters: few rows, one statement each.

use onhand_rules::access::ApiKey;
use onhand_rules::working::Counters;
use onhand_rules::{Location, Sku, Tracked};
use onhand_store::StoreError;
use rusqlite::Connection;

use super::{Sql, guard, run};
use crate::fault::work;

pub(super) fn counters(connection: &Connection, next: &Counters) -> Sql<()> {
    connection
        .prepare_cached("UPDATE counters SET next_sku = ?1, next_location = ?2, next_principal = ?3, next_shop = ?4, next_listing = ?5")?
        .execute((next.next_sku, next.next_location, next.next_principal, next.next_shop, next.next_listing))
        .map(|_| ())
}

pub(super) fn write_sku(connection: &Connection, row: &Tracked<Sku>) -> Result<(), StoreError> {
    let Some(sku) = &row.now else { return Ok(()) };
    let components = if sku.components.is_empty() {
        None
    } else {
        let json = serde_json::to_string(&sku.components);
        Some(json.map_err(|error| StoreError::Rejected(error.to_string()))?)
    };
    let changed =
        put_sku(connection, sku, components, row.before.as_ref().map(|b| b.version)).map_err(work)?;
    guard(changed, || format!("SKU {}", sku.code))?;
    if row.before.as_ref().is_none_or(|before| before.components != sku.components) {
        put_components(connection, sku).map_err(work)?;
    }
    Ok(())
}

/// Says of each component which bundle it is a part of.
fn put_components(connection: &Connection, sku: &Sku) -> Sql<()> {
    if sku.version > 1 {
        connection.prepare_cached("DELETE FROM sku_component WHERE bundle = ?1")?.execute([sku.id.0])?;
    }
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO sku_component (component, bundle) VALUES (?1, ?2)")?;
    for component in &sku.components {
        insert.execute((component.sku.0, sku.id.0))?;
    }
    Ok(())
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

pub(super) fn write_location(connection: &Connection, row: &Tracked<Location>) -> Result<(), StoreError> {
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

pub(super) fn write_api_key(connection: &Connection, row: &Tracked<ApiKey>) -> Result<(), StoreError> {
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
