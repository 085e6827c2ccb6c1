//! The schema, step by step.
//!
//! Each step runs in one transaction together with the row that records it, under a lock that lets replicas which start
//! at the same time take turns. Killed at any moment, it has happened wholly or not at all.

use onhand_store::StoreError;
use sha2::{Digest as _, Sha256};
use tokio_postgres::Client;

use crate::failure::failure;

struct Migration {
    number: i32,
    name: &'static str,
    sql: &'static str,
}

/// Never edited once released: a database remembers what it was made with.
const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "ledger", sql: include_str!("../migrations/0001_ledger.sql") },
    Migration {
        number: 2,
        name: "queue and channels",
        sql: include_str!("../migrations/0002_queue_and_channels.sql"),
    },
    Migration { number: 3, name: "payments", sql: include_str!("../migrations/0003_payments.sql") },
    Migration {
        number: 4,
        name: "events by type",
        sql: include_str!("../migrations/0004_events_by_type.sql"),
    },
    Migration {
        number: 5,
        name: "listings found by name",
        sql: include_str!("../migrations/0005_listings_found_by_name.sql"),
    },
];

/// An arbitrary number, so that no other program's lock is ours: "onhand" in ASCII.
const LOCK: i64 = 0x6f6e_6861_6e64;

const TABLE: &str = "create table if not exists migration (number integer primary key, name text not null, \
                     checksum text not null, at timestamptz not null default now())";

/// The schema version that this code writes.
fn newest() -> i32 {
    MIGRATIONS.iter().map(|migration| migration.number).max().unwrap_or(0)
}

/// Brings the database to [`newest`].
pub(crate) async fn migrate(client: &Client) -> Result<(), StoreError> {
    while step(client).await? {}
    Ok(())
}

/// Applies the first step that is missing; says whether there was one.
async fn step(client: &Client) -> Result<bool, StoreError> {
    let outcome = locked_step(client).await;
    let end = if outcome.is_ok() { "commit" } else { "rollback" };
    let ended = client.batch_execute(end).await;
    let did = outcome?;
    ended.map_err(|error| failure(&error))?;
    Ok(did)
}

async fn locked_step(client: &Client) -> Result<bool, StoreError> {
    let run = async |sql: &str| client.batch_execute(sql).await.map_err(|error| failure(&error));
    run("begin").await?;
    run(&format!("select pg_advisory_xact_lock({LOCK})")).await?;
    run(TABLE).await?;
    let applied = recorded(client).await?;
    check(&applied)?;
    let Some(next) = MIGRATIONS.get(applied.len()) else {
        return Ok(false);
    };
    tracing::info!(number = next.number, name = next.name, "migrating the database");
    run(next.sql).await?;
    client
        .execute(
            "insert into migration (number, name, checksum) values ($1, $2, $3)",
            &[&next.number, &next.name, &checksum(next.sql)],
        )
        .await
        .map_err(|error| failure(&error))?;
    Ok(true)
}

/// Number, name and checksum of each step, in order.
async fn recorded(client: &Client) -> Result<Vec<(i32, String, String)>, StoreError> {
    let rows = client
        .query("select number, name, checksum from migration order by number", &[])
        .await
        .map_err(|error| failure(&error))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// What was applied to a database that may be none of Onhand's; nothing then.
pub(crate) async fn applied(client: &Client) -> Result<Vec<(i32, String, String)>, StoreError> {
    let row = client
        .query_one("select to_regclass('migration') is not null", &[])
        .await
        .map_err(|error| failure(&error))?;
    if row.get(0) { recorded(client).await } else { Ok(Vec::new()) }
}

/// Whether what was applied is a beginning of what this code knows.
pub(crate) fn check(applied: &[(i32, String, String)]) -> Result<(), StoreError> {
    for (index, (number, name, sum)) in applied.iter().enumerate() {
        let Some(known) = MIGRATIONS.get(index) else {
            return Err(newer(*number));
        };
        if known.number != *number || checksum(known.sql) != *sum {
            return Err(StoreError::Broken(format!(
                "migration {number} ({name}) of this database is not the one that this version of onhand knows: it was \
                 made by a changed build, or edited by hand"
            )));
        }
    }
    Ok(())
}

/// Whether the schema is still the one that this code writes.
pub(crate) async fn verify(client: &Client) -> Result<(), StoreError> {
    let row = client
        .query_one("select coalesce(max(number), 0) from migration", &[])
        .await
        .map_err(|error| failure(&error))?;
    match row.get::<_, i32>(0) {
        number if number > newest() => Err(newer(number)),
        number if number < newest() => Err(StoreError::Broken(format!(
            "this database has schema {number} and {} is needed: it was replaced while onhand was running",
            newest()
        ))),
        _ => Ok(()),
    }
}

/// The refusal to touch a schema from the future.
fn newer(number: i32) -> StoreError {
    StoreError::Broken(format!(
        "this database has schema {number} and this version of onhand knows only up to {}: use the newer version that \
         migrated it",
        newest()
    ))
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
