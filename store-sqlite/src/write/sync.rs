//! Writing what a batch changed of the queue and the channels.

use onhand_rules::{DoneJob, MarketOrder, SyncChanges, Tracked};
use onhand_store::StoreError;
use rusqlite::Connection;

use crate::documents::{insert, write};
use crate::fault::work;

/// Finished jobs that one batch forgets at most.
const PURGE: i64 = 1_000;

pub(super) fn write_sync(connection: &Connection, changes: &SyncChanges) -> Result<(), StoreError> {
    for (key, row) in &changes.settings {
        write_setting(connection, key, row.now.as_ref())?;
    }
    write(connection, &changes.shops)?;
    write(connection, &changes.listings)?;
    write(connection, &changes.market_orders)?;
    for row in &changes.market_orders {
        write_waits(connection, row).map_err(work)?;
    }
    write(connection, &changes.inbox)?;
    write(connection, &changes.notices)?;
    write(connection, &changes.jobs)?;
    write(connection, &changes.dead)?;
    let done: Vec<&DoneJob> = changes.done.iter().collect();
    insert(connection, &done)?;
    if let Some(before) = changes.purge_done {
        let sql = "DELETE FROM job_done WHERE id IN
                   (SELECT id FROM job_done WHERE ended_at < ?1 ORDER BY ended_at, id LIMIT ?2)";
        let mut statement = connection.prepare_cached(sql).map_err(work)?;
        statement.execute((before, PURGE)).map_err(work)?;
    }
    Ok(())
}

fn write_setting(
    connection: &Connection,
    key: &str,
    value: Option<&onhand_rules::Setting>,
) -> Result<(), StoreError> {
    let Some(value) = value else {
        let mut statement = connection.prepare_cached("DELETE FROM setting WHERE key = ?1").map_err(work)?;
        return statement.execute([key]).map(|_| ()).map_err(work);
    };
    let body = serde_json::to_string(value).map_err(|error| StoreError::Rejected(error.to_string()))?;
    let sql = "INSERT INTO setting (key, body) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET body = excluded.body";
    let mut statement = connection.prepare_cached(sql).map_err(work)?;
    statement.execute((key, body)).map(|_| ()).map_err(work)
}

fn write_waits(connection: &Connection, row: &Tracked<MarketOrder>) -> rusqlite::Result<()> {
    let before = row.before.as_ref().map(|order| order.waits_for.as_slice()).unwrap_or_default();
    let Some(now) = &row.now else { return Ok(()) };
    if before == now.waits_for {
        return Ok(());
    }
    connection
        .prepare_cached("DELETE FROM market_order_wait WHERE shop = ?1 AND reference = ?2")?
        .execute((now.shop.0, &now.reference))?;
    let mut insert = connection.prepare_cached(
        "INSERT OR IGNORE INTO market_order_wait (shop, item, variant, reference) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (item, variant) in &now.waits_for {
        insert.execute((now.shop.0, item, variant, &now.reference))?;
    }
    Ok(())
}
