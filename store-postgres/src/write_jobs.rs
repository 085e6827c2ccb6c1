//! Writing jobs. What most of them go through is narrow: a claim changes the lease alone, and a job that is done moves from
//! one table into the other inside the server. Everything else takes the wide way with all columns.

use std::collections::HashMap;

use onhand_rules::job::{JobState, Lease};
use onhand_rules::working::sync::SyncChanges;
use onhand_rules::{DeadJob, DoneJob, Job, JobId};
use onhand_store::StoreError;
use tokio_postgres::types::ToSql;

use crate::column::Uuid;
use crate::session::Desk;
use crate::statements::Sql;
use crate::sync_rows::{body, name};
use crate::write::{Pairs, column, exactly, sorted_out};
use crate::write_holders::put;

pub(crate) async fn write(desk: &Desk, changes: &SyncChanges) -> Result<(), StoreError> {
    let (mut new, changed) = sorted_out(&changes.jobs);
    new.sort_by_cached_key(|job| (job.body.dedupe(), job.id));
    let (leased, changed): (Pairs<'_, Job>, Pairs<'_, Job>) =
        changed.into_iter().partition(|(before, now)| differ_by_lease(before, now));
    let (finished, gone, done) = ended(changes);
    let (new_dead, dead) = sorted_out(&changes.dead);
    // A new job may take the key of one that goes.
    tokio::try_join!(
        biased;
        finish_jobs(desk, finished),
        delete_jobs(desk, gone),
        lease_jobs(desk, leased),
        update_jobs(desk, changed),
        insert_jobs(desk, new),
        update_dead(desk, dead),
        insert_dead(desk, new_dead),
        insert_done(desk, done),
        purge_done(desk, changes.purge_done),
    )?;
    Ok(())
}

/// Whether nothing else has changed than what [`Sql::LeaseJobs`] writes. All fields are named, so that a new one is not
/// forgotten here.
fn differ_by_lease(before: &Job, now: &Job) -> bool {
    let Job {
        id: _,
        state: _,
        lease_number: _,
        lease: _,
        again: _,
        body,
        class,
        run_at,
        attempts,
        crashes,
        throttled,
        cause_at,
        created_at,
        last_failure,
        replay_of,
        trace,
    } = before;
    (class, run_at, attempts, crashes, throttled)
        == (&now.class, &now.run_at, &now.attempts, &now.crashes, &now.throttled)
        && (cause_at, created_at, replay_of) == (&now.cause_at, &now.created_at, &now.replay_of)
        && (body, last_failure, trace) == (&now.body, &now.last_failure, &now.trace)
}

/// Jobs that leave with their record of how they were done; jobs that leave without; records of others.
type Endings<'a> = (Vec<(&'a Job, &'a DoneJob)>, Vec<&'a Job>, Vec<&'a DoneJob>);

fn ended(changes: &SyncChanges) -> Endings<'_> {
    let mut done: HashMap<JobId, &DoneJob> = changes.done.iter().map(|done| (done.job.id, done)).collect();
    let (mut finished, mut gone) = (Vec::new(), Vec::new());
    for before in changes.jobs.iter().filter(|row| row.now.is_none()).filter_map(|row| row.before.as_ref()) {
        // As it stands in the table, or its columns have to be sent.
        match done.get(&before.id).copied().filter(|done| done.job == *before) {
            Some(record) => {
                done.remove(&before.id);
                finished.push((before, record));
            }
            None => gone.push(before),
        }
    }
    let rest = changes.done.iter().filter(|record| done.contains_key(&record.job.id)).collect();
    (finished, gone, rest)
}

fn state(state: JobState) -> &'static str {
    match state {
        JobState::Ready => "ready",
        JobState::Running => "running",
    }
}

async fn finish_jobs(desk: &Desk, rows: Vec<(&Job, &DoneJob)>) -> Result<(), StoreError> {
    put!(desk, FinishJobs, rows, row => [
        Uuid(row.0.id.0),
        row.0.lease_number,
        state(row.0.state),
        row.1.ended_at,
        row.1.outcome.as_str(),
    ])
}

async fn delete_jobs(desk: &Desk, gone: Vec<&Job>) -> Result<(), StoreError> {
    put!(desk, DeleteJobs, gone, job => [Uuid(job.id.0), job.lease_number, state(job.state)])
}

fn of_lease<T>(job: &Job, value: fn(&Lease) -> T) -> Option<T> {
    job.lease.as_ref().map(value)
}

async fn lease_jobs(desk: &Desk, rows: Pairs<'_, Job>) -> Result<(), StoreError> {
    put!(desk, LeaseJobs, rows, pair => [
        Uuid(pair.1.id.0),
        state(pair.1.state),
        pair.1.lease_number,
        of_lease(pair.1, |lease| Uuid(lease.owner)),
        of_lease(pair.1, |lease| lease.until),
        of_lease(pair.1, |lease| lease.deadline),
        of_lease(pair.1, |lease| lease.since),
        pair.1.again,
        pair.0.lease_number,
        state(pair.0.state),
    ])
}

/// Arrays to send, one for each column.
type Arrays = Vec<Box<dyn ToSql + Sync + Send>>;

/// The id and `job_fields`.
fn job_arrays(jobs: &[&Job]) -> Arrays {
    vec![
        Box::new(column!(jobs, job => Uuid(job.id.0))),
        Box::new(column!(jobs, job => job.body.number())),
        Box::new(column!(jobs, job => job.body.shop().map_or(0, |shop| shop.0))),
        Box::new(column!(jobs, job => job.class)),
        Box::new(column!(jobs, job => state(job.state))),
        Box::new(column!(jobs, job => job.run_at)),
        Box::new(column!(jobs, job => job.attempts)),
        Box::new(column!(jobs, job => job.crashes)),
        Box::new(column!(jobs, job => job.throttled)),
        Box::new(column!(jobs, job => job.lease_number)),
        Box::new(column!(jobs, job => of_lease(job, |lease| Uuid(lease.owner)))),
        Box::new(column!(jobs, job => of_lease(job, |lease| lease.until))),
        Box::new(column!(jobs, job => of_lease(job, |lease| lease.deadline))),
        Box::new(column!(jobs, job => of_lease(job, |lease| lease.since))),
        Box::new(column!(jobs, job => job.again)),
        Box::new(column!(jobs, job => job.cause_at)),
        Box::new(column!(jobs, job => job.created_at)),
        Box::new(column!(jobs, job => job.last_failure.as_ref().map(body))),
        Box::new(column!(jobs, job => job.replay_of.map(|id| Uuid(id.0)))),
        Box::new(column!(jobs, job => job.trace.clone())),
        Box::new(column!(jobs, job => job.body.dedupe())),
        Box::new(column!(jobs, job => body(&job.body))),
    ]
}

async fn send(desk: &Desk, count: usize, sql: Sql, arrays: Arrays) -> Result<(), StoreError> {
    let parameters: Vec<&(dyn ToSql + Sync)> = arrays.iter().map(|array| &**array as _).collect();
    exactly(desk, count, sql, &parameters).await
}

async fn update_jobs(desk: &Desk, rows: Pairs<'_, Job>) -> Result<(), StoreError> {
    let mut arrays = job_arrays(&column!(rows, pair => pair.1));
    arrays.push(Box::new(column!(rows, pair => pair.0.lease_number)));
    arrays.push(Box::new(column!(rows, pair => state(pair.0.state))));
    send(desk, rows.len(), Sql::UpdateJobs, arrays).await
}

async fn insert_jobs(desk: &Desk, jobs: Vec<&Job>) -> Result<(), StoreError> {
    send(desk, jobs.len(), Sql::InsertJobs, job_arrays(&jobs)).await
}

async fn update_dead(desk: &Desk, rows: Pairs<'_, DeadJob>) -> Result<(), StoreError> {
    put!(desk, UpdateDead, rows, pair => [
        Uuid(pair.1.job.id.0),
        pair.1.replayed_as.map(|id| Uuid(id.0)),
        pair.1.discarded.as_deref(),
        pair.0.replayed_as.map(|id| Uuid(id.0)),
    ])
}

async fn insert_dead(desk: &Desk, rows: Vec<&DeadJob>) -> Result<(), StoreError> {
    let mut arrays = job_arrays(&column!(rows, row => &row.job));
    arrays.push(Box::new(column!(rows, row => row.died_at)));
    arrays.push(Box::new(column!(rows, row => name(row.failure.class))));
    arrays.push(Box::new(column!(rows, row => row.failure.code.clone())));
    arrays.push(Box::new(column!(rows, row => row.failure.message.clone())));
    arrays.push(Box::new(column!(rows, row => row.failure.at)));
    arrays.push(Box::new(column!(rows, row => row.replayed_as.map(|id| Uuid(id.0)))));
    arrays.push(Box::new(column!(rows, row => row.discarded.clone())));
    send(desk, rows.len(), Sql::InsertDead, arrays).await
}

async fn insert_done(desk: &Desk, rows: Vec<&DoneJob>) -> Result<(), StoreError> {
    let mut arrays = job_arrays(&column!(rows, row => &row.job));
    arrays.push(Box::new(column!(rows, row => row.ended_at)));
    arrays.push(Box::new(column!(rows, row => row.outcome.clone())));
    send(desk, rows.len(), Sql::InsertDone, arrays).await
}

async fn purge_done(desk: &Desk, before: Option<i64>) -> Result<(), StoreError> {
    if let Some(before) = before {
        desk.execute(Sql::PurgeDone, &[&before]).await?;
    }
    Ok(())
}
