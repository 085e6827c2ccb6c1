//! Stock rows and their movements.

use onhand_rules::{Movement, StockKey};
use onhand_store::{Page, StockFilter, StockView};
use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Sql, exactly, one_more};
use crate::load::select;
use crate::rows::{self, STOCK_WIDTH};

/// What a stock view selects.
pub(super) fn view_columns() -> String {
    format!("{}, sku.code, location.code", rows::STOCK)
}

pub(super) fn view(row: &Row<'_>) -> Sql<StockView> {
    Ok(StockView {
        sku: row.get(STOCK_WIDTH)?,
        location: row.get(STOCK_WIDTH + 1)?,
        stock: rows::stock(row)?,
    })
}

pub(super) fn list(c: &Connection, filter: &StockFilter, limit: usize) -> Sql<Page<StockView>> {
    // Walking the codes of SKUs in order needs no sorting beyond one SKU; shortfalls are few and have an index.
    let tables = if filter.shortfall {
        "stock INDEXED BY stock_shortfall CROSS JOIN sku ON sku.id = stock.sku
         CROSS JOIN location ON location.id = stock.location"
    } else {
        "sku CROSS JOIN stock ON stock.sku = sku.id CROSS JOIN location ON location.id = stock.location"
    };
    let mut sql = select(&view_columns(), tables);
    sql.push_str(" WHERE 1");
    let mut values: Vec<&dyn ToSql> = Vec::new();
    if filter.shortfall {
        sql.push_str(
            " AND stock.on_hand - stock.reserved - stock.allocated - stock.unavailable < -stock.backorder_limit",
        );
    }
    if let Some(code) = &filter.sku {
        sql.push_str(" AND sku.code = ?");
        values.push(code);
    }
    if let Some(code) = &filter.location {
        sql.push_str(" AND location.code = ?");
        values.push(code);
    }
    if let Some(below) = &filter.available_below {
        sql.push_str(" AND stock.on_hand - stock.reserved - stock.allocated - stock.unavailable < ?");
        values.push(below);
    }
    if let Some((sku, location)) = &filter.after {
        sql.push_str(" AND sku.code >= ? AND (sku.code > ? OR location.code > ?)");
        values.extend([sku as &dyn ToSql, sku, location]);
    }
    sql.push_str(" ORDER BY sku.code, location.code LIMIT ?");
    let fetch = one_more(limit);
    values.push(&fetch);
    let mut statement = c.prepare_cached(&sql)?;
    let found = statement.query_map(values.as_slice(), view)?;
    Ok(Page::of(found.collect::<Sql<_>>()?, limit))
}

pub(super) fn movements(
    c: &Connection,
    key: StockKey,
    before: Option<i64>,
    limit: usize,
) -> Sql<Page<Movement>> {
    let sql = select(
        rows::MOVEMENT,
        "movement WHERE sku = ?1 AND location = ?2 AND version < ?3 ORDER BY version DESC LIMIT ?4",
    );
    let before = before.unwrap_or(i64::MAX);
    let mut statement = c.prepare_cached(&sql)?;
    let found = statement.query_map((key.sku.0, key.location.0, before, one_more(limit)), rows::movement)?;
    Ok(Page::of(found.collect::<Sql<_>>()?, limit))
}

pub(super) fn movements_from(c: &Connection, key: StockKey, after: i64, limit: usize) -> Sql<Vec<Movement>> {
    let sql = select(
        rows::MOVEMENT,
        "movement WHERE sku = ?1 AND location = ?2 AND version > ?3 ORDER BY version LIMIT ?4",
    );
    let mut statement = c.prepare_cached(&sql)?;
    statement.query_map((key.sku.0, key.location.0, after, exactly(limit)), rows::movement)?.collect()
}

/// Times never fall along the versions of a row (I14), and versions have no gaps (I1): a binary search finds the last
/// movement that is early enough, in a row of a million after twenty looks.
pub(super) fn movement_at(c: &Connection, key: StockKey, at: i64) -> Sql<Option<Movement>> {
    let last: Option<i64> = c
        .prepare_cached("SELECT max(version) FROM movement WHERE sku = ?1 AND location = ?2")?
        .query_row([key.sku.0, key.location.0], |row| row.get(0))?;
    let mut time =
        c.prepare_cached("SELECT at FROM movement WHERE sku = ?1 AND location = ?2 AND version = ?3")?;
    // Every version up to `low` is early enough, none above `high` is.
    let (mut low, mut high) = (0, last.unwrap_or(0));
    while low < high {
        let middle = high - (high - low) / 2;
        let found: Option<i64> =
            time.query_row([key.sku.0, key.location.0, middle], |row| row.get(0)).optional()?;
        if found.is_some_and(|found| found <= at) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let sql = select(rows::MOVEMENT, "movement WHERE sku = ?1 AND location = ?2 AND version = ?3");
    c.prepare_cached(&sql)?.query_row([key.sku.0, key.location.0, low], rows::movement).optional()
}
