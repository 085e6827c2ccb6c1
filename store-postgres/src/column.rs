//! Values on the wire that the driver does not know, and the reading of rows column by column.

use std::error::Error;

use onhand_store::StoreError;
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// A 128-bit id as PostgreSQL's `uuid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Uuid(pub(crate) u128);

impl ToSql for Uuid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0.to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(UUID);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Uuid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(u128::from_be_bytes(raw.try_into()?)))
    }

    accepts!(UUID);
}

/// The transaction that wrote a version of a row: a row whose `xmin` is the same is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written(u32);

impl<'a> FromSql<'a> for Written {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(u32::from_be_bytes(raw.try_into()?)))
    }

    accepts!(XID);
}

/// Reads a row from left to right, so that a list of columns in SQL and a list of fields in Rust stay side by side.
pub(crate) struct Columns<'a> {
    row: &'a Row,
    at: usize,
}

impl<'a> Columns<'a> {
    /// From the first column.
    pub(crate) fn of(row: &'a Row) -> Self {
        Self { row, at: 0 }
    }

    /// The next column.
    pub(crate) fn next<T: FromSql<'a>>(&mut self) -> Result<T, StoreError> {
        let value =
            self.row.try_get(self.at).map_err(|error| StoreError::Broken(crate::failure::text(&error)))?;
        self.at += 1;
        Ok(value)
    }

    /// The next column, bytes of a fixed number.
    pub(crate) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        let bytes: &[u8] = self.next()?;
        bytes.try_into().map_err(|_| damaged(&format!("{} bytes instead of {N}", bytes.len())))
    }

    /// The next column, a name from a closed list.
    pub(crate) fn name<T>(&mut self, of: fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let name: &str = self.next()?;
        of(name).ok_or_else(|| damaged(&format!("no such name: {name}")))
    }
}

/// A row that this code cannot have written.
pub(crate) fn damaged(what: &str) -> StoreError {
    StoreError::Broken(format!("the database holds a row that cannot be understood: {what}"))
}
