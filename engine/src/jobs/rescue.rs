//! The rescuer: puts jobs back whose worker is gone. A contender like any other: whoever finished between the look and the
//! command keeps what he did (Q4).

use std::sync::Arc;
use std::time::Duration;

use onhand_rules::Receipt;
use onhand_rules::commands::queue::RescueJobs;
use onhand_store::Outcome;

use super::claim::within;
use super::{Shared, backoff};
use crate::ids::chance;
use crate::ledger::Request;

/// Leases in one command.
const PAGE: usize = 500;

pub(super) async fn run(shared: Arc<Shared>) {
    let mut stop = shared.stop.subscribe();
    let mut failures = 0;
    while stop.borrow_and_update().is_none() {
        let delay = match look(&shared).await {
            Ok(found) if found == PAGE => Duration::ZERO,
            Ok(_) => {
                failures = 0;
                shared.settings.rescue_every.mul_f64(0.75 + f64::from(chance()) / 131_072.0)
            }
            Err(why) => {
                failures += 1;
                tracing::debug!(why, "lost leases cannot be looked for yet");
                backoff(failures)
            }
        };
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            _ = stop.changed() => {}
        }
    }
}

async fn look(shared: &Shared) -> Result<usize, String> {
    let reads = shared.engine.reads();
    let now = within(reads.now()).await?;
    let lost = within(reads.lost_leases(now, PAGE)).await?;
    let metrics = &shared.engine.metrics().queue;
    metrics.stuck.set(i64::try_from(lost.len()).unwrap_or(i64::MAX));
    if lost.is_empty() {
        return Ok(0);
    }
    let answer = shared.engine.submit(Request::internal(RescueJobs { jobs: lost.clone() })).await;
    match answer.map_err(|error| error.to_string())?.outcome {
        Outcome::Done(Receipt::Jobs { stale, dead }) => {
            let rescued = lost.len().saturating_sub(stale.len());
            metrics.rescues.inc_by(rescued as u64);
            if rescued > 0 {
                tracing::warn!(rescued, poison = dead.len(), "lost leases were taken back");
            }
            Ok(lost.len())
        }
        other => Err(format!("a rescue was answered {other:?}")),
    }
}
