//! `onhand replay`: a year of real orders through the HTTP API.

mod digest;
mod invoice;
mod opening;
mod rows;
mod tally;
mod via;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinHandle, JoinSet};

use self::rows::{Invoice, Invoices};
use self::tally::{Counts, Tally};
use super::verify;
use crate::client::Client;
use crate::latency::Percentiles;
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal::{self, Progress, grouped};

/// Drive the API with the rows of an Online Retail file: every invoice becomes orders, returns and adjustments
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    /// The file: CSV, plain or packed as .xz or .zst
    file: PathBuf,
    /// One request at a time: the result depends on the file alone
    #[arg(long, conflicts_with = "connections")]
    sequential: bool,
    /// Invoices at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Opening stock of a SKU, in percent of all the units of it that the file sells
    #[arg(long, value_name = "P", default_value_t = 80)]
    opening_percent: u32,
    /// Stop after this many invoices
    #[arg(long, value_name = "N", visible_alias = "invoices")]
    limit_invoices: Option<u64>,
    /// Send the orders through marketplaces instead: as buyers in three shops of the sandbox, told to us as marketplaces do
    #[arg(long, value_name = "MARKETPLACES", conflicts_with_all = ["sequential", "url"])]
    via: Option<Via>,
    /// With --via: invoices a second
    #[arg(long, value_name = "N", default_value_t = 20, requires = "via", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rate: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Which marketplaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Via {
    Sandbox,
}

/// What is printed at the end.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    counts: Counts,
    mode: String,
    seconds: f64,
    requests: u64,
    requests_per_second: f64,
    invoices_per_second: f64,
    replayed: u64,
    retries: u64,
    latency: BTreeMap<&'static str, Percentiles>,
    verify: Value,
    stock_digest: String,
}

pub(crate) async fn run(arguments: Replay, effective: &Effective) -> anyhow::Result<ExitCode> {
    let connections = if arguments.sequential { 1 } else { usize::from(arguments.connections) };
    let file = arguments.file.clone();
    let found = tokio::task::spawn_blocking(move || rows::catalogue(&file)).await??;
    if arguments.via.is_some() {
        return via::run(&arguments, effective, &found).await;
    }
    let target = Target::open(effective, connections).await?;
    let result = replay(&target.client, &arguments, connections, &found).await;
    target.close().await?;
    let report = result?;
    let clean = verify::is_clean(&report.verify);
    if arguments.json {
        terminal::say_json(&report)?;
    } else {
        print(&report);
    }
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn replay(
    client: &Arc<Client>,
    arguments: &Replay,
    connections: usize,
    found: &rows::Catalogue,
) -> anyhow::Result<Report> {
    let tally = Arc::new(Tally::default());
    opening::stock(client, &tally, found, arguments.opening_percent).await?;
    let limit = arguments.limit_invoices.unwrap_or(u64::MAX);
    let progress = Arc::new(Progress::new(
        "invoices",
        found.invoices.min(limit),
        arguments.json && !terminal::is_watched(),
    ));
    let before = tally.requests();
    let begun = Instant::now();
    drive(client, &tally, &progress, &arguments.file, limit, connections).await?;
    let took = begun.elapsed();
    progress.finish();
    let counts = tally.counts();
    Ok(Report {
        mode: if arguments.sequential {
            "sequential".to_owned()
        } else {
            format!("{connections} connections")
        },
        seconds: rounded(took.as_secs_f64()),
        requests: tally.requests(),
        requests_per_second: per_second(tally.requests() - before, took),
        invoices_per_second: per_second(counts.invoices, took),
        replayed: tally.replayed(),
        retries: client.retries(),
        latency: tally.latencies().into_iter().collect(),
        verify: verify::ask(client).await?,
        stock_digest: digest::of(client, found).await?,
        counts,
    })
}

/// Sends invoices in the order of the file, `connections` of them at once.
async fn drive(
    client: &Arc<Client>,
    tally: &Arc<Tally>,
    progress: &Arc<Progress>,
    file: &Path,
    limit: u64,
    connections: usize,
) -> anyhow::Result<()> {
    let (reader, receiver) = read(file, limit, connections * 4)?;
    let receiver = Arc::new(Mutex::new(receiver));
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let (client, tally, progress) = (client.clone(), tally.clone(), progress.clone());
        let receiver = receiver.clone();
        workers.spawn(async move {
            loop {
                let next = receiver.lock().await.recv().await;
                let Some(invoice) = next else { return Ok(()) };
                invoice::replay(&client, &tally, &invoice?).await?;
                progress.advance(1);
            }
        });
    }
    drop(receiver);
    while let Some(ended) = workers.join_next().await {
        let result: anyhow::Result<()> = ended.context("a worker broke")?;
        // The others are aborted when the set is dropped.
        result?;
    }
    reader.await.context("the reader broke")
}

/// Reads the invoices of a file, so many ahead of whoever takes them.
fn read(
    file: &Path,
    limit: u64,
    ahead: usize,
) -> anyhow::Result<(JoinHandle<()>, mpsc::Receiver<anyhow::Result<Invoice>>)> {
    let (sender, receiver) = mpsc::channel(ahead);
    let invoices = Invoices::open(file)?;
    let reader = tokio::task::spawn_blocking(move || {
        for invoice in invoices.take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            // Nobody listens any more: a worker failed, and says why itself.
            if sender.blocking_send(invoice).is_err() {
                return;
            }
        }
    });
    Ok((reader, receiver))
}

fn per_second(count: u64, took: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests fit into 53 bits")]
    let count = count as f64;
    rounded(count / took.as_secs_f64().max(0.001))
}

fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The lines that every replay begins with.
fn print_counts(counts: &Counts) {
    let units = |units: i64| grouped(units.unsigned_abs());
    let lines = [
        ("invoices", format!("{} ({} rows)", grouped(counts.invoices), grouped(counts.rows))),
        (
            "orders",
            format!(
                "{} accepted, {} refused for lack of stock",
                grouped(counts.orders_accepted),
                grouped(counts.orders_refused)
            ),
        ),
        ("units sold", units(counts.units_sold)),
        ("units returned", units(counts.units_returned)),
        (
            "units adjusted",
            format!(
                "{} written off, {} adjustments refused",
                units(counts.units_adjusted),
                grouped(counts.adjustments_refused)
            ),
        ),
        ("rows skipped", grouped(counts.skipped_rows)),
    ];
    for (name, value) in lines {
        terminal::say(&format!("{name:<16} {value}"));
    }
}

fn print(report: &Report) {
    print_counts(&report.counts);
    let lines = [
        (
            "requests",
            format!(
                "{} ({} replayed, {} sent again), {}",
                grouped(report.requests),
                grouped(report.replayed),
                grouped(report.retries),
                report.mode
            ),
        ),
        (
            "rate",
            format!(
                "{:.0} requests/s, {:.0} invoices/s, {:.1} s",
                report.requests_per_second, report.invoices_per_second, report.seconds
            ),
        ),
    ];
    for (name, value) in lines {
        terminal::say(&format!("{name:<16} {value}"));
    }
    for (kind, figures) in &report.latency {
        terminal::say(&format!("{:<16} {figures}", format!("  {kind}")));
    }
    terminal::say(&format!("{:<16} {}", "verify", verify::in_words(&report.verify)));
    terminal::say(&format!("{:<16} {}", "stock_digest", report.stock_digest));
}
