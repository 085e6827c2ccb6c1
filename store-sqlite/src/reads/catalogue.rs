//! SKUs, locations and API keys.

use onhand_rules::access::ApiKey;
use onhand_rules::{ApiKeyId, Location, LocationId, Sku, SkuId};
use onhand_store::{Page, name_pattern};
use rusqlite::{Connection, OptionalExtension, ToSql, params_from_iter};

use super::{Sql, one_more};
use crate::load::select;
use crate::rows;

pub(super) fn skus(c: &Connection, prefix: &str, after: Option<&str>, limit: usize) -> Sql<Page<Sku>> {
    // Codes with one prefix stand side by side, so the first that does not fit ends them.
    let sql = select(rows::SKU, "sku WHERE code >= ?1 AND (?2 IS NULL OR code > ?2) ORDER BY code LIMIT ?3");
    let from = after.map_or(prefix, |after| after.max(prefix));
    let mut statement = c.prepare_cached(&sql)?;
    let mut found = Vec::new();
    for row in statement.query_map((from, after, one_more(limit)), rows::sku)? {
        let sku = row?;
        if !sku.code.starts_with(prefix) {
            break;
        }
        found.push(sku);
    }
    Ok(Page::of(found, limit))
}

pub(super) fn sku(c: &Connection, code: &str) -> Sql<Option<Sku>> {
    c.prepare_cached(&select(rows::SKU, "sku WHERE code = ?1"))?.query_row([code], rows::sku).optional()
}

/// `LIKE` here does not mind the case of ASCII letters.
pub(super) fn skus_named(c: &Connection, words: &[String], limit: usize) -> Sql<Vec<Sku>> {
    let tests: Vec<String> = (2..words.len() + 2).map(|at| format!("name LIKE ?{at} ESCAPE '\\'")).collect();
    let sql = select(rows::SKU, &format!("sku WHERE {} ORDER BY id LIMIT ?1", tests.join(" AND ")));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut parameters: Vec<Box<dyn ToSql>> = vec![Box::new(limit)];
    parameters.extend(words.iter().map(|word| Box::new(name_pattern(word)) as Box<dyn ToSql>));
    c.prepare_cached(&sql)?.query_map(params_from_iter(parameters), rows::sku)?.collect()
}

pub(super) fn skus_by_id(c: &Connection, ids: &[SkuId]) -> Sql<Vec<Sku>> {
    let mut statement = c.prepare_cached(&select(rows::SKU, "sku WHERE id = ?1"))?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(statement.query_row([id.0], rows::sku).optional()?);
    }
    Ok(found)
}

pub(super) fn locations(c: &Connection, after: Option<&str>, limit: usize) -> Sql<Page<Location>> {
    let sql = select(rows::LOCATION, "location WHERE code > ?1 ORDER BY code LIMIT ?2");
    let mut statement = c.prepare_cached(&sql)?;
    // No code is empty, so all of them come after the empty one.
    let found = statement.query_map((after.unwrap_or_default(), one_more(limit)), rows::location)?;
    Ok(Page::of(found.collect::<Sql<_>>()?, limit))
}

pub(super) fn location(c: &Connection, code: &str) -> Sql<Option<Location>> {
    c.prepare_cached(&select(rows::LOCATION, "location WHERE code = ?1"))?
        .query_row([code], rows::location)
        .optional()
}

pub(super) fn locations_by_id(c: &Connection, ids: &[LocationId]) -> Sql<Vec<Location>> {
    let mut statement = c.prepare_cached(&select(rows::LOCATION, "location WHERE id = ?1"))?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(statement.query_row([id.0], rows::location).optional()?);
    }
    Ok(found)
}

pub(super) fn api_key_by_hash(c: &Connection, hash: &[u8; 32]) -> Sql<Option<ApiKey>> {
    c.prepare_cached(&select(rows::API_KEY, "api_key WHERE hash = ?1"))?
        .query_row([hash], rows::api_key)
        .optional()
}

pub(super) fn api_key(c: &Connection, id: ApiKeyId) -> Sql<Option<ApiKey>> {
    c.prepare_cached(&select(rows::API_KEY, "api_key WHERE id = ?1"))?
        .query_row([id.to_bytes()], rows::api_key)
        .optional()
}

pub(super) fn api_keys(c: &Connection) -> Sql<Vec<ApiKey>> {
    let mut statement = c.prepare_cached(&select(rows::API_KEY, "api_key ORDER BY id"))?;
    statement.query_map([], rows::api_key)?.collect()
}
