//! Jobs whose body cannot be read: a newer program wrote it, or it is damaged. They are made of their columns, so that
//! they stand in nobody's way and are claimed like any other; the first attempt ends them as undecodable (B10).

use onhand_rules::job::{JobFailure, JobState, Lease};
use onhand_rules::retry::{FailureClass, Spent};
use onhand_rules::{DeadJob, DoneJob, Job, JobBody, JobId, ShopId};
use rusqlite::{Connection, Row};

use super::Sql;

/// The id and the text of an unreadable row (body, id).
fn found(row: &Row<'_>) -> Sql<(JobId, String)> {
    Ok((JobId::from_bytes(row.get(1)?), row.get(0)?))
}

/// Kind, shop and key from the columns of the same names, from column 0 on.
fn body(row: &Row<'_>, text: &str) -> Sql<JobBody> {
    let shop: i64 = row.get(1)?;
    let shop = (shop != 0).then_some(ShopId(shop));
    Ok(JobBody::Unreadable { number: row.get(0)?, shop, dedupe: row.get(2)?, text: text.to_owned() })
}

/// A job without a past.
fn blank(id: JobId, body: JobBody, run_at: i64) -> Job {
    Job {
        id,
        body,
        class: 4,
        state: JobState::Ready,
        run_at,
        attempts: 0,
        crashes: 0,
        throttled: 0,
        lease_number: 0,
        lease: None,
        again: false,
        cause_at: run_at,
        created_at: run_at,
        last_failure: None,
        replay_of: None,
        trace: None,
    }
}

pub(super) fn job(connection: &Connection, row: &Row<'_>, why: String) -> Sql<Job> {
    let (id, text) = found(row)?;
    tracing::warn!(job = %id, why, "a job cannot be read");
    let mut statement = connection.prepare_cached(
        "SELECT kind, shop, dedupe, class, running, run_at, attempts, crashes, throttled, lease_number, lease_end
         FROM job WHERE id = ?1",
    )?;
    statement.query_row([id.to_bytes()], |row| {
        let run_at = row.get(5)?;
        let running: bool = row.get(4)?;
        let end: Option<i64> = row.get(10)?;
        Ok(Job {
            class: row.get(3)?,
            state: if running { JobState::Running } else { JobState::Ready },
            attempts: row.get(6)?,
            crashes: row.get(7)?,
            throttled: row.get(8)?,
            lease_number: row.get(9)?,
            lease: end.map(|end| Lease { owner: 0, until: end, deadline: end, since: run_at }),
            ..blank(id, body(row, &text)?, run_at)
        })
    })
}

pub(super) fn dead_job(connection: &Connection, row: &Row<'_>, why: String) -> Sql<DeadJob> {
    let (id, text) = found(row)?;
    let mut statement = connection.prepare_cached(
        "SELECT kind, shop, NULL, code, died_at, replayed_as, open FROM job_dead WHERE id = ?1",
    )?;
    statement.query_row([id.to_bytes()], |row| {
        let (died_at, open): (i64, bool) = (row.get(4)?, row.get(6)?);
        let (class, spent) = (FailureClass::Undecodable, Spent::default());
        let replayed_as = row.get::<_, Option<[u8; 16]>>(5)?.map(JobId::from_bytes);
        let gone = !open && replayed_as.is_none();
        Ok(DeadJob {
            job: blank(id, body(row, &text)?, died_at),
            died_at,
            failure: JobFailure { class, code: row.get(3)?, message: why.clone(), at: died_at, spent },
            replayed_as,
            discarded: gone.then(|| why.clone()),
        })
    })
}

pub(super) fn done_job(connection: &Connection, row: &Row<'_>, _why: String) -> Sql<DoneJob> {
    let (id, text) = found(row)?;
    let mut statement = connection
        .prepare_cached("SELECT kind, shop, NULL, ended_at, outcome FROM job_done WHERE id = ?1")?;
    statement.query_row([id.to_bytes()], |row| {
        let ended_at = row.get(3)?;
        Ok(DoneJob { job: blank(id, body(row, &text)?, ended_at), ended_at, outcome: row.get(4)? })
    })
}
