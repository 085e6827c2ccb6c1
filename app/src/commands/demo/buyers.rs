//! Simulated buyers: they place, pay, get, cancel, forget and send back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onhand_engine::ids;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::catalogue::Catalogue;
use crate::chance::Chance;
use crate::client::Client;
use crate::latency::{Latency, Percentiles};

/// How often the gate lets buyers through.
const TICK: Duration = Duration::from_millis(20);
/// What is forgotten comes back after this; the shortest hold that the API gives.
const SHORT_HOLD_S: u64 = 60;

/// Units that the lorry brings of each SKU that runs out. Bestsellers still sell out now and then, as they should.
const LOAD: u64 = 100;
/// … which is when fewer than these are available.
const LOW: u64 = 20;

/// What the buyers did.
#[derive(Debug, Default)]
pub(super) struct Figures {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) shipped: u64,
    pub(super) cancelled: u64,
    pub(super) abandoned: u64,
    pub(super) returned: u64,
    pub(super) received: u64,
    /// Requests that ended with neither a yes nor a no.
    pub(super) failed: u64,
    recent: Latency,
    all: Latency,
}

/// The figures, shared.
#[derive(Debug, Default, Clone)]
pub(super) struct Shared(Arc<Mutex<Figures>>);

impl Shared {
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Figures) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn placed(&self, took: Duration, accepted: bool) {
        self.with(|figures| {
            figures.recent.record(took);
            figures.all.record(took);
            if accepted {
                figures.accepted += 1;
            } else {
                figures.refused += 1;
            }
        });
    }

    /// Latency of placing an order since the last call, and since the beginning.
    pub(super) fn latency(&self) -> (Percentiles, Percentiles) {
        self.with(|figures| {
            let recent = figures.recent.percentiles();
            figures.recent.clear();
            (recent, figures.all.percentiles())
        })
    }
}

/// Everything that the simulation runs on.
pub(super) struct Market {
    pub(super) client: Arc<Client>,
    pub(super) catalogue: Catalogue,
    pub(super) figures: Shared,
    /// Different for each run.
    run: String,
}

impl Market {
    pub(super) fn new(client: Arc<Client>, catalogue: Catalogue) -> Self {
        Self { client, catalogue, figures: Shared::default(), run: ids::op().to_string() }
    }
}

/// Lets `rate` buyers a second in, at most `buyers` at once, until told to stop; then waits for those inside.
pub(super) async fn run(market: Arc<Market>, rate: u64, buyers: usize, mut stop: watch::Receiver<bool>) {
    let inside = Arc::new(Semaphore::new(buyers));
    let mut tasks = JoinSet::new();
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let (mut number, mut skipped) = (0, 0);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => break,
        }
        let due = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_mul(rate) / 1000;
        while number + skipped < due {
            // Nobody queues up outside: who finds the shop full goes away.
            let Ok(permit) = inside.clone().try_acquire_owned() else {
                skipped = due - number;
                break;
            };
            number += 1;
            let (market, buyer) = (market.clone(), number);
            tasks.spawn(async move {
                let mut visit = Visit::new(&market, buyer);
                if let Err(error) = visit.go().await {
                    tracing::debug!(%error, "a buyer was turned away");
                    market.figures.with(|figures| figures.failed += 1);
                }
                drop(permit);
            });
        }
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

/// One buyer.
struct Visit<'a> {
    market: &'a Market,
    key: String,
    chance: Chance,
}

impl<'a> Visit<'a> {
    fn new(market: &'a Market, number: u64) -> Self {
        Self { market, key: format!("demo-{}-{number:08}", market.run), chance: Chance::new(number) }
    }

    fn lines(&mut self) -> Value {
        let codes = &self.market.catalogue.codes;
        let mut lines = Vec::new();
        for _ in 0..=self.chance.below(3) {
            // One in ten buys a pack or a set.
            let virtuals = codes.len() - self.market.catalogue.simple;
            let index = if self.chance.percent(10) {
                self.market.catalogue.simple + self.chance.bestseller(virtuals as u64)
            } else {
                self.chance.bestseller(self.market.catalogue.simple as u64)
            };
            if let Some(code) = codes.get(index) {
                lines.push(json!({"sku": code, "quantity": 1 + self.chance.below(2)}));
            }
        }
        lines.into()
    }

    async fn go(&mut self) -> anyhow::Result<()> {
        let mut body = json!({"channel": "demo", "lines": self.lines()});
        let fate = self.chance.below(100);
        if fate >= 90 {
            body["ttl_s"] = SHORT_HOLD_S.into();
        }
        let begun = Instant::now();
        let answer = self.market.client.post("/v1/orders", &body, &format!("{}:place", self.key)).await?;
        let refused = answer.code() == "insufficient_stock";
        if answer.is_ok() || refused {
            self.market.figures.placed(begun.elapsed(), !refused);
        }
        if refused {
            return Ok(());
        }
        let order = answer.into_ok("placing an order")?;
        let id = order["id"].as_str().unwrap_or_default().to_owned();
        match fate {
            90.. => self.market.figures.with(|figures| figures.abandoned += 1),
            80..90 => {
                self.step(&id, "cancel", &json!({"reason": "changed my mind"})).await?;
                self.market.figures.with(|figures| figures.cancelled += 1);
            }
            _ => {
                self.step(&id, "confirm", &json!({})).await?;
                self.step(&id, "ship", &json!({})).await?;
                self.market.figures.with(|figures| figures.shipped += 1);
                if fate < 5 {
                    let lines = json!([{"line": 1, "quantity": 1, "condition": "sellable"}]);
                    self.step(&id, "return", &json!({ "lines": lines })).await?;
                    self.market.figures.with(|figures| figures.returned += 1);
                }
            }
        }
        Ok(())
    }

    async fn step(&self, id: &str, step: &str, body: &Value) -> anyhow::Result<()> {
        let path = format!("/v1/orders/{id}/{step}");
        let answer = self.market.client.post(&path, body, &format!("{}:{step}", self.key)).await?;
        answer.into_ok(step).map(|_| ())
    }
}

/// A lorry comes now and then and fills up what runs out, so that the demo does not end with an empty shop.
pub(super) async fn restock(market: Arc<Market>, every: Duration, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(every);
    let mut round = 0_u64;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        round += 1;
        match deliver(&market.client, &market.run, round, (LOW, LOAD)).await {
            Ok(units) => market.figures.with(|figures| figures.received += units),
            Err(error) => tracing::debug!(%error, "the lorry did not arrive"),
        }
    }
}

/// Brings `load` units of everything of which fewer than `below` are available; yields how many units came. `run` and
/// `round` name the delivery.
pub(super) async fn deliver(
    client: &Client,
    run: &str,
    round: u64,
    (below, load): (u64, u64),
) -> anyhow::Result<u64> {
    let low = client.get(&format!("/v1/stock?available_below={below}&limit=200")).await?;
    let items: Vec<Value> = low["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| json!({"action": "adjust", "sku": row["sku"], "location": row["location"], "quantity": load, "reason": "received"}))
        .collect();
    if items.is_empty() {
        return Ok(0);
    }
    let units = items.len() as u64 * load;
    let body = json!({"mode": "independent", "items": items});
    let key = format!("demo-{run}-lorry-{round:06}");
    client.post("/v1/stock/bulk", &body, &key).await?.into_ok("the lorry")?;
    Ok(units)
}
