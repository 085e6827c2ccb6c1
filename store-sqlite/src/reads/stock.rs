//! Stock rows and their movements.

use onhand_rules::{Movement, StockKey};
use onhand_store::{Figure, Page, StockFilter, StockView, Stretch};
use rusqlite::types::ToSql;
use rusqlite::{Connection, Row};

use super::{Sql, exactly, one_more};
use crate::history;
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
    let from = before.map_or(i64::MAX, |before| before - 1);
    Ok(Page::of(history::downwards(c, key, from, one_more(limit))?, limit))
}

pub(super) fn movements_changing(
    c: &Connection,
    key: StockKey,
    figure: Figure,
    below: i64,
    limit: usize,
    look: usize,
) -> Sql<Stretch> {
    let lowest = Stretch::lowest(below, look);
    let changes = |row: &Movement| figure.of(&row.delta) != 0;
    let found = history::wanted(c, key, below.saturating_sub(1), exactly(limit), lowest, changes)?;
    Ok(Stretch::of(found, below, limit, look))
}

pub(super) fn movements_from(c: &Connection, key: StockKey, after: i64, limit: usize) -> Sql<Vec<Movement>> {
    history::upwards(c, key, after, exactly(limit))
}

pub(super) fn movement_at(c: &Connection, key: StockKey, at: i64) -> Sql<Option<Movement>> {
    history::until(c, key, at)
}
