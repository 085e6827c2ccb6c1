//! Jobs that do nothing, from being enqueued to being completed, beside BullMQ in the same run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use async_trait::async_trait;
use onhand_engine::jobs::{Ended, Handlers, LeaseGuard, Runner, RunnerHandle, RunnerSettings};
use onhand_engine::telemetry::AttemptLabels;
use onhand_engine::{Engine, Request, Settings};
use onhand_rules::Job;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use tokio::task::JoinSet;

use super::Plan;
use super::ledger::{rounds, runtime};
use crate::bullmq::{Bullmq, Fsync, Pace};
use crate::figures::{median, short};
use crate::place::{Ground, Kind, Place};
use crate::report::{Baseline, Row, progress};
use crate::shop::settings;

const SECTION: &str = "Queue: enqueue, claim, run and complete a job that does nothing";
/// Jobs of one enqueueing.
const BATCH: usize = 1_000;
/// Jobs that wait at most: the producers are always ahead of the workers, and never by much.
const AHEAD: u64 = 20_000;
const PRODUCERS: usize = 4;
/// Jobs that run at once at most.
const SLOTS: u32 = 2_000;
/// Before anything is counted.
const WARM_UP: Duration = Duration::from_secs(1);
/// Each cell takes so many times the length of a cell: the disk must have seen the checkpoints too.
const LONGER: u32 = 2;
/// And rounds are this many at most: there are four cells, and then the minute of the snapshot.
const ROUNDS: usize = 3;
/// How long everything may take to be completed when nothing is enqueued any more.
const DRAIN: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Ours(Kind),
    Bullmq(Fsync),
}

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let bullmq = Bullmq::prepare(ground.dir())?;
    let mut cells: Vec<Cell> = plan.kinds.iter().map(|&kind| Cell::Ours(kind)).collect();
    cells.extend([Cell::Bullmq(Fsync::Always), Cell::Bullmq(Fsync::EverySecond)]);
    let pace = Pace { warm_up: WARM_UP, length: plan.cell * LONGER, batch: BATCH, ahead: AHEAD };
    let rates = rounds(&cells, plan.rounds.min(ROUNDS), name, |cell| match cell {
        Cell::Ours(kind) => rate(&ground.fresh(kind)?, pace.length),
        Cell::Bullmq(fsync) => bullmq.rate(fsync, pace),
    })?;
    let durable = cells.iter().position(|cell| *cell == Cell::Bullmq(Fsync::Always));
    let durable = durable.map_or(0.0, |at| median(&rates[at]));
    let mut rows: Vec<Row> =
        cells.iter().zip(rates).map(|(cell, rates)| row(*cell, rates, durable, &bullmq)).collect();
    if plan.kinds.contains(&Kind::Postgres) {
        rows.push(under_a_snapshot(ground, plan)?);
    }
    Ok(rows)
}

fn name(cell: &Cell) -> String {
    match cell {
        Cell::Ours(kind) => kind.to_string(),
        Cell::Bullmq(fsync) => format!("BullMQ on Redis, {fsync}"),
    }
}

fn row(cell: Cell, rates: Vec<f64>, durable: f64, bullmq: &Bullmq) -> Row {
    let ours = matches!(cell, Cell::Ours(_));
    let baseline = Baseline { name: "BullMQ, appendfsync always".into(), value: durable };
    Row {
        section: SECTION,
        name: name(&cell),
        value: median(&rates),
        unit: "jobs/s",
        rounds: rates,
        baseline: ours.then_some(baseline),
        aim: if ours { "≥ 20,000 and ≥ 2×" } else { "" },
        notes: if ours { String::new() } else { bullmq.versions().to_owned() },
        ..Row::default()
    }
}

/// Does nothing.
struct Idle;

#[async_trait]
impl Handlers for Idle {
    async fn run(&self, _job: &Job, _lease: &LeaseGuard) -> Ended {
        Ended::done()
    }
}

/// An engine with workers and with producers that keep them busy.
struct Line {
    engine: Engine,
    runner: RunnerHandle,
    producers: JoinSet<anyhow::Result<()>>,
    asked: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Line {
    async fn start(place: &Place<'_>) -> anyhow::Result<Self> {
        let engine = Engine::start(place.store().await?, settings(Settings::default().batch_max)).await?;
        let settings = RunnerSettings {
            lanes: vec![(nothing().body.lane().to_owned(), SLOTS)],
            publish: false,
            timers: false,
            ..RunnerSettings::default()
        };
        let runner = Runner::start(engine.clone(), Arc::new(Idle), settings)?;
        let mut line =
            Self { engine, runner, producers: JoinSet::new(), asked: Arc::default(), over: Arc::default() };
        for _ in 0..PRODUCERS {
            let (engine, asked, over) = (line.engine.clone(), line.asked.clone(), line.over.clone());
            line.producers.spawn(produce(engine, asked, over));
        }
        tokio::time::sleep(WARM_UP).await;
        Ok(line)
    }

    /// Jobs a second from now on for so long.
    async fn rate(&self, length: Duration) -> f64 {
        let (before, started) = (done(&self.engine), Instant::now());
        tokio::time::sleep(length).await;
        (done(&self.engine) - before) as f64 / started.elapsed().as_secs_f64()
    }

    /// Fails unless every job was completed: jobs that are lost are quick.
    async fn stop(mut self) -> anyhow::Result<()> {
        self.over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.producers.join_next().await {
            ended??;
        }
        let asked = self.asked.load(Ordering::Relaxed);
        let deadline = Instant::now() + DRAIN;
        while done(&self.engine) < asked && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let left: i64 = self.engine.reads().job_counts().await?.iter().map(|count| count.count).sum();
        let completed = done(&self.engine);
        self.runner.stop(Duration::from_secs(1)).await;
        self.engine.stop().await;
        if completed != asked || left != 0 {
            bail!("{completed} of {asked} jobs were completed, {left} are left");
        }
        Ok(())
    }
}

fn nothing() -> NewJob {
    NewJob { body: JobBody::Nothing { shop: None, note: String::new() }, class: 2, run_at: 0, cause_at: None }
}

/// Jobs whose end is durable.
fn done(engine: &Engine) -> u64 {
    let lane = nothing().body.lane();
    let labels = AttemptLabels { lane, kind: "nothing", shop: String::new(), outcome: "done".to_owned() };
    engine.metrics().queue.attempts.get_or_create(&labels).get()
}

async fn produce(engine: Engine, asked: Arc<AtomicU64>, over: Arc<AtomicBool>) -> anyhow::Result<()> {
    while !over.load(Ordering::Relaxed) {
        if asked.load(Ordering::Relaxed) >= done(&engine) + AHEAD {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        asked.fetch_add(BATCH as u64, Ordering::Relaxed);
        engine.submit(Request::internal(EnqueueJobs { jobs: vec![nothing(); BATCH] })).await?;
    }
    Ok(())
}

fn rate(place: &Place<'_>, length: Duration) -> anyhow::Result<f64> {
    let runtime = runtime()?;
    let rate = runtime.block_on(async {
        let line = Line::start(place).await?;
        let rate = line.rate(length).await;
        line.stop().await?;
        anyhow::Ok(rate)
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    rate
}

/// Somebody reads in a transaction that he does not end: no row that is replaced meanwhile can be cleaned away. What is
/// quoted is the last part of that time.
fn under_a_snapshot(ground: &Ground, plan: &Plan) -> anyhow::Result<Row> {
    let (parts, part) = (6, plan.snapshot / 6);
    let server = ground.postgres()?;
    let place = ground.fresh(Kind::Postgres)?;
    let Place::Postgres(database) = &place else { bail!("not a PostgreSQL database") };
    let hold = format!(
        "begin isolation level repeatable read; select 1; select pg_sleep({}); commit",
        plan.snapshot.as_secs_f64() + 1.0
    );
    let runtime = runtime()?;
    let line = runtime.block_on(Line::start(&place))?;
    let before = runtime.block_on(line.rate(part));
    let held = std::thread::scope(|scope| {
        let holder = scope.spawn(|| server.sql(database.name(), &hold));
        std::thread::sleep(Duration::from_millis(500));
        let rates: Vec<f64> = (0..parts).map(|_| runtime.block_on(line.rate(part))).collect();
        match holder.join() {
            Ok(Ok(_)) => Ok(rates),
            Ok(Err(error)) => Err(error),
            Err(_) => bail!("the thread that holds the snapshot panicked"),
        }
    })?;
    runtime.block_on(line.stop())?;
    runtime.shutdown_timeout(Duration::from_secs(5));
    let course: Vec<String> = held.iter().map(|rate| short(*rate)).collect();
    progress(&format!("PostgreSQL: {before:.0} jobs/s, under a snapshot {}", course.join(", ")));
    Ok(Row {
        section: SECTION,
        name: format!("PostgreSQL, under a snapshot held for {} s", plan.snapshot.as_secs()),
        value: held.last().copied().unwrap_or(0.0),
        unit: "jobs/s",
        rounds: held,
        baseline: Some(Baseline { name: "before it".into(), value: before }),
        aim: "≥ 50 %",
        notes: format!("in the last sixth of that time; its sixths: {}", course.join(", ")),
        ..Row::default()
    })
}
