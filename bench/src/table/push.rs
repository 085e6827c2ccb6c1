//! A sale on one marketplace, until the other two show it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::Plan;
use crate::chance::{Chance, seed};
use crate::figures::{Latencies, percentile, short, thousands};
use crate::market::{CHANNELS, Goods, Limits, Market};
use crate::paced::Paced;
use crate::place::{Ground, Kind};
use crate::report::{Baseline, Row, progress};
use crate::server::binary;
use crate::shop::code;
use crate::shown::{Past, Pushed};

pub(super) const SECTION: &str = "Marketplaces, sandbox without latency or limits";
/// Orders a second over the three marketplaces.
const RATE: f64 = 100.0;
/// Far above what is needed.
pub(super) const NO_LIMITS: Limits = Limits::Raised(10_000);
/// Seconds of orders before any is counted: from then on the looks back at pushes, two and thirty seconds after them, are
/// part of the load.
const WARM_UP: usize = 35;
const CONNECTIONS: usize = 16;
const VARIATIONS: usize = 10;
/// How long the last order may take to be told.
const PATIENCE: Duration = Duration::from_secs(60);

/// What was seen, in milliseconds.
struct Times {
    since_cause: Vec<f64>,
    since_sale: Vec<f64>,
    /// Of one request to the sandbox: what the buyers wait for.
    requests: Latencies,
}

pub(super) fn measure(ground: &Ground, plan: &Plan) -> anyhow::Result<Vec<Row>> {
    let binary = binary(plan.binary.as_ref())?;
    let mut rows = Vec::new();
    for &kind in &plan.kinds {
        rows.extend(rows_of(kind, &sales(ground, plan, &binary, kind)?));
    }
    Ok(rows)
}

fn sales(ground: &Ground, plan: &Plan, binary: &Path, kind: Kind) -> anyhow::Result<Times> {
    let place = ground.fresh(kind)?;
    let orders = RATE as usize * (plan.load.as_secs() as usize + WARM_UP);
    let goods = Goods { pages: orders.div_ceil(VARIATIONS), variations: VARIATIONS, units: 100 };
    let market = Market::open(binary, &place, ground.dir(), goods, NO_LIMITS)?;
    progress(&format!(
        "{kind}: {} listings are connected",
        thousands((goods.skus() * CHANNELS.len()) as u64)
    ));
    market.wait_for_looks_back()?;
    let (_, head) = market.events(0)?;
    // Each SKU is sold once, so what a marketplace shows of it afterwards is the answer to that one sale. Drawn by lot,
    // because variations of one page are told together.
    let mut skus: Vec<usize> = (0..goods.skus()).collect();
    Chance::new(seed()).shuffle(&mut skus);
    let sold: Vec<(String, &str)> =
        skus.into_iter().take(orders).enumerate().map(|(at, sku)| (code(sku), CHANNELS[at % 3])).collect();
    let paced = Paced {
        address: market.control.address,
        rate: RATE,
        connections: CONNECTIONS,
        requests: sold.iter().map(|(sku, channel)| market.order(channel, sku)).collect(),
    };
    let answered = paced.run()?;
    answered.expect_success()?;
    let pushed = told(&market, head, &sold)?;
    times(&market, pushed, &sold[WARM_UP * RATE as usize..], answered.latencies)
}

/// Waits until both others were told of every order; yields what they acknowledged.
fn told(market: &Market, head: i64, sold: &[(String, &str)]) -> anyhow::Result<Vec<Pushed>> {
    let channels = market.channels()?;
    let sold_on: BTreeMap<&str, &str> = sold.iter().map(|(sku, channel)| (sku.as_str(), *channel)).collect();
    let deadline = Instant::now() + PATIENCE;
    let (mut found, mut after): (Vec<Pushed>, i64) = (Vec::new(), head);
    loop {
        let (events, last) = market.events(after)?;
        after = last;
        let elsewhere =
            |pushed: &Pushed| sold_on.get(pushed.sku.as_str()).is_some_and(|on| *on != pushed.channel);
        found.extend(Pushed::of(&events, &channels).into_iter().filter(elsewhere));
        let mut told: Vec<(&str, &str)> =
            found.iter().map(|pushed| (pushed.sku.as_str(), pushed.channel.as_str())).collect();
        told.sort_unstable();
        told.dedup();
        if told.len() == sold.len() * 2 {
            return Ok(found);
        }
        if Instant::now() > deadline {
            bail!("of {} sales only {} were told to another marketplace", sold.len(), told.len());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn times(
    market: &Market,
    pushed: Vec<Pushed>,
    sold: &[(String, &str)],
    requests: Latencies,
) -> anyhow::Result<Times> {
    let past = Past::of_all(market, 10)?;
    let counted: BTreeMap<&str, &str> = sold.iter().map(|(sku, channel)| (sku.as_str(), *channel)).collect();
    let pushed: Vec<Pushed> =
        pushed.into_iter().filter(|pushed| counted.contains_key(pushed.sku.as_str())).collect();
    let since_sale = sold.iter().flat_map(|(sku, on)| {
        let others = CHANNELS.iter().filter(move |channel| **channel != *on);
        others.filter_map(|to| past.since_sale(sku, on, to)).collect::<Vec<f64>>()
    });
    let times = Times {
        since_cause: pushed.iter().filter_map(|pushed| past.since_cause(pushed)).collect(),
        since_sale: since_sale.collect(),
        requests,
    };
    if times.since_sale.len() != sold.len() * 2 {
        bail!("{} of {} sales are shown elsewhere", times.since_sale.len(), sold.len() * 2);
    }
    Ok(times)
}

fn rows_of(kind: Kind, times: &Times) -> [Row; 3] {
    let row = |what: &str, times: &Times, of: fn(&Times) -> &[f64], share: f64, aim: &'static str| Row {
        section: SECTION,
        name: format!("{kind}, {what}, p{:.0}", share * 100.0),
        value: percentile(of(times), share),
        unit: "ms",
        baseline: Some(Baseline {
            name: "one request to the sandbox".into(),
            value: times.requests.percentile(share),
        }),
        aim,
        notes: format!(
            "{} figures; p50 {} ms, p95 {} ms, p99 {} ms",
            thousands(of(times).len() as u64),
            short(percentile(of(times), 0.5)),
            short(percentile(of(times), 0.95)),
            short(percentile(of(times), 0.99))
        ),
        ..Row::default()
    };
    let cause = "stock changes → the other two show it, 100 orders/s";
    let sale = "a buyer orders → the other two show it, 100 orders/s";
    let rows = [
        row(cause, times, |times| &times.since_cause, 0.5, "< 10 ms"),
        row(cause, times, |times| &times.since_cause, 0.99, "< 100 ms"),
        row(sale, times, |times| &times.since_sale, 0.5, ""),
    ];
    rows.iter().for_each(|row| progress(&format!("{}: {} ms; {}", row.name, short(row.value), row.notes)));
    rows
}
