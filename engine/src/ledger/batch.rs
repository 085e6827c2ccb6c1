//! One batch: claim → find → lock → decide → write → number → commit.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use onhand_rules::audit::HEAD;
use onhand_rules::command::ROUNDS_MAX;
use onhand_rules::{Context, Needs, OpId, PrincipalId, Receipt, Refusal, Working};
use onhand_store::{OpKey, OpRow, Outcome, Session, StoreError};

use super::time::Time;
use super::{Pending, Request, SubmitError};
use crate::jobs::News;
use crate::telemetry::Metrics;

/// How one command of a batch ended.
pub(super) struct Decided {
    pub(super) outcome: Outcome,
    pub(super) op: OpId,
    pub(super) replayed: bool,
}

/// How the commands of a batch ended, in their order.
pub(super) struct Results {
    /// `None`: an earlier command of the batch changed what this one must see, so it belongs into the next batch.
    pub(super) answers: Vec<Option<Result<Decided, SubmitError>>>,
    /// The number of the last event, if anything was committed.
    pub(super) feed: Option<i64>,
    /// What was committed for the queue.
    pub(super) news: Option<News>,
}

/// The keys of a batch, sorted and distinct.
pub(super) fn keys(commands: &[Pending]) -> Vec<OpKey> {
    let mut keys: Vec<OpKey> = commands.iter().filter_map(|pending| pending.request.key.clone()).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Runs the batch in one transaction.
pub(super) async fn run(
    session: &mut dyn Session,
    commands: &[Pending],
    time: &Time,
    metrics: &Metrics,
) -> Result<Results, StoreError> {
    let now = session.begin().await?;
    time.learn(now);
    match in_transaction(session, commands, now, metrics).await {
        Ok(results) => Ok(results),
        Err(error) => {
            if !matches!(error, StoreError::Unknown(_))
                && let Err(second) = session.rollback().await
            {
                tracing::debug!(%second, "the rollback failed too; the session opens anew");
            }
            Err(error)
        }
    }
}

async fn in_transaction(
    session: &mut dyn Session,
    commands: &[Pending],
    now: i64,
    metrics: &Metrics,
) -> Result<Results, StoreError> {
    let known: BTreeMap<OpKey, OpRow> =
        session.outcomes(&keys(commands)).await?.into_iter().map(|row| (row.key.clone(), row)).collect();
    let fresh = |pending: &&Pending| pending.request.key.as_ref().is_none_or(|key| !known.contains_key(key));
    let todo: Vec<&Request> = commands.iter().filter(fresh).map(|pending| &pending.request).collect();

    let mut working = Working::default();
    let needs = load(session, &todo, &mut working).await?;
    session.lock(&needs, &mut working).await?;
    if !working.missing(&needs_of(&todo, &working)).is_empty() {
        return Err(StoreError::Conflict("rows changed between finding and locking them".into()));
    }

    let mut decisions = Decisions { now, known, ops: Vec::new(), changed: false };
    let answers = commands.iter().map(|pending| decisions.decide(&mut working, pending)).collect();
    let changes = working.into_changes(PrincipalId::SYSTEM);
    if changes.is_empty() && decisions.ops.is_empty() {
        session.rollback().await?;
        return Ok(Results { answers, feed: None, news: None });
    }
    session.write(&changes, &decisions.ops, now).await?;
    let started = Instant::now();
    let feed = session.commit().await?;
    metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
    Ok(Results { answers, feed: Some(feed), news: Some(News::of(&changes)) })
}

fn needs_of(requests: &[&Request], working: &Working) -> Needs {
    let mut needs = Needs::default();
    for request in requests {
        request.command.needs(working, &mut needs);
        if request.audit.is_some() {
            needs.sync.settings.insert(HEAD.to_owned());
        }
    }
    needs
}

/// Loads what the commands need, round by round, and returns all of it.
async fn load(
    session: &mut dyn Session,
    requests: &[&Request],
    working: &mut Working,
) -> Result<Needs, StoreError> {
    for _round in 0..ROUNDS_MAX {
        let needs = needs_of(requests, working);
        let missing = working.missing(&needs);
        if missing.is_empty() {
            return Ok(needs);
        }
        session.find(&missing, working).await?;
    }
    Err(StoreError::Rejected(format!("a command asked for more than {ROUNDS_MAX} rounds of loading")))
}

struct Decisions {
    now: i64,
    /// Records by key: those that were there, and those of this batch.
    known: BTreeMap<OpKey, OpRow>,
    /// New records.
    ops: Vec<OpRow>,
    /// Whether a command of this batch has changed anything yet.
    changed: bool,
}

impl Decisions {
    fn decide(&mut self, working: &mut Working, pending: &Pending) -> Option<Result<Decided, SubmitError>> {
        let request = &pending.request;
        if let Some(row) = request.key.as_ref().and_then(|key| self.known.get(key)) {
            if row.fingerprint != request.fingerprint {
                return Some(Err(SubmitError::Mismatch));
            }
            return Some(Ok(Decided { outcome: row.outcome.clone(), op: row.id, replayed: true }));
        }
        let context =
            Context { now: self.now, op: request.op, actor: request.actor, trace: request.trace.clone() };
        let outcome = match attempt(working, request, &context) {
            Attempt::Decided(Ok(receipt)) => {
                self.changed = true;
                Outcome::Done(receipt)
            }
            Attempt::Decided(Err(refusal)) => Outcome::Refused(refusal),
            Attempt::Blind(_) if self.changed => return None,
            Attempt::Blind(rows) => {
                let (op, command) = (request.op, request.command.name());
                tracing::error!(%op, command, rows, "a command read rows it had not asked for");
                return Some(Err(SubmitError::Bug("a command read rows it had not asked for".into())));
            }
            Attempt::Panicked => {
                tracing::error!(op = %request.op, command = request.command.name(), "a command panicked");
                return Some(Err(SubmitError::Bug("a command panicked".into())));
            }
        };
        if let Some(key) = &request.key {
            let row = OpRow {
                key: key.clone(),
                id: request.op,
                fingerprint: request.fingerprint,
                outcome: outcome.clone(),
                at: self.now,
            };
            self.known.insert(key.clone(), row.clone());
            self.ops.push(row);
        }
        Some(Ok(Decided { outcome, op: request.op, replayed: false }))
    }
}

/// How the attempt to decide a command ended.
enum Attempt {
    Decided(Result<Receipt, Refusal>),
    /// It read rows that nobody had loaded; undone.
    Blind(String),
    /// It panicked; undone.
    Panicked,
}

/// Decides one command in a scope of its own. A panic is one answered bug, not a dead shop: the scope undoes itself while
/// the stack unwinds.
fn attempt(working: &mut Working, request: &Request, context: &Context) -> Attempt {
    let decided = catch_unwind(AssertUnwindSafe(|| {
        let mut scope = working.scope();
        let result = request.command.decide(&mut scope, context);
        if result.is_ok() {
            if let Some(note) = &request.audit {
                scope.record_audit(context, note);
            }
            scope.accept_if_asked();
        }
        result
    }));
    let unasked = std::mem::take(&mut working.unasked);
    match decided {
        Ok(_) if !unasked.is_empty() => Attempt::Blind(unasked.join(", ")),
        Ok(result) => Attempt::Decided(result),
        Err(_) => Attempt::Panicked,
    }
}
