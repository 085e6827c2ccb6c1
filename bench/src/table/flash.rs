//! A thousand buyers for five hundred units.

use std::time::{Duration, Instant};

use anyhow::bail;
use onhand_engine::Settings;
use onhand_rules::Refusal;
use onhand_store::Outcome;
use tokio::task::JoinSet;

use super::{Plan, ledger};
use crate::figures::{Latencies, median, thousands};
use crate::place::{Ground, Kind};
use crate::report::{Baseline, Row, progress};
use crate::shop::{Shop, order, settings};

const BUYERS: usize = 1_000;
const UNITS: i64 = 500;
/// Rounds of the baseline, which is slow.
const SINGLE_ROUNDS: usize = 10;

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        let times = sales(ground, kind, plan.flash_rounds, Settings::default().batch_max)?;
        let single = sales(ground, kind, SINGLE_ROUNDS.min(plan.flash_rounds), 1)?;
        let mut spread = Latencies::new();
        times.iter().for_each(|&millis| spread.add(Duration::from_secs_f64(millis / 1_000.0)));
        rows.push(Row {
            section: "1,000 buyers for 500 units",
            name: format!("{kind}, time of a round"),
            value: median(&times),
            unit: "ms",
            baseline: Some(Baseline { name: "one transaction an order".into(), value: median(&single) }),
            less_is_better: true,
            aim: "exactly 500 each",
            notes: format!(
                "{} rounds, exactly 500 sold in each; p99 {:.0} ms",
                thousands(times.len() as u64),
                spread.percentile(0.99)
            ),
            rounds: times,
        });
    }
    Ok(rows)
}

/// How long each sale took, in milliseconds. Fails if one sold more or less than there was.
fn sales(ground: &Ground, kind: Kind, rounds: usize, batch_max: usize) -> anyhow::Result<Vec<f64>> {
    let place = ground.fresh(kind)?;
    let runtime = ledger::runtime()?;
    let times = runtime.block_on(async {
        let shop = Shop::open(&place, 1, settings(batch_max)).await?;
        let codes: Vec<String> = (0..rounds).map(|round| format!("FLASH-{round:05}")).collect();
        shop.add(&codes, UNITS).await?;
        let mut times = Vec::with_capacity(rounds);
        for code in &codes {
            times.push(sale(&shop, code).await?);
        }
        progress(&format!("{kind}: {rounds} rounds of 1,000 buyers"));
        shop.engine.stop().await;
        anyhow::Ok(times)
    });
    runtime.shutdown_timeout(Duration::from_secs(5));
    times
}

async fn sale(shop: &Shop, code: &str) -> anyhow::Result<f64> {
    let started = Instant::now();
    let mut buyers = JoinSet::new();
    for _ in 0..BUYERS {
        let (shop, order) = (shop.clone(), order(code));
        buyers.spawn(async move { shop.submit(order).await });
    }
    let mut sold = 0;
    while let Some(ended) = buyers.join_next().await {
        match ended?? {
            Outcome::Done(_) => sold += 1,
            Outcome::Refused(Refusal::InsufficientStock { .. }) => {}
            Outcome::Refused(other) => bail!("refused: {other}"),
        }
    }
    if sold != UNITS {
        bail!("{code}: {sold} sold of {UNITS}");
    }
    Ok(started.elapsed().as_secs_f64() * 1_000.0)
}
