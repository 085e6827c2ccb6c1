//! Rows of the queue and the channels as values of the rules, and their names in the database.

use onhand_rules::job::{JobFailure, JobState, Lease};
use onhand_rules::{DeadJob, DoneJob, Job, JobBody, JobId, ShopId};
use onhand_store::StoreError;
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer};
use tokio_postgres::Row;

use crate::column::{Columns, Uuid, damaged};
use crate::rows::json;

macro_rules! job_columns {
    () => {
        "t.id, t.class, t.state, t.run_at, t.attempts, t.crashes, t.throttled, t.lease_number, t.lease_owner, \
         t.lease_until, t.lease_deadline, t.lease_since, t.again, t.cause_at, t.created_at, t.failure, \
         t.replay_of, t.trace, t.kind, t.shop, t.dedupe, t.body"
    };
}
/// The same for inserting, without the table.
macro_rules! job_names {
    () => {
        "id, class, state, run_at, attempts, crashes, throttled, lease_number, lease_owner, lease_until, \
         lease_deadline, lease_since, again, cause_at, created_at, failure, replay_of, trace, kind, shop, dedupe, body"
    };
}
macro_rules! dead_columns {
    () => {
        "t.id, t.class, t.state, t.run_at, t.attempts, t.crashes, t.throttled, t.lease_number, t.lease_owner, \
         t.lease_until, t.lease_deadline, t.lease_since, t.again, t.cause_at, t.created_at, t.failure, \
         t.replay_of, t.trace, t.kind, t.shop, t.dedupe, t.body, t.died_at, t.failure_class, t.code, t.message, t.failed_at, \
         t.replayed_as, t.discarded"
    };
}
/// What a claim, a heartbeat and the wish to run once more change of a job, with types.
macro_rules! lease_fields {
    () => {
        "state text, lease_number bigint, lease_owner uuid, lease_until bigint, lease_deadline bigint, \
         lease_since bigint, again boolean"
    };
}
/// What is written of a job besides its id, with types.
macro_rules! job_fields {
    () => {
        "kind smallint, shop bigint, class smallint, state text, run_at bigint, attempts integer, crashes integer, \
         throttled integer, lease_number bigint, lease_owner uuid, lease_until bigint, lease_deadline bigint, \
         lease_since bigint, again boolean, cause_at bigint, created_at bigint, failure text, replay_of uuid, \
         trace text, dedupe text, body text"
    };
}
pub(crate) use {dead_columns, job_columns, job_fields, job_names, lease_fields};

/// A value as JSON. One that cannot be written is an empty text, which the database refuses.
pub(crate) fn body<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The stable name of a value of a closed list, as its JSON has it.
pub(crate) fn name<T: Serialize>(value: T) -> String {
    body(&value).trim_matches('"').to_owned()
}

/// The inverse of [`name`].
pub(crate) fn of_name<T: DeserializeOwned>(name: &str) -> Option<T> {
    let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
    T::deserialize(text).ok()
}

/// The only column is a value as JSON.
pub(crate) fn document<T: DeserializeOwned>(row: &Row) -> Result<T, StoreError> {
    json(Columns::of(row).next()?)
}

fn lease(columns: &mut Columns<'_>) -> Result<Option<Lease>, StoreError> {
    let owner: Option<Uuid> = columns.next()?;
    let (until, deadline, since) = (columns.next()?, columns.next()?, columns.next()?);
    Ok(match (owner, until, deadline, since) {
        (Some(owner), Some(until), Some(deadline), Some(since)) => {
            Some(Lease { owner: owner.0, until, deadline, since })
        }
        _ => None,
    })
}

pub(crate) fn job_at(columns: &mut Columns<'_>) -> Result<Job, StoreError> {
    let id = JobId(columns.next::<Uuid>()?.0);
    let (class, state) = (columns.next()?, columns.name(of_name::<JobState>)?);
    let (run_at, attempts, crashes) = (columns.next()?, columns.next()?, columns.next()?);
    let (throttled, lease_number) = (columns.next()?, columns.next()?);
    let lease = lease(columns)?;
    let (again, cause_at, created_at) = (columns.next()?, columns.next()?, columns.next()?);
    let failure: Option<&str> = columns.next()?;
    let replay_of: Option<Uuid> = columns.next()?;
    Ok(Job {
        id,
        class,
        state,
        run_at,
        attempts,
        crashes,
        throttled,
        lease_number,
        lease,
        again,
        cause_at,
        created_at,
        last_failure: failure.and_then(|failure| serde_json::from_str(failure).ok()),
        replay_of: replay_of.map(|id| JobId(id.0)),
        trace: columns.next()?,
        body: job_body(columns)?,
    })
}

/// Kind, shop, key and body. What cannot be read stands in nobody's way: the first attempt ends it (B10).
fn job_body(columns: &mut Columns<'_>) -> Result<JobBody, StoreError> {
    let (number, shop, dedupe): (i16, i64, Option<String>) =
        (columns.next()?, columns.next()?, columns.next()?);
    let text: &str = columns.next()?;
    Ok(serde_json::from_str(text).unwrap_or_else(|why| {
        tracing::warn!(number, shop, %why, "a job cannot be read");
        JobBody::Unreadable { number, shop: shop_of(shop), dedupe, text: text.to_owned() }
    }))
}

/// 0 stands for none.
pub(crate) fn shop_of(number: i64) -> Option<ShopId> {
    (number != 0).then_some(ShopId(number))
}

pub(crate) fn job(row: &Row) -> Result<Job, StoreError> {
    job_at(&mut Columns::of(row))
}

pub(crate) fn dead(row: &Row) -> Result<DeadJob, StoreError> {
    let mut columns = Columns::of(row);
    let (job, died_at) = (job_at(&mut columns)?, columns.next()?);
    let class: &str = columns.next()?;
    let class = of_name(class).ok_or_else(|| damaged(&format!("failure class {class}")))?;
    let (code, message, at) = (columns.next()?, columns.next()?, columns.next()?);
    // What was used up is with the job; a dead one uses up nothing more.
    let failure = JobFailure { class, code, message, at, spent: Default::default() };
    let replayed_as = columns.next::<Option<Uuid>>()?.map(|id| JobId(id.0));
    Ok(DeadJob { job, died_at, failure, replayed_as, discarded: columns.next()? })
}

/// After the columns of the job: when it ended and how.
pub(crate) fn done(row: &Row) -> Result<DoneJob, StoreError> {
    let mut columns = Columns::of(row);
    Ok(DoneJob { job: job_at(&mut columns)?, ended_at: columns.next()?, outcome: columns.next()? })
}
