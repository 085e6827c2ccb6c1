//! Claiming from a queue with a million waiting and a hundred thousand dead jobs, beside an empty one.
//!
//! Claims of both queues take turns one by one, so that a slow moment of the disk meets both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use onhand_engine::{Engine, Request, Settings};
use onhand_rules::commands::queue::{ClaimJobs, End, EnqueueJobs, FinishJobs, JobEnd};
use onhand_rules::job::{JobBody, NewJob, lane_of};
use onhand_rules::retry::FailureClass;
use onhand_rules::schedule::choose;
use onhand_rules::{Command, JobId, Receipt, ShopId};
use onhand_store::{ClaimFilter, Outcome};
use tokio::task::JoinSet;

use super::Plan;
use super::ledger::runtime;
use crate::figures::{Latencies, short, thousands};
use crate::place::{Ground, Kind, Place};
use crate::report::{Baseline, Row, progress};
use crate::shop::settings;

/// Jobs of one claim: the slots of the first lane.
const SLOTS: u32 = 10;
/// Jobs are of so many shops in turn, so a look for work meets so many groups.
const SHOPS: i64 = 3;
/// Jobs of one command while a queue is filled.
const BATCH: usize = 1_000;
/// Such commands on their way at once.
const WIDTH: usize = 8;
/// Who claims.
const OWNER: u128 = 7;
const LEASE_MS: i64 = 30_000;
/// Before anything is counted.
const WARM_UP: usize = 50;

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        rows.push(claims(ground, plan, kind)?);
    }
    Ok(rows)
}

fn claims(ground: &Ground, plan: &Plan, kind: Kind) -> anyhow::Result<Row> {
    let (empty, full) = (ground.fresh(kind)?, ground.fresh(kind)?);
    let runtime = runtime()?;
    let times = runtime.block_on(async {
        let (empty, full) = (Queue::open(&empty).await?, Queue::open(&full).await?);
        let started = Instant::now();
        full.kill(plan.dead).await?;
        full.fill(plan.waiting).await?;
        let seconds = started.elapsed().as_secs_f64();
        progress(&format!(
            "{kind}: {} dead and {} waiting jobs made in {seconds:.0} s",
            plan.dead, plan.waiting
        ));
        let mut times = [Latencies::new(), Latencies::new()];
        for count in 0..WARM_UP + plan.claims {
            for (queue, times) in [&empty, &full].into_iter().zip(&mut times) {
                let took = queue.claim().await?;
                if count >= WARM_UP {
                    times.add(took);
                }
            }
        }
        full.check(plan).await?;
        empty.engine.stop().await;
        full.engine.stop().await;
        anyhow::Ok(times)
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    let [empty, full] = times?;
    progress(&format!("{kind}: claim p99 {} ms, empty {} ms", full.percentile(0.99), empty.percentile(0.99)));
    Ok(Row {
        section: "Queue: claiming, with a backlog",
        name: format!(
            "{kind}, claim of {SLOTS}, p99, {} waiting and {} dead jobs",
            thousands(plan.waiting),
            thousands(plan.dead)
        ),
        value: full.percentile(0.99),
        unit: "ms",
        baseline: Some(Baseline { name: "empty queue".into(), value: empty.percentile(0.99) }),
        less_is_better: true,
        aim: "≤ 150 %",
        notes: format!(
            "p50 {} ms, empty {} ms; {} claims of each",
            short(full.percentile(0.5)),
            short(empty.percentile(0.5)),
            thousands(full.total())
        ),
        ..Row::default()
    })
}

/// An engine without workers: claims are made by hand here, as the claimer makes them.
struct Queue {
    engine: Engine,
}

impl Queue {
    async fn open(place: &Place<'_>) -> anyhow::Result<Self> {
        let engine = Engine::start(place.store().await?, settings(Settings::default().batch_max)).await?;
        Ok(Self { engine })
    }

    async fn submit(&self, command: impl Into<Command>) -> anyhow::Result<Receipt> {
        match self.engine.submit(Request::internal(command)).await?.outcome {
            Outcome::Done(receipt) => Ok(receipt),
            Outcome::Refused(refusal) => bail!("refused: {refusal}"),
        }
    }

    async fn enqueue(&self, count: usize) -> anyhow::Result<Vec<JobId>> {
        match self.submit(EnqueueJobs { jobs: jobs(count) }).await? {
            Receipt::Enqueued { jobs } => Ok(jobs),
            other => bail!("enqueueing was answered {other:?}"),
        }
    }

    /// So many waiting jobs.
    async fn fill(&self, count: u64) -> anyhow::Result<()> {
        let mut running = JoinSet::new();
        for _ in 0..count / BATCH as u64 {
            if running.len() == WIDTH {
                running.join_next().await.context("nothing to wait for")???;
            }
            let engine = self.engine.clone();
            running.spawn(async move { Self { engine }.enqueue(BATCH).await });
        }
        while let Some(ended) = running.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// So many dead jobs: each is claimed and fails for good.
    async fn kill(&self, count: u64) -> anyhow::Result<()> {
        for _ in 0..count / BATCH as u64 {
            let jobs = self.enqueue(BATCH).await?;
            let leases = self.take(jobs).await?;
            self.finish(leases, &failed()).await?;
        }
        Ok(())
    }

    async fn take(&self, jobs: Vec<JobId>) -> anyhow::Result<Vec<(JobId, i64)>> {
        Ok(self.submit(ClaimJobs { owner: OWNER, lease_ms: LEASE_MS, jobs }).await?.leases())
    }

    async fn finish(&self, leases: Vec<(JobId, i64)>, end: &End) -> anyhow::Result<()> {
        let ends = leases.into_iter().map(|(job, lease)| JobEnd { job, lease, end: end.clone() }).collect();
        match self.submit(FinishJobs { ends }).await? {
            Receipt::Jobs { stale, .. } if stale.is_empty() => Ok(()),
            other => bail!("ends were answered {other:?}"),
        }
    }

    /// How long one claim takes: looking for what is due, choosing among it, and claiming it durably. What is claimed was
    /// put there before, so that the queue stays as long as it is.
    async fn claim(&self) -> anyhow::Result<Duration> {
        self.enqueue(SLOTS as usize).await?;
        let reads = self.engine.reads();
        let now = reads.now().await?;
        let number = jobs(1).first().map_or(0, |job| job.body.number());
        let filter = ClaimFilter { kinds: vec![number], ..ClaimFilter::default() };
        let free = BTreeMap::from([(lane_of(number), SLOTS)]);
        let started = Instant::now();
        let found = reads.claimable(&filter, now, SLOTS as usize).await?;
        let chosen = choose(&found.jobs, &free, &BTreeMap::new(), now, 0);
        let leases = self.take(chosen).await?;
        let took = started.elapsed();
        if leases.len() != SLOTS as usize {
            bail!("a claim of {SLOTS} yielded {}", leases.len());
        }
        self.finish(leases, &End::Done { outcome: "done".to_owned() }).await?;
        Ok(took)
    }

    /// That it was as long as it is said to have been.
    async fn check(&self, plan: &Plan) -> anyhow::Result<()> {
        let reads = self.engine.reads();
        let waiting: i64 = reads.job_counts().await?.iter().map(|count| count.count).sum();
        let dead: i64 = reads.dead_groups().await?.iter().map(|group| group.count).sum();
        let wanted = |count: u64| (count / BATCH as u64 * BATCH as u64) as i64;
        if (waiting, dead) != (wanted(plan.waiting), wanted(plan.dead)) {
            bail!("there are {waiting} waiting and {dead} dead jobs");
        }
        Ok(())
    }
}

fn jobs(count: usize) -> Vec<NewJob> {
    let body = |shop| JobBody::Nothing { shop: Some(ShopId(shop)), note: String::new() };
    let shops = (1..=SHOPS).cycle();
    let job = |shop| NewJob { body: body(shop), class: 2, run_at: 0, cause_at: None };
    shops.map(job).take(count).collect()
}

fn failed() -> End {
    End::Failed {
        class: FailureClass::Invalid,
        code: "measured".to_owned(),
        message: "it fails for good, to be counted".to_owned(),
        retry_after_ms: None,
        jitter: 0,
    }
}
