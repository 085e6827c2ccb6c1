//! The finisher: ends attempts in batches. A slot is free, and its lease is no longer renewed, only when the end is
//! durable (Q20).

use std::sync::Arc;

use onhand_rules::commands::queue::{End, FinishJobs, JobEnd};
use onhand_rules::retry::class_name;
use onhand_rules::{JobId, Receipt};
use onhand_store::Outcome;
use tokio::sync::mpsc;

use super::{Shared, backoff};
use crate::ledger::{Request, SubmitError};

/// Ends in one command at most.
const BATCH: usize = 1_000;

pub(super) async fn run(shared: Arc<Shared>, mut ends: mpsc::UnboundedReceiver<JobEnd>) {
    let mut batch = Vec::with_capacity(BATCH);
    while ends.recv_many(&mut batch, BATCH).await > 0 {
        finish(&shared, std::mem::take(&mut batch)).await;
    }
}

/// Tries until there is an answer.
async fn finish(shared: &Shared, ends: Vec<JobEnd>) {
    let mut unsure = false;
    for failures in 1.. {
        match shared.engine.submit(Request::internal(FinishJobs { ends: ends.clone() })).await {
            Ok(answer) => {
                settle(shared, &ends, &answer.outcome, unsure);
                return;
            }
            // It may have been done: the second time, what was done is stale.
            Err(SubmitError::OutcomeUnknown) => unsure = true,
            Err(SubmitError::Stopping) => return give_up(shared, &ends, "the engine stops"),
            Err(SubmitError::Bug(why)) if ends.len() == 1 => return give_up(shared, &ends, &why),
            Err(SubmitError::Bug(_)) => {
                for end in ends {
                    Box::pin(finish(shared, vec![end])).await;
                }
                return;
            }
            Err(error) => tracing::debug!(%error, jobs = ends.len(), "ends of jobs wait for the database"),
        }
        tokio::time::sleep(backoff(failures)).await;
    }
}

fn settle(shared: &Shared, ends: &[JobEnd], outcome: &Outcome, unsure: bool) {
    let metrics = &shared.engine.metrics().queue;
    match outcome {
        Outcome::Done(Receipt::Jobs { stale, dead }) => {
            for end in ends.iter().filter(|end| !stale.contains(&end.job)) {
                let (kind, shop) = shared.table.work_of(end.job).unwrap_or_default();
                metrics.attempt(kind, shop, &name_of(&end.end));
            }
            if !unsure && !stale.is_empty() {
                metrics.stale_finishes.inc_by(stale.len() as u64);
                tracing::info!(jobs = ?stale, "ends came after the lease was lost; they count for nothing");
            }
            if !dead.is_empty() {
                tracing::warn!(jobs = ?dead, "jobs are dead");
            }
        }
        other => tracing::error!(?other, "ends of jobs were not taken"),
    }
    leave(shared, ends);
}

/// Their leases run out, and somebody runs them again.
fn give_up(shared: &Shared, ends: &[JobEnd], why: &str) {
    let jobs: Vec<JobId> = ends.iter().map(|end| end.job).collect();
    tracing::warn!(?jobs, why, "ends of jobs were not written; they run again");
    leave(shared, ends);
}

fn leave(shared: &Shared, ends: &[JobEnd]) {
    shared.table.leave(ends.iter().map(|end| (end.job, end.lease)));
}

/// The outcome of an attempt, for the measures.
pub(super) fn name_of(end: &End) -> String {
    match end {
        End::Done { outcome } => outcome.clone(),
        End::Snooze { .. } => "snoozed".to_owned(),
        End::PutBack { .. } => "put_back".to_owned(),
        End::Failed { class, .. } => class_name(*class).to_owned(),
    }
}
