//! A shop is well again: what waits after its failures is tried now, instead of when its delay is over.

use std::collections::BTreeSet;

use onhand_rules::commands::queue::HurryJobs;
use onhand_rules::job::JobState;
use onhand_rules::{Job, JobId, ShopId};
use onhand_store::JobFilter;

use crate::jobs::within;
use crate::ledger::{Engine, Request};

/// Jobs read at once, and in one command at most.
const PAGE: usize = 1_000;

/// Hurries the jobs of shops that were authorised again or go on after a pause (`codes`), or that answer again after their
/// breaker was open. Done twice, it is done once.
pub(super) async fn those_of(
    engine: &Engine,
    codes: &BTreeSet<String>,
    answers: &BTreeSet<ShopId>,
) -> Result<(), String> {
    let reads = engine.reads();
    let mut shops = answers.clone();
    for code in codes {
        shops.extend(within(reads.shop_by_code(code)).await?.map(|shop| shop.id));
    }
    for shop in shops {
        let mut filter = JobFilter { shop: Some(shop), state: Some(JobState::Ready), ..JobFilter::default() };
        loop {
            let page = within(reads.jobs(&filter, PAGE)).await?;
            filter.before = page.rows.last().map(|job| job.id);
            let jobs: Vec<JobId> = page.rows.iter().filter(|job| waits(job)).map(|job| job.id).collect();
            if !jobs.is_empty() {
                let answer = engine.submit(Request::internal(HurryJobs { jobs })).await;
                answer.map_err(|error| error.to_string())?;
            }
            if !page.more || filter.before.is_none() {
                break;
            }
        }
    }
    Ok(())
}

/// Whether it may wait after a failure of the shop's; the command looks again.
fn waits(job: &Job) -> bool {
    job.last_failure.as_ref().is_some_and(|failure| HurryJobs::concerns(failure.class))
}
