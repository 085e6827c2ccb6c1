//! The ledger in process.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use onhand_engine::Settings;
use onhand_store::Outcome;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::Plan;
use crate::chance::{Chance, Zipf, seed};
use crate::figures::{median, thousands};
use crate::place::{Ground, Kind, Place};
use crate::report::{Baseline, Row, progress};
use crate::shop::{Shop, settings};

pub(super) const CALLERS: [usize; 6] = [1, 16, 64, 256, 1_024, 4_096];
/// How many callers the baseline has. With one transaction for each order their number makes no difference beyond a few.
const BASELINE_CALLERS: usize = 16;
/// Before anything is counted.
const WARM_UP: Duration = Duration::from_millis(500);

/// How the orders spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// All on one SKU.
    Hot,
    /// Over 10,000 SKUs by Zipf's law.
    Zipf,
}

impl Shape {
    pub(super) fn skus(self) -> usize {
        match self {
            Self::Hot => 1,
            Self::Zipf => 10_000,
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hot => "one hot SKU",
            Self::Zipf => "10,000 SKUs, Zipf",
        })
    }
}

/// One thing to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    pub(super) callers: usize,
    /// One transaction for each order.
    pub(super) single: bool,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let single = if self.single { ", one transaction an order" } else { "" };
        let callers = thousands(self.callers as u64);
        write!(f, "{}, {}, {callers} callers{single}", self.kind, self.shape)
    }
}

/// An engine uses the runtime it was started on, so each cell has its own.
pub(super) fn runtime() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// What the databases say about an acknowledged commit.
pub(super) fn durability(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<(String, String)>> {
    let runtime = runtime()?;
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        let place = ground.fresh(kind)?;
        let store = runtime.block_on(place.store())?;
        let durability = store.durability();
        if !durability.safe {
            bail!("{kind} runs with {}: its figures would mean nothing", durability.settings);
        }
        rows.push((format!("{kind} {}", durability.version), durability.settings));
    }
    Ok(rows)
}

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let mut cells = Vec::new();
    for &kind in &plan.kinds {
        for shape in [Shape::Hot, Shape::Zipf] {
            let cell = |callers, single| Cell { kind, shape, callers, single };
            cells.push(cell(BASELINE_CALLERS, true));
            cells.extend(plan.callers.iter().map(|&callers| cell(callers, false)));
        }
    }
    let rates = rounds(&cells, plan.rounds, Cell::to_string, |cell| {
        let place = ground.fresh(cell.kind)?;
        rate(&place, cell, plan.cell)
    })?;
    let baseline = |wanted: &Cell| {
        let found = cells
            .iter()
            .position(|cell| cell.single && cell.kind == wanted.kind && cell.shape == wanted.shape);
        found.map(|at| Baseline { name: "one transaction an order".into(), value: median(&rates[at]) })
    };
    let rows = cells.iter().zip(&rates).filter(|(cell, _)| !cell.single);
    Ok(rows
        .map(|(cell, rounds)| Row {
            section: "Ledger in process",
            name: cell.to_string(),
            value: median(rounds),
            unit: "orders/s",
            rounds: rounds.clone(),
            baseline: baseline(cell),
            aim: match (cell.kind, cell.shape) {
                (Kind::Sqlite, Shape::Hot) => "≥ 50× at its best",
                (Kind::Postgres, Shape::Hot) => "≥ 30× at its best",
                _ => "",
            },
            less_is_better: false,
            notes: String::new(),
        })
        .collect())
}

/// Measures every cell once a round, each round in another order.
pub(super) fn rounds<T: Copy>(
    cells: &[T],
    count: usize,
    name: impl Fn(&T) -> String,
    mut one: impl FnMut(T) -> anyhow::Result<f64>,
) -> anyhow::Result<Vec<Vec<f64>>> {
    let mut chance = Chance::new(seed());
    let mut rates = vec![Vec::new(); cells.len()];
    for round in 1..=count {
        let mut order: Vec<usize> = (0..cells.len()).collect();
        chance.shuffle(&mut order);
        for at in order {
            let rate = one(cells[at])?;
            progress(&format!("round {round}: {}: {}/s", name(&cells[at]), thousands(rate as u64)));
            rates[at].push(rate);
        }
    }
    Ok(rates)
}

/// Orders a second in one cell.
pub(super) fn rate(place: &Place<'_>, cell: Cell, length: Duration) -> anyhow::Result<f64> {
    let runtime = runtime()?;
    let batch_max = if cell.single { 1 } else { Settings::default().batch_max };
    let rate = runtime.block_on(async {
        let shop = Shop::open(place, cell.shape.skus(), settings(batch_max)).await?;
        let rate = drive(&shop, cell, length).await;
        shop.engine.stop().await;
        rate
    });
    // The pulse may be in the middle of a look; it does not matter any more.
    runtime.shutdown_timeout(Duration::from_secs(5));
    rate
}

async fn drive(shop: &Shop, cell: Cell, length: Duration) -> anyhow::Result<f64> {
    let zipf = Arc::new(Zipf::new(cell.shape.skus(), seed()));
    let count = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for caller in 0..cell.callers as u64 {
        let (shop, zipf, count, over) = (shop.clone(), zipf.clone(), count.clone(), over.clone());
        callers.spawn(async move {
            let mut draw = caller.wrapping_mul(7_919);
            while !over.load(Ordering::Relaxed) {
                draw += 1;
                match shop.buy(zipf.draw(draw)).await? {
                    Outcome::Done(_) => count.fetch_add(1, Ordering::Relaxed),
                    Outcome::Refused(refusal) => bail!("refused: {refusal}"),
                };
            }
            anyhow::Ok(())
        });
    }
    tokio::time::sleep(WARM_UP.min(length)).await;
    let (before, started) = (count.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(length).await;
    let done = count.load(Ordering::Relaxed) - before;
    let took = started.elapsed();
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended??;
    }
    Ok(done as f64 / took.as_secs_f64())
}
