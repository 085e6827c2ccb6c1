//! The movements of a stock row, in a table that only grows at its end.
//!
//! A table keyed by stock row and version would scatter each batch over as many pages as it touches rows, and an index
//! the same: measured on 10,000 SKUs, that is three times the bytes written for each order. So movements are appended,
//! each points back at the one before it in its stock row, the row points at its last, and every 64th version has a mark
//! by which it is found without walking. Reading a page of history walks back along the pointers.

use std::collections::BTreeMap;

use onhand_rules::{Movement, StockKey};
use rusqlite::{Connection, OptionalExtension, Result};

use crate::bulk::{Insert, bind};
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

/// Appends movements; yields the place of the last one of each stock row.
pub(crate) fn append(connection: &Connection, movements: &[Movement]) -> Result<BTreeMap<StockKey, i64>> {
    let mut last: BTreeMap<StockKey, i64> = BTreeMap::new();
    if movements.is_empty() {
        return Ok(last);
    }
    let end: Option<i64> =
        connection.prepare_cached("SELECT max(seq) FROM movement")?.query_row([], |row| row.get(0))?;
    let mut end_of =
        connection.prepare_cached("SELECT last_movement FROM stock WHERE sku = ?1 AND location = ?2")?;
    let mut placed = Vec::with_capacity(movements.len());
    for (seq, movement) in (end.unwrap_or(0) + 1..).zip(movements) {
        let key = movement.key;
        let previous = match last.insert(key, seq) {
            Some(previous) => Some(previous),
            None => {
                let known: Option<i64> =
                    end_of.query_row([key.sku.0, key.location.0], |row| row.get(0)).optional()?;
                known.filter(|&known| known > 0)
            }
        };
        placed.push((seq, previous, movement));
    }
    MOVEMENT.all(connection, &placed, |statement, base, (seq, previous, row)| {
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
    Ok(last)
}

/// The number of movements of a stock row, and the place of the last.
fn end(c: &Connection, key: StockKey) -> Result<(i64, i64)> {
    let found = c
        .prepare_cached("SELECT version, last_movement FROM stock WHERE sku = ?1 AND location = ?2")?
        .query_row([key.sku.0, key.location.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.unwrap_or((0, 0)))
}

/// The place of the movement with this version, which must not be above the row's own.
fn locate(c: &Connection, key: StockKey, version: i64, end: (i64, i64)) -> Result<Option<i64>> {
    let mark = mark_from(version);
    let (mut at, mut seq) = end;
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
    let end = end(c, key)?;
    let version = version.min(end.0);
    let mut found = Vec::new();
    if version < 1 || limit < 1 {
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
        found.push(movement);
        seq = previous;
    }
    Ok(found)
}

/// At most `limit` movements with versions above `after`, oldest first.
pub(crate) fn upwards(c: &Connection, key: StockKey, after: i64, limit: i64) -> Result<Vec<Movement>> {
    let last = after.saturating_add(limit).min(end(c, key)?.0);
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
    let (mut low, mut high) = (0, (end.0 + STRIDE - 1) / STRIDE);
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
