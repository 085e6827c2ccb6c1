//! The schema's history: numbered files, applied once each, never edited afterwards.

use onhand_store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};

use crate::fault::{Phase, classify, work};

/// One step of the schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// 1 for the first, then one more each time.
    pub number: i64,
    /// The file's name.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
}

/// Every step that this binary knows.
pub const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "0001_ledger.sql", sql: include_str!("../migrations/0001_ledger.sql") },
    Migration {
        number: 2,
        name: "0002_queue_and_channels.sql",
        sql: include_str!("../migrations/0002_queue_and_channels.sql"),
    },
    Migration { number: 3, name: "0003_payments.sql", sql: include_str!("../migrations/0003_payments.sql") },
    Migration {
        number: 4,
        name: "0004_events_by_type.sql",
        sql: include_str!("../migrations/0004_events_by_type.sql"),
    },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migration (
    number   INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    checksum TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT";

/// Brings a database to the last of `known`. Each step is one transaction together with its record, so a process that
/// is killed half way leaves it undone; whoever opens the database next does it again from the start.
///
/// # Errors
/// [`StoreError::Broken`] when the database was made by a newer binary, or by one whose steps differ.
pub fn apply(connection: &mut Connection, known: &[Migration], now: i64) -> Result<(), StoreError> {
    check(connection, known)?;
    for migration in known {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(work)?;
        transaction.execute_batch(TABLE).map_err(work)?;
        let done: bool = transaction
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM migration WHERE number = ?1)",
                [migration.number],
                |row| row.get(0),
            )
            .map_err(work)?;
        if done {
            continue;
        }
        tracing::info!(number = migration.number, name = migration.name, "migrating the schema");
        transaction.execute_batch(migration.sql).map_err(|error| {
            let text = format!("migration {} failed: {error}", migration.name);
            match work(error) {
                StoreError::Rejected(_) | StoreError::Conflict(_) | StoreError::Broken(_) => {
                    StoreError::Broken(text)
                }
                other => other,
            }
        })?;
        transaction
            .execute(
                "INSERT INTO migration (number, name, checksum, at) VALUES (?1, ?2, ?3, ?4)",
                (migration.number, migration.name, checksum(migration.sql), now),
            )
            .map_err(work)?;
        transaction.commit().map_err(|error| classify(error, Phase::Commit))?;
    }
    Ok(())
}

/// Compares what was applied with what is known, without changing anything.
///
/// # Errors
/// [`StoreError::Broken`] when the database was made by a newer binary, or by one whose steps differ.
pub fn check(connection: &Connection, known: &[Migration]) -> Result<(), StoreError> {
    for (number, name, applied) in applied(connection)? {
        let Some(migration) = known.iter().find(|m| m.number == number) else {
            let last = known.last().map_or(0, |m| m.number);
            return Err(StoreError::Broken(format!(
                "the database has schema {number} ({name}), this binary knows up to {last}: use a newer onhand"
            )));
        };
        if applied != checksum(migration.sql) {
            return Err(StoreError::Broken(format!(
                "migration {number} was applied as {name} with other contents than {} in this binary",
                migration.name
            )));
        }
    }
    Ok(())
}

/// Number, name and checksum of every step that was applied.
pub(crate) fn applied(connection: &Connection) -> Result<Vec<(i64, String, String)>, StoreError> {
    let exists: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration')",
            [],
            |row| row.get(0),
        )
        .map_err(work)?;
    if !exists {
        return Ok(Vec::new());
    }
    let mut statement =
        connection.prepare("SELECT number, name, checksum FROM migration ORDER BY number").map_err(work)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).map_err(work)?;
    rows.collect::<Result<_, _>>().map_err(work)
}

fn checksum(sql: &str) -> String {
    // Line ends are not contents: a checkout on another system may change them.
    let digest = Sha256::digest(sql.replace("\r\n", "\n"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
