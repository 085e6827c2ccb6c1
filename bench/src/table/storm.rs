//! Ten thousand SKUs change while catalogues are read, at the marketplaces' real limits: how long what sells now waits.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::Plan;
use super::push::NO_LIMITS;
use crate::figures::{percentile, short, thousands};
use crate::market::{CHANNELS, Goods, Limits, Market};
use crate::paced::Paced;
use crate::place::{Ground, Kind};
use crate::report::{Baseline, Row, progress};
use crate::server::binary;
use crate::shop::code;
use crate::shown::{Past, Pushed};

const VARIATIONS: usize = 10;
/// SKUs that sell, each on a page of its own.
const HOT: usize = 20;
/// Orders a second over the three marketplaces, as long as it lasts.
const RATE: f64 = 5.0;
const CONNECTIONS: usize = 4;
/// SKUs of one command of the storm.
const PART: usize = 100;

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let binary = binary(plan.binary.as_ref())?;
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        rows.push(hot(ground, plan, &binary, kind)?);
    }
    Ok(rows)
}

fn hot(ground: &Ground, plan: &Plan, binary: &Path, kind: Kind) -> anyhow::Result<Row> {
    let place = ground.fresh(kind)?;
    let goods = Goods { pages: plan.storm / VARIATIONS, variations: VARIATIONS, units: 10_000 };
    // Read without limits, which is not what is measured here.
    let mut market = Market::open(binary, &place, ground.dir(), goods, NO_LIMITS)?;
    market.restart(Limits::Real)?;
    market.settle()?;
    progress(&format!(
        "{kind}: {} listings are connected",
        thousands((goods.skus() * CHANNELS.len()) as u64)
    ));
    let calm = sell(&market, plan.load, |_| Ok(()))?;
    let stormy = sell(&market, plan.load * 3, |market| storm(market, goods, plan.load))?;
    let (before, during) = (percentile(&calm, 0.95), percentile(&stormy, 0.95));
    progress(&format!("{kind}: hot SKUs p95 {during:.0} ms, in calm {before:.0} ms"));
    Ok(Row {
        section: "Marketplaces at their real limits",
        name: format!("{kind}, SKUs that sell while {} change, p95", thousands(goods.skus() as u64)),
        value: during,
        unit: "ms",
        baseline: Some(Baseline { name: "nothing else changes".into(), value: before }),
        aim: "< 3,000 ms",
        notes: format!(
            "{} figures of {HOT} SKUs, stock changes → shown; p50 {} ms, p99 {} ms",
            thousands(stormy.len() as u64),
            short(percentile(&stormy, 0.5)),
            short(percentile(&stormy, 0.99))
        ),
        ..Row::default()
    })
}

/// Every SKU gets a unit more, spread over `length`, while every shop's catalogue is read again.
fn storm(market: &Market, goods: Goods, length: Duration) -> anyhow::Result<()> {
    for shop in market.shops()? {
        let shop = shop["shop"].as_str().unwrap_or_default();
        market.api.post(&format!("/v1/shops/{shop}/import"), &serde_json::json!({}))?;
    }
    let codes: Vec<String> = (0..goods.skus()).map(code).collect();
    let parts = codes.chunks(PART);
    let (started, each) = (Instant::now(), length / u32::try_from(parts.len())?);
    for (codes, number) in parts.zip(0..) {
        market.adjust(codes, 1)?;
        std::thread::sleep((each * number).saturating_sub(started.elapsed()));
    }
    Ok(())
}

/// Sells hot SKUs for so long while something else happens; yields how long each figure took from the change to the
/// marketplace, in milliseconds.
fn sell(
    market: &Market,
    length: Duration,
    meanwhile: impl FnOnce(&Market) -> anyhow::Result<()> + Send,
) -> anyhow::Result<Vec<f64>> {
    let (_, head) = market.events(0)?;
    let hot: Vec<String> = (0..HOT).map(|number| code(number * VARIATIONS)).collect();
    let count = (RATE * length.as_secs_f64()) as usize;
    let order = |number: usize| market.order(CHANNELS[number % 3], &hot[number % HOT]);
    let paced = Paced {
        address: market.control.address,
        rate: RATE,
        connections: CONNECTIONS,
        requests: (0..count).map(order).collect(),
    };
    let answered = std::thread::scope(|scope| {
        let other = scope.spawn(|| meanwhile(market));
        let answered = paced.run();
        match other.join() {
            Ok(done) => done.and(answered),
            Err(_) => bail!("the storm panicked"),
        }
    })?;
    answered.expect_success()?;
    market.settle()?;
    let (events, _) = market.events(head)?;
    let past = Past::of(market, &hot)?;
    let pushed = Pushed::of(&events, &market.channels()?);
    let times = pushed.iter().filter(|pushed| hot.contains(&pushed.sku));
    let times: Vec<f64> = times.filter_map(|pushed| past.since_cause(pushed)).collect();
    if times.len() < count / 2 {
        bail!("{} sales of hot SKUs made only {} figures", count, times.len());
    }
    Ok(times)
}
