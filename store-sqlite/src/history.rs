//! The movements of a stock row, in a table that only grows at its end.
//!
//! A table keyed by stock row and version would scatter each batch over as many pages as it touches rows, and an index
//! the same: measured on 10,000 SKUs, that is three times the bytes written for each order. So movements are appended,
//! each points back at the one before it in its stock row, the row points at its last, and every 64th version has a mark
//! by which it is found without walking. Reading a page of history walks back along the pointers.

use std::collections::BTreeMap;

use onhand_rules::{Movement, StockKey};
use onhand_store::StoreError;
use rusqlite::{Connection, OptionalExtension, Result};

use crate::bulk::{Insert, bind};
use crate::fault::work;
use crate::load::select;
use crate::rows::{self, holder_bytes};

/// Versions from one mark to the next.
const STRIDE: i64 = 64;

/// The version of the first mark at or after a version.
fn mark_from(version: i64) -> i64 {
    (version - 1 + STRIDE - 1) / STRIDE * STRIDE + 1
}

static MOVEMENT: std::sync::LazyLock<Insert> = std::sync::LazyLock::new(|| {
    Insert::into(
        "movement (seq, previous, sku, location, version, kind, d_on_hand, d_reserved, d_allocated, d_unavailable,
         on_hand, reserved, allocated, unavailable, backorder_limit, holder, op, actor, reason, note, at, hash)",
    )
});

/// Where the last movement of a stock row stands, and its version.
#[derive(Clone, Copy)]
pub(crate) struct Last {
    pub(crate) seq: i64,
    pub(crate) version: i64,
}

/// Appends movements; yields the last one of each stock row.
///
/// # Errors
/// [`StoreError::Conflict`] when a movement does not follow the one before it in its row: nothing else in the schema
/// refuses a number that was written before.
pub(crate) fn append(
    connection: &Connection,
    movements: &[Movement],
) -> std::result::Result<BTreeMap<StockKey, Last>, StoreError> {
    let mut last: BTreeMap<StockKey, Last> = BTreeMap::new();
    let mut placed = Vec::with_capacity(movements.len());
    if movements.is_empty() {
        return Ok(last);
    }
    let free = next_free(connection).map_err(work)?;
    for (seq, movement) in (free..).zip(movements) {
        let (key, version) = (movement.key, movement.version);
        let before = match last.insert(key, Last { seq, version }) {
            Some(before) => before,
            None => end(connection, key).map_err(work)?,
        };
        if before.version + 1 != version {
            return Err(StoreError::Conflict(format!(
                "movement {version} of SKU {} at location {} does not follow movement {}",
                key.sku.0, key.location.0, before.version
            )));
        }
        placed.push((seq, Some(before.seq).filter(|&seq| seq > 0), movement));
    }
    insert(connection, &placed).map_err(work)?;
    Ok(last)
}

fn next_free(connection: &Connection) -> Result<i64> {
    let end: Option<i64> =
        connection.prepare_cached("SELECT max(seq) FROM movement")?.query_row([], |row| row.get(0))?;
    Ok(end.unwrap_or(0) + 1)
}

fn insert(connection: &Connection, placed: &[(i64, Option<i64>, &Movement)]) -> Result<()> {
    MOVEMENT.all(connection, placed, |statement, base, (seq, previous, row)| {
        bind!(
            statement,
            base,
            *seq,
            *previous,
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
    })?;
    let mut mark = connection
        .prepare_cached("INSERT INTO movement_mark (sku, location, version, seq) VALUES (?1, ?2, ?3, ?4)")?;
    for (seq, _, movement) in placed.iter().filter(|(_, _, movement)| movement.version % STRIDE == 1) {
        mark.execute([movement.key.sku.0, movement.key.location.0, movement.version, *seq])?;
    }
    Ok(())
}

/// The last movement of a stock row; all zero before the first.
fn end(c: &Connection, key: StockKey) -> Result<Last> {
    let found = c
        .prepare_cached("SELECT version, last_movement FROM stock WHERE sku = ?1 AND location = ?2")?
        .query_row([key.sku.0, key.location.0], |row| Ok(Last { version: row.get(0)?, seq: row.get(1)? }))
        .optional()?;
    Ok(found.unwrap_or(Last { seq: 0, version: 0 }))
}

/// The place of the movement with this version, which must not be above the row's own.
fn locate(c: &Connection, key: StockKey, version: i64, end: Last) -> Result<Option<i64>> {
    let mark = mark_from(version);
    let Last { mut seq, version: mut at } = end;
    if mark < at {
        let marked: Option<i64> = c
            .prepare_cached(
                "SELECT seq FROM movement_mark WHERE sku = ?1 AND location = ?2 AND version = ?3",
            )?
            .query_row([key.sku.0, key.location.0, mark], |row| row.get(0))
            .optional()?;
        if let Some(marked) = marked {
            (at, seq) = (mark, marked);
        }
    }
    let mut back = c.prepare_cached("SELECT previous FROM movement WHERE seq = ?1")?;
    while at > version {
        let Some(previous) = back.query_row([seq], |row| row.get::<_, Option<i64>>(0)).optional()?.flatten()
        else {
            return Ok(None);
        };
        (at, seq) = (at - 1, previous);
    }
    Ok(Some(seq))
}

/// At most `limit` movements from `version` downwards, newest first.
pub(crate) fn downwards(c: &Connection, key: StockKey, version: i64, limit: i64) -> Result<Vec<Movement>> {
    wanted(c, key, version, limit, 1, |_| true)
}

/// At most `limit` of those that are wanted, from `version` downwards to `lowest`, newest first.
pub(crate) fn wanted(
    c: &Connection,
    key: StockKey,
    version: i64,
    limit: i64,
    lowest: i64,
    is_wanted: impl Fn(&Movement) -> bool,
) -> Result<Vec<Movement>> {
    let end = end(c, key)?;
    let version = version.min(end.version);
    let mut found = Vec::new();
    if version < lowest.max(1) || limit < 1 {
        return Ok(found);
    }
    let mut seq = locate(c, key, version, end)?;
    let sql = select(&format!("{}, previous", rows::MOVEMENT), "movement WHERE seq = ?1");
    let mut statement = c.prepare_cached(&sql)?;
    while let Some(place) = seq
        && (found.len() as i64) < limit
    {
        let row = statement
            .query_row([place], |row| {
                Ok((rows::movement(row)?, row.get::<_, Option<i64>>(rows::MOVEMENT_WIDTH)?))
            })
            .optional()?;
        let Some((movement, previous)) = row else { break };
        seq = previous.filter(|_| movement.version > lowest);
        if is_wanted(&movement) {
            found.push(movement);
        }
    }
    Ok(found)
}

/// At most `limit` movements with versions above `after`, oldest first.
pub(crate) fn upwards(c: &Connection, key: StockKey, after: i64, limit: i64) -> Result<Vec<Movement>> {
    let last = after.saturating_add(limit).min(end(c, key)?.version);
    let mut found = downwards(c, key, last, last - after)?;
    found.reverse();
    Ok(found)
}

/// Times never fall along the versions of a row (I14): a binary search over the marks, then a walk of less than a stride,
/// finds the last movement that is early enough.
pub(crate) fn until(c: &Connection, key: StockKey, at: i64) -> Result<Option<Movement>> {
    let end = end(c, key)?;
    let mut time = c.prepare_cached(
        "SELECT movement.at FROM movement_mark CROSS JOIN movement ON movement.seq = movement_mark.seq
         WHERE movement_mark.sku = ?1 AND movement_mark.location = ?2 AND movement_mark.version = ?3",
    )?;
    // Marks up to `low` are early enough, none above `high` is; they are counted from 1.
    let (mut low, mut high) = (0, (end.version + STRIDE - 1) / STRIDE);
    while low < high {
        let middle = high - (high - low) / 2;
        let version = (middle - 1) * STRIDE + 1;
        let found: Option<i64> =
            time.query_row([key.sku.0, key.location.0, version], |row| row.get(0)).optional()?;
        if found.is_some_and(|found| found <= at) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    let stretch = downwards(c, key, low * STRIDE, STRIDE)?;
    Ok(stretch.into_iter().find(|movement| movement.at <= at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_a_mark_at_or_after_it() {
        let marks: Vec<i64> = [1, 2, 64, 65, 66, 129].map(mark_from).to_vec();
        assert_eq!(marks, [1, 65, 65, 65, 129, 129]);
    }
}
