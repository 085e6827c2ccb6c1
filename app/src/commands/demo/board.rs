//! What the demo with marketplaces shows while it runs, and keeps for its report.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use onhand_store::Reads;
use serde_json::Value;

use super::fleet::Fleet;
use crate::markets::control::Control;
use crate::markets::journal::{Journal, Push};
use crate::terminal::{self, grouped};

/// Elsewhere than on a terminal, a line comes every so many seconds.
const QUIET: u64 = 5;

/// How a shop stood at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Jobs that wait or run.
    pub(super) jobs: i64,
    /// Listings with something to be told.
    pub(super) dirty: i64,
    /// Ledger clock of the oldest change that was not told.
    pub(super) oldest: i64,
}

/// All shops at one moment, by code.
pub(super) struct Sample {
    pub(super) at: i64,
    pub(super) shops: BTreeMap<String, Standing>,
}

pub(super) struct Board {
    silent: bool,
    terminal: bool,
    drawn: usize,
    seconds: u64,
    pub(super) journal: Journal,
    pub(super) samples: Vec<Sample>,
    /// Ledger clock at the beginning.
    pub(super) zero: i64,
}

impl Board {
    pub(super) fn new(silent: bool) -> Self {
        Self {
            silent,
            terminal: std::io::stdout().is_terminal(),
            drawn: 0,
            seconds: 0,
            journal: Journal::default(),
            samples: Vec::new(),
            zero: 0,
        }
    }

    /// Forgets what happened so far: the first figures of a shop wait for its limits, which says nothing about sales.
    pub(super) async fn begin(&mut self, reads: &dyn Reads) -> anyhow::Result<()> {
        self.zero = reads.now().await?;
        self.journal.begin(reads).await
    }

    /// Says something above the figures.
    pub(super) fn interrupt(&mut self) {
        self.drawn = 0;
    }

    /// Called once a second.
    pub(super) async fn show(&mut self, fleet: &mut Fleet, control: &Control) -> anyhow::Result<()> {
        self.seconds += 1;
        fleet.measure().await;
        self.journal.read(fleet.reads()).await?;
        let sample = sample(fleet.reads()).await?;
        let waiting: i64 = sample.shops.values().map(|shop| shop.jobs).sum();
        let dirty: i64 = sample.shops.values().map(|shop| shop.dirty).sum();
        self.samples.push(sample);
        if self.silent || (!self.terminal && !self.seconds.is_multiple_of(QUIET)) {
            return Ok(());
        }
        let state = control.get("report?history=0").await?;
        let short: i64 = self.journal.shortages.iter().map(|shortage| -shortage.lowest).sum();
        let mut figures = vec![
            ("orders".to_owned(), format!("{} bought, {} changes heard", bought(&state), self.journal.news)),
            ("oversold".to_owned(), format!("{short} units")),
            ("queue".to_owned(), format!("{waiting} jobs, {dirty} listings to tell")),
            ("given up".to_owned(), format!("{} jobs", self.journal.died())),
        ];
        for (shop, pushes) in latencies(&self.journal, |_, _| true) {
            figures.push((shop, pushes.in_words()));
        }
        figures.extend(fleet.in_words());
        figures.push(("last push".to_owned(), self.journal.last.clone()));
        self.draw(&figures);
        Ok(())
    }

    fn draw(&mut self, figures: &[(String, String)]) {
        if !self.terminal {
            let line: Vec<String> = figures.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            terminal::say(&format!("{:>4} s  {}", self.seconds, line.join("; ")));
            return;
        }
        if self.drawn > 0 {
            terminal::say(&format!("\x1b[{}A", self.drawn + 1));
        }
        figures.iter().for_each(|(name, value)| terminal::say(&format!("\x1b[2K  {name:<28} {value}")));
        self.drawn = figures.len();
    }
}

async fn sample(reads: &dyn Reads) -> anyhow::Result<Sample> {
    let mut shops: BTreeMap<String, Standing> = BTreeMap::new();
    let counts = reads.job_counts().await?;
    let stale = reads.staleness().await?;
    for shop in reads.shops().await? {
        let told = stale.iter().find(|stale| stale.shop == shop.id);
        let jobs = counts.iter().filter(|count| count.shop == Some(shop.id)).map(|count| count.count).sum();
        let standing = Standing {
            jobs,
            dirty: told.map_or(0, |told| told.dirty),
            oldest: told.map_or(0, |told| told.oldest),
        };
        shops.insert(shop.code, standing);
    }
    Ok(Sample { at: reads.now().await?, shops })
}

fn bought(report: &Value) -> String {
    let shops = report["shops"].as_array().into_iter().flatten();
    grouped(shops.filter_map(|shop| shop["orders"].as_u64()).sum())
}

/// Latencies of the pushes of one shop, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Latencies {
    pub(super) pushes: usize,
    pub(super) p50_ms: i64,
    pub(super) p95_ms: i64,
    pub(super) p99_ms: i64,
    pub(super) ours_p50_ms: i64,
    pub(super) ours_p99_ms: i64,
}

impl Latencies {
    fn of<'a>(pushes: impl Iterator<Item = &'a Push>) -> Self {
        let (mut total, mut ours): (Vec<i64>, Vec<i64>) =
            pushes.map(|push| (push.total_ms, push.ours_ms)).unzip();
        total.sort_unstable();
        ours.sort_unstable();
        Self {
            pushes: total.len(),
            p50_ms: percentile(&total, 50),
            p95_ms: percentile(&total, 95),
            p99_ms: percentile(&total, 99),
            ours_p50_ms: percentile(&ours, 50),
            ours_p99_ms: percentile(&ours, 99),
        }
    }

    pub(super) fn in_words(&self) -> String {
        let Self { pushes, p50_ms, p95_ms, p99_ms, .. } = self;
        format!("{} pushes, p50 {p50_ms} ms, p95 {p95_ms} ms, p99 {p99_ms} ms", grouped(*pushes as u64))
    }
}

/// Of these pushes, by shop.
pub(super) fn latencies(
    journal: &Journal,
    wanted: impl Fn(&str, &Push) -> bool,
) -> BTreeMap<String, Latencies> {
    let shops = journal.pushes.iter().map(|(shop, skus)| {
        let pushes = skus.values().flatten().filter(|push| wanted(shop, push));
        (shop.clone(), Latencies::of(pushes))
    });
    shops.collect()
}

/// Of sorted values.
fn percentile(sorted: &[i64], percent: usize) -> i64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let hundred: Vec<i64> = (1..=100).collect();
        assert_eq!([50, 95, 99].map(|percent| percentile(&hundred, percent)), [50, 95, 99]);
        assert_eq!((percentile(&[7], 99), percentile(&[], 50)), (7, 0));
    }
}
