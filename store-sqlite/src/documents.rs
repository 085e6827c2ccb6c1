//! Rows that are a JSON body beside the columns that they are found by (docs/adr/0010): one way to write and to read
//! them all. The texts of their statements are made once for each table, and each statement is prepared once for all
//! rows of a batch.

mod kinds;
mod unreadable;

use std::marker::PhantomData;

use onhand_rules::Tracked;
use onhand_store::StoreError;
use rusqlite::types::{Type, Value};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row, params_from_iter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bulk::Insert;
use crate::fault::work;

pub(crate) use kinds::market_state;

type Sql<T> = rusqlite::Result<T>;

/// A kind of row.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// Its statements.
    fn table() -> &'static Table;
    /// Binds the columns, the body and the key to the parameters after the first `base`.
    fn bind(&self, statement: &mut CachedStatement<'_>, base: usize, body: &str) -> Sql<()>;
    /// Binds the key.
    fn bind_key(&self, statement: &mut CachedStatement<'_>, base: usize) -> Sql<()>;
    /// Binds the columns that guard a change: they must be as they were loaded.
    fn bind_guard(&self, statement: &mut CachedStatement<'_>, base: usize) -> Sql<()>;
    /// What stands for a row whose body cannot be read; `why` says why it cannot. The row is (body, key).
    fn unreadable(connection: &Connection, row: &Row<'_>, why: String) -> Sql<Self>;
}

/// The statements of one kind of row.
pub(crate) struct Table {
    name: &'static str,
    insert: Insert,
    update: String,
    delete: String,
    select: String,
    /// Columns, body and key.
    width: usize,
    key: usize,
}

impl Table {
    fn new(name: &'static str, key: &[&str], columns: &[&str], guard: &[&str]) -> Self {
        let all: Vec<&str> = columns.iter().copied().chain(["body"]).chain(key.iter().copied()).collect();
        let set: Vec<String> =
            columns.iter().chain(&["body"]).map(|column| format!("{column} = ?")).collect();
        let same: Vec<String> = key.iter().chain(guard).map(|column| format!("{column} IS ?")).collect();
        let same = same.join(" AND ");
        Self {
            name,
            insert: Insert::into(&format!("{name} ({})", all.join(", "))),
            update: format!("UPDATE {name} SET {} WHERE {same}", set.join(", ")),
            delete: format!("DELETE FROM {name} WHERE {same}"),
            select: format!("SELECT body, {} FROM {name} WHERE ", key.join(", ")),
            width: all.len(),
            key: key.len(),
        }
    }
}

fn json<T: Serialize>(row: &T) -> Sql<String> {
    serde_json::to_string(row).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

/// Writes changed rows: those that leave first, because a new row may take the key of one that goes; then those that
/// change; then the new ones.
pub(crate) fn write<T: Document>(connection: &Connection, rows: &[Tracked<T>]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let (mut gone, mut changed, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match (&row.before, &row.now) {
            (Some(before), None) => gone.push(before),
            (Some(before), Some(now)) => changed.push((before, now)),
            (None, Some(now)) => new.push(now),
            (None, None) => {}
        }
    }
    delete(connection, &gone)?;
    update(connection, &changed)?;
    insert(connection, &new)
}

/// Writes new rows.
pub(crate) fn insert<T: Document>(connection: &Connection, rows: &[&T]) -> Result<(), StoreError> {
    let put =
        |statement: &mut CachedStatement<'_>, base: usize, row: &&T| row.bind(statement, base, &json(*row)?);
    T::table().insert.all(connection, rows, put).map_err(work)
}

fn update<T: Document>(connection: &Connection, rows: &[(&T, &T)]) -> Result<(), StoreError> {
    let table = T::table();
    guarded::<T, _>(connection, &table.update, rows, |statement, (before, now)| {
        now.bind(statement, 0, &json(*now)?)?;
        before.bind_guard(statement, table.width)
    })
}

fn delete<T: Document>(connection: &Connection, rows: &[&T]) -> Result<(), StoreError> {
    let table = T::table();
    guarded::<T, _>(connection, &table.delete, rows, |statement, before| {
        before.bind_key(statement, 0)?;
        before.bind_guard(statement, table.key)
    })
}

/// Runs a statement for each row; each must find its row as it was loaded.
fn guarded<T: Document, R>(
    connection: &Connection,
    sql: &str,
    rows: &[R],
    bind: impl Fn(&mut CachedStatement<'_>, &R) -> Sql<()>,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(sql).map_err(work)?;
    for row in rows {
        let changed = bind(&mut statement, row).and_then(|()| statement.raw_execute()).map_err(work)?;
        if changed != 1 {
            return Err(StoreError::Conflict(format!(
                "a row of {} is not as it was loaded",
                T::table().name
            )));
        }
    }
    Ok(())
}

/// The body in this column.
pub(crate) fn body<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Sql<T> {
    parse(row, column).map_err(|why| damaged(column, why))
}

fn parse<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, String> {
    let text = row.get_ref(column).map_err(|error| error.to_string())?;
    let text = text.as_str().map_err(|error| error.to_string())?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn damaged(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

/// A prepared condition on one kind of row; it may end in an order and a limit.
pub(crate) struct Search<'c, T> {
    connection: &'c Connection,
    statement: CachedStatement<'c>,
    kind: PhantomData<T>,
}

impl<'c, T: Document> Search<'c, T> {
    pub(crate) fn by(connection: &'c Connection, condition: &str) -> Sql<Self> {
        let sql = format!("{}{condition}", T::table().select);
        Ok(Self { connection, statement: connection.prepare_cached(&sql)?, kind: PhantomData })
    }

    /// The one row that it names.
    pub(crate) fn one(&mut self, parameters: impl Params) -> Sql<Option<T>> {
        let connection = self.connection;
        self.statement.query_row(parameters, |row| read(connection, row)).optional()
    }

    /// All rows that it names.
    pub(crate) fn all(&mut self, parameters: impl Params) -> Sql<Vec<T>> {
        let connection = self.connection;
        let rows = self.statement.query_map(parameters, |row| read(connection, row))?;
        rows.collect()
    }
}

fn read<T: Document>(connection: &Connection, row: &Row<'_>) -> Sql<T> {
    parse(row, 0).or_else(|why| T::unreadable(connection, row, why))
}

/// The one row that a condition names.
pub(crate) fn one<T: Document>(
    connection: &Connection,
    condition: &str,
    values: Vec<Value>,
) -> Sql<Option<T>> {
    Search::by(connection, condition)?.one(params_from_iter(values))
}

/// All rows of a condition, which may end in an order and a limit.
pub(crate) fn all<T: Document>(connection: &Connection, condition: &str, values: Vec<Value>) -> Sql<Vec<T>> {
    Search::by(connection, condition)?.all(params_from_iter(values))
}
