//! The rows of the queue and the channels (I17 to I20).

use std::collections::BTreeSet;

use onhand_rules::job::JobState;
use onhand_rules::market_order::MarketOrderState;
use onhand_rules::{DeadJob, Job, Listing, MarketOrder, Shop, ShopId};

use super::{PAGE, Progress, Report, Told};
use crate::error::StoreError;
use crate::reads::Reads;
use crate::sync_reads::{DeadFilter, InboxFilter, JobFilter, ListingFilter, MarketOrderFilter};

/// Finished jobs are kept at least so long, in milliseconds: what was made since must still be somewhere.
const DONE_KEPT: i64 = 6 * 24 * 3_600_000;

pub(super) async fn sync(reads: &dyn Reads, report: &mut Report, told: Told<'_>) -> Result<(), StoreError> {
    jobs(reads, report, told).await?;
    dead(reads, report, told).await?;
    let shops: BTreeSet<ShopId> = reads.shops().await?.iter().map(|shop: &Shop| shop.id).collect();
    listings(reads, &shops, report, told).await?;
    market_orders(reads, &shops, report, told).await?;
    webhooks(reads, &shops, report).await
}

/// Leases (I17), and one job for one key (I18).
async fn jobs(reads: &dyn Reads, report: &mut Report, told: Told<'_>) -> Result<(), StoreError> {
    let (mut filter, mut keys) = (JobFilter::default(), BTreeSet::new());
    loop {
        let page = reads.jobs(&filter, PAGE).await?;
        for job in &page.rows {
            lease(job, report);
            if let Some(key) = job.body.dedupe()
                && !keys.insert(key.clone())
            {
                report.wrong("I18", job.id.to_string(), format!("there is another job with the key {key:?}"));
            }
            report.jobs += 1;
        }
        told(Progress { phase: "jobs", done: report.jobs });
        filter.before = page.rows.last().map(|job| job.id);
        if !page.more {
            return Ok(());
        }
    }
}

fn lease(job: &Job, report: &mut Report) {
    let mut wrong = |detail: String| report.wrong("I17", job.id.to_string(), detail);
    match (job.state, &job.lease) {
        (JobState::Running, None) => wrong("runs without a lease".to_owned()),
        (JobState::Ready, Some(_)) => wrong("waits with a lease".to_owned()),
        (JobState::Running, Some(_)) if job.lease_number < 1 => {
            wrong("runs and was never claimed".to_owned())
        }
        _ => {}
    }
    if job.attempts < 0 || job.crashes < 0 || job.throttled < 0 || job.lease_number < 0 {
        let (attempts, crashes) = (job.attempts, job.crashes);
        wrong(format!("counts {attempts} attempts, {crashes} crashes, {} leases", job.lease_number));
    }
    if !(1..=4).contains(&job.class) {
        wrong(format!("is of class {}", job.class));
    }
}

/// What was replayed is somewhere, and says so; what is dead does not wait (I19).
async fn dead(reads: &dyn Reads, report: &mut Report, told: Told<'_>) -> Result<(), StoreError> {
    let now = reads.now().await?;
    let mut filter = DeadFilter::default();
    loop {
        let page = reads.dead_jobs(&filter, PAGE).await?;
        for row in &page.rows {
            if reads.job(row.job.id).await?.is_some() {
                report.wrong("I19", row.job.id.to_string(), "is dead, and waits or runs".to_owned());
            }
            replayed(reads, row, now, report).await?;
            report.jobs += 1;
        }
        told(Progress { phase: "jobs", done: report.jobs });
        filter.before = page.rows.last().map(|row| row.job.id);
        if !page.more {
            return Ok(());
        }
    }
}

async fn replayed(reads: &dyn Reads, row: &DeadJob, now: i64, report: &mut Report) -> Result<(), StoreError> {
    let Some(id) = row.replayed_as else { return Ok(()) };
    let there = reads.job(id).await?.is_some()
        || reads.dead_job(id).await?.is_some()
        || reads.done_job(id).await?.is_some();
    if !there && now - row.died_at <= DONE_KEPT {
        let detail = format!("was replayed as {id}, which is nowhere");
        report.wrong("I19", row.job.id.to_string(), detail);
    }
    Ok(())
}

fn unknown(shop: ShopId, shops: &BTreeSet<ShopId>) -> Option<String> {
    (!shops.contains(&shop)).then(|| format!("is of shop {}, which does not exist", shop.0))
}

/// What was told is not newer than what was to be told (I12), and rows point to what exists (I20).
async fn listings(
    reads: &dyn Reads,
    shops: &BTreeSet<ShopId>,
    report: &mut Report,
    told: Told<'_>,
) -> Result<(), StoreError> {
    let mut filter = ListingFilter::default();
    loop {
        let page = reads.listings(&filter, PAGE).await?;
        let skus: Vec<_> = page.rows.iter().filter_map(|row| Some(row.mapping?.sku)).collect();
        let known: BTreeSet<_> = reads.skus_by_id(&skus).await?.iter().map(|sku| sku.id).collect();
        for row in &page.rows {
            listing(row, report);
            let sku = row.mapping.map(|mapping| mapping.sku).filter(|sku| !known.contains(sku));
            let sku = sku.map(|sku| format!("sells SKU {}, which does not exist", sku.0));
            for detail in unknown(row.shop, shops).into_iter().chain(sku) {
                report.wrong("I20", format!("listing {}", row.id.0), detail);
            }
            report.listings += 1;
        }
        told(Progress { phase: "listings", done: report.listings });
        filter.after = page.rows.last().map(|row| row.id);
        if !page.more {
            return Ok(());
        }
    }
}

fn listing(row: &Listing, report: &mut Report) {
    let mut wrong = |detail: String| report.wrong("I12", format!("listing {}", row.id.0), detail);
    if row.acked < 0 || row.acked > row.desired {
        wrong(format!("was told generation {} of {}", row.acked, row.desired));
    }
    if row.pushed.is_some() != row.pushed_at.is_some() {
        wrong("has a push without a time, or a time without a push".to_owned());
    }
    if row.mapping.is_some_and(|mapping| mapping.quantity < 1) {
        wrong("sells less than one unit".to_owned());
    }
}

/// Orders of marketplaces beside what they became (I20).
async fn market_orders(
    reads: &dyn Reads,
    shops: &BTreeSet<ShopId>,
    report: &mut Report,
    told: Told<'_>,
) -> Result<(), StoreError> {
    let mut filter = MarketOrderFilter::default();
    loop {
        let page = reads.market_orders(&filter, PAGE).await?;
        for row in &page.rows {
            let subject = format!("order {} of shop {}", row.reference, row.shop.0);
            let mut found = market_order(row);
            found.extend(unknown(row.shop, shops));
            for id in row.applied.iter().map(|line| line.order).collect::<BTreeSet<_>>() {
                if reads.order(id).await?.is_none() {
                    found.push(format!("became {id}, which does not exist"));
                }
            }
            found.into_iter().for_each(|detail| report.wrong("I20", subject.clone(), detail));
            report.market_orders += 1;
        }
        told(Progress { phase: "market_orders", done: report.market_orders });
        filter.before = page.rows.last().map(|row| (row.received_at, row.shop, row.reference.clone()));
        if !page.more {
            return Ok(());
        }
    }
}

fn market_order(row: &MarketOrder) -> Vec<String> {
    let mut found = Vec::new();
    if row.version < 1 || row.updated_at < row.received_at {
        found.push(format!("is at version {}, changed before it was heard of", row.version));
    }
    match row.state {
        MarketOrderState::WaitsForMapping if row.waits_for.is_empty() => {
            found.push("waits for no mapping".to_owned());
        }
        MarketOrderState::Applied if !row.waits_for.is_empty() => {
            found.push("is applied and waits for a mapping".to_owned());
        }
        _ => {}
    }
    let wrong = |line: &&onhand_rules::market_order::AppliedLine| {
        line.cancelled < 0 || line.shipped < 0 || line.cancelled + line.shipped > line.quantity
    };
    found.extend(row.applied.iter().filter(wrong).map(|line| format!("does not add up: {line:?}")));
    found
}

/// Webhooks are of shops that exist (I20); those of a shop that we do not know have none.
async fn webhooks(
    reads: &dyn Reads,
    shops: &BTreeSet<ShopId>,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut filter = InboxFilter::default();
    loop {
        let page = reads.inbox(&filter, PAGE).await?;
        for row in &page.rows {
            let shop = row.shop.and_then(|shop| unknown(shop, shops));
            let none = (row.deliveries < 1).then(|| format!("was delivered {} times", row.deliveries));
            for detail in shop.into_iter().chain(none) {
                report.wrong("I20", format!("webhook {}", row.key), detail);
            }
        }
        filter.before = page.rows.last().map(|row| (row.received_at, row.key.clone()));
        if !page.more {
            return Ok(());
        }
    }
}
