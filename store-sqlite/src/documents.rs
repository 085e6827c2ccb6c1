//! Rows that are a JSON body beside the columns that they are found by (docs/adr/0010): one way to write and to read
//! them all.

use onhand_rules::job::JobState;
use onhand_rules::listing::ListingState;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::notice::kind_name;
use onhand_rules::retry::class_name;
use onhand_rules::{DeadJob, DoneJob, Inbox, Job, Listing, MarketOrder, Notice, Shop, Tracked};
use onhand_store::StoreError;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::work;

/// A kind of row.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// Its table.
    const TABLE: &'static str;
    /// Columns of its key, then the others, in the order of [`Document::values`]. `body` comes last by itself.
    const KEY: &'static [&'static str];
    /// The other columns.
    const COLUMNS: &'static [&'static str];
    /// Among the columns, the one that guards a change: it must be as it was loaded.
    const GUARD: Option<&'static str>;
    /// Values of key and columns.
    fn values(&self) -> Vec<Value>;
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn blob(bytes: [u8; 16]) -> Value {
    Value::Blob(bytes.to_vec())
}

fn flag(yes: bool) -> Value {
    Value::Integer(i64::from(yes))
}

fn maybe(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Integer)
}

impl Document for Job {
    const TABLE: &'static str = "job";
    const KEY: &'static [&'static str] = &["id"];
    const COLUMNS: &'static [&'static str] =
        &["kind", "shop", "class", "running", "run_at", "lease_number", "lease_end", "dedupe"];
    const GUARD: Option<&'static str> = Some("lease_number");
    fn values(&self) -> Vec<Value> {
        vec![
            blob(self.id.to_bytes()),
            Value::Integer(self.body.number().into()),
            Value::Integer(self.body.shop().map_or(0, |shop| shop.0)),
            Value::Integer(self.class.into()),
            flag(self.state == JobState::Running),
            Value::Integer(self.run_at),
            Value::Integer(self.lease_number),
            maybe(self.lease.map(|lease| lease.until.min(lease.deadline))),
            self.body.dedupe().map_or(Value::Null, Value::Text),
        ]
    }
}

impl Document for DeadJob {
    const TABLE: &'static str = "job_dead";
    const KEY: &'static [&'static str] = &["id"];
    const COLUMNS: &'static [&'static str] = &["kind", "shop", "class", "code", "died_at", "open"];
    const GUARD: Option<&'static str> = None;
    fn values(&self) -> Vec<Value> {
        vec![
            blob(self.job.id.to_bytes()),
            Value::Integer(self.job.body.number().into()),
            Value::Integer(self.job.body.shop().map_or(0, |shop| shop.0)),
            text(class_name(self.failure.class)),
            text(&self.failure.code),
            Value::Integer(self.died_at),
            flag(self.replayed_as.is_none() && self.discarded.is_none()),
        ]
    }
}

impl Document for DoneJob {
    const TABLE: &'static str = "job_done";
    const KEY: &'static [&'static str] = &["id"];
    const COLUMNS: &'static [&'static str] = &["ended_at"];
    const GUARD: Option<&'static str> = None;
    fn values(&self) -> Vec<Value> {
        vec![blob(self.job.id.to_bytes()), Value::Integer(self.ended_at)]
    }
}

impl Document for Shop {
    const TABLE: &'static str = "shop";
    const KEY: &'static [&'static str] = &["id"];
    const COLUMNS: &'static [&'static str] = &["code", "channel", "account", "version"];
    const GUARD: Option<&'static str> = Some("version");
    fn values(&self) -> Vec<Value> {
        vec![
            Value::Integer(self.id.0),
            text(&self.code),
            text(&self.channel),
            text(&self.account),
            Value::Integer(self.version),
        ]
    }
}

impl Document for Listing {
    const TABLE: &'static str = "listing";
    const KEY: &'static [&'static str] = &["id"];
    const COLUMNS: &'static [&'static str] = &[
        "shop",
        "item",
        "variant",
        "seller_sku",
        "unit",
        "sku",
        "active",
        "desired",
        "acked",
        "dirty_since",
        "edited",
        "version",
    ];
    const GUARD: Option<&'static str> = Some("version");
    fn values(&self) -> Vec<Value> {
        vec![
            Value::Integer(self.id.0),
            Value::Integer(self.shop.0),
            text(&self.item),
            text(&self.variant),
            text(&self.seller_sku),
            text(&self.unit),
            maybe(self.mapping.map(|mapping| mapping.sku.0)),
            flag(self.state == ListingState::Active),
            Value::Integer(self.desired),
            Value::Integer(self.acked),
            Value::Integer(self.dirty_since),
            flag(self.edit.is_some()),
            Value::Integer(self.version),
        ]
    }
}

/// The stable name of a state, as stored.
pub(crate) fn market_state(state: MarketOrderState) -> &'static str {
    match state {
        MarketOrderState::Applied => "applied",
        MarketOrderState::WaitsForMapping => "waits_for_mapping",
        MarketOrderState::NeedsAttention => "needs_attention",
    }
}

impl Document for MarketOrder {
    const TABLE: &'static str = "market_order";
    const KEY: &'static [&'static str] = &["shop", "reference"];
    const COLUMNS: &'static [&'static str] = &["state", "received_at", "version"];
    const GUARD: Option<&'static str> = Some("version");
    fn values(&self) -> Vec<Value> {
        vec![
            Value::Integer(self.shop.0),
            text(&self.reference),
            text(market_state(self.state)),
            Value::Integer(self.received_at),
            Value::Integer(self.version),
        ]
    }
}

impl Document for Inbox {
    const TABLE: &'static str = "inbox";
    const KEY: &'static [&'static str] = &["key"];
    const COLUMNS: &'static [&'static str] = &["shop", "received_at"];
    const GUARD: Option<&'static str> = None;
    fn values(&self) -> Vec<Value> {
        vec![text(&self.key), maybe(self.shop.map(|shop| shop.0)), Value::Integer(self.received_at)]
    }
}

impl Document for Notice {
    const TABLE: &'static str = "notice";
    const KEY: &'static [&'static str] = &["key"];
    const COLUMNS: &'static [&'static str] = &["kind", "shop", "open", "last_at", "version"];
    const GUARD: Option<&'static str> = Some("version");
    fn values(&self) -> Vec<Value> {
        vec![
            text(&self.key),
            text(kind_name(self.kind)),
            maybe(self.shop.map(|shop| shop.0)),
            flag(self.open),
            Value::Integer(self.last_at),
            Value::Integer(self.version),
        ]
    }
}

fn json<T: Serialize>(row: &T) -> Result<Value, StoreError> {
    let body = serde_json::to_string(row).map_err(|error| StoreError::Rejected(error.to_string()))?;
    Ok(Value::Text(body))
}

/// Writes one changed row: new, changed, or gone.
pub(crate) fn write<T: Document>(connection: &Connection, row: &Tracked<T>) -> Result<(), StoreError> {
    let changed = match (&row.before, &row.now) {
        (None, None) => return Ok(()),
        (None, Some(now)) => insert(connection, now)?,
        (Some(before), Some(now)) => update(connection, before, now)?,
        (Some(before), None) => delete(connection, before)?,
    };
    if changed == 1 {
        return Ok(());
    }
    Err(StoreError::Conflict(format!("a row of {} is not as it was loaded", T::TABLE)))
}

/// Writes a new row.
pub(crate) fn insert<T: Document>(connection: &Connection, row: &T) -> Result<usize, StoreError> {
    let columns: Vec<&str> = T::KEY.iter().chain(T::COLUMNS).copied().collect();
    let places = vec!["?"; columns.len() + 1].join(", ");
    let sql = format!("INSERT INTO {} ({}, body) VALUES ({places})", T::TABLE, columns.join(", "));
    let mut values = row.values();
    values.push(json(row)?);
    run(connection, &sql, values)
}

fn update<T: Document>(connection: &Connection, before: &T, now: &T) -> Result<usize, StoreError> {
    let sets: Vec<String> = T::COLUMNS.iter().map(|column| format!("{column} = ?")).collect();
    let sql = format!("UPDATE {} SET {}, body = ? WHERE {}", T::TABLE, sets.join(", "), same::<T>());
    let mut values = now.values().split_off(T::KEY.len());
    values.push(json(now)?);
    values.extend(identity(before));
    run(connection, &sql, values)
}

fn delete<T: Document>(connection: &Connection, before: &T) -> Result<usize, StoreError> {
    let sql = format!("DELETE FROM {} WHERE {}", T::TABLE, same::<T>());
    run(connection, &sql, identity(before))
}

/// The key, and the guard as it was loaded.
fn same<T: Document>() -> String {
    let parts: Vec<String> = T::KEY.iter().chain(&T::GUARD).map(|column| format!("{column} = ?")).collect();
    parts.join(" AND ")
}

fn identity<T: Document>(before: &T) -> Vec<Value> {
    let values = before.values();
    let guard = T::GUARD.and_then(|guard| T::COLUMNS.iter().position(|column| *column == guard));
    let guard = guard.and_then(|index| values.get(T::KEY.len() + index).cloned());
    values.into_iter().take(T::KEY.len()).chain(guard).collect()
}

fn run(connection: &Connection, sql: &str, values: Vec<Value>) -> Result<usize, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(work)?;
    statement.execute(params_from_iter(values)).map_err(work)
}

/// The body in this column.
pub(crate) fn body<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| unreadable(column, error.to_string()))?;
    serde_json::from_str(text).map_err(|error| unreadable(column, error.to_string()))
}

fn unreadable(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, why.into())
}

/// The one row that a condition names.
pub(crate) fn one<T: Document>(
    connection: &Connection,
    condition: &str,
    values: Vec<Value>,
) -> rusqlite::Result<Option<T>> {
    let sql = format!("SELECT body FROM {} WHERE {condition}", T::TABLE);
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row(params_from_iter(values), |row| body(row, 0)).optional()
}

/// All rows of a condition, which may end in an order and a limit.
pub(crate) fn all<T: Document>(
    connection: &Connection,
    condition: &str,
    values: Vec<Value>,
) -> rusqlite::Result<Vec<T>> {
    let sql = format!("SELECT body FROM {} WHERE {condition}", T::TABLE);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| body(row, 0))?;
    rows.collect()
}
