//! The heart: renews leases on a thread and a runtime of its own, so that handlers which hog the executor lose their
//! deadline but not everybody's leases (Q3).

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use onhand_rules::commands::queue::BeatJobs;
use onhand_rules::{JobId, Receipt};
use onhand_store::Outcome;
use tokio::sync::watch;

use super::Shared;
use super::claim::crashed;
use crate::ledger::{Request, SubmitError};

/// How often it looks for handlers that do not give their thread back.
const WATCH: Duration = Duration::from_millis(250);
/// For how long a handler may be late before it counts as one of them.
const MARGIN: Duration = Duration::from_secs(1);
/// Leases in one command.
const CHUNK: usize = 1_000;
/// How soon a heartbeat that failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// Starts it; it beats until `ended` says that nothing is left to beat for.
pub(super) fn spawn(shared: Arc<Shared>, ended: watch::Receiver<bool>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    std::thread::Builder::new().name("heart".into()).spawn(move || {
        runtime.block_on(async {
            let mut over = ended;
            tokio::select! {
                _ = over.wait_for(|ended| *ended) => {}
                () = beat_for_ever(&shared) => {}
                () = watch_for_ever(&shared) => {}
            }
        });
    })?;
    Ok(())
}

async fn beat_for_ever(shared: &Shared) {
    loop {
        tokio::time::sleep(shared.settings.beat).await;
        while !beat(shared).await {
            tokio::time::sleep(AGAIN.min(shared.settings.beat)).await;
        }
    }
}

/// Renews every lease once. `false`: the database did not answer.
async fn beat(shared: &Shared) -> bool {
    let lease_ms = i64::try_from(shared.settings.lease.as_millis()).unwrap_or(i64::MAX);
    for jobs in shared.table.leases().chunks(CHUNK) {
        let asked = Instant::now();
        let command = BeatJobs { owner: shared.owner, jobs: jobs.to_vec(), lease_ms };
        match shared.engine.submit(Request::internal(command)).await {
            Ok(answer) => {
                let stale = match answer.outcome {
                    Outcome::Done(Receipt::Jobs { stale, .. }) => stale,
                    other => {
                        tracing::error!(?other, "a heartbeat was not taken");
                        continue;
                    }
                };
                let (lost, kept): (Vec<_>, Vec<_>) =
                    jobs.iter().copied().partition(|(job, _)| stale.contains(job));
                shared.table.renew(&kept, asked + shared.settings.lease);
                lose(shared, &lost);
            }
            Err(SubmitError::Stopping) => return true,
            Err(error) => {
                tracing::debug!(%error, "the heartbeat waits for the database");
                return false;
            }
        }
    }
    true
}

fn lose(shared: &Shared, lost: &[(JobId, i64)]) {
    // One that ended between the look and the beat is not lost: it is not in the table, or its end is on the way.
    let known = shared.table.lose(lost);
    if known > 0 {
        shared.engine.metrics().queue.leases_lost.inc_by(known as u64);
        tracing::warn!(known, "leases were lost while their jobs ran; the jobs were stopped");
    }
}

async fn watch_for_ever(shared: &Shared) {
    loop {
        tokio::time::sleep(WATCH).await;
        for (job, lease, kind) in shared.table.overdue(MARGIN) {
            tracing::error!(%job, kind = onhand_rules::job::kind_name(kind), "a job blocks its thread");
            shared.send_end(job, lease, crashed("deadline", "the job blocked its thread".to_owned()));
        }
    }
}
