//! The replay through marketplaces: every invoice is a buyer in one of three shops of the sandbox.
//!
//! A buyer's order takes the shop's own figure, and is refused when the shop shows too little. Onhand hears of it by the
//! shop's webhook, fetches it, takes the stock, and tells the other two shops. Credit notes and write-offs go through the API,
//! as in the plain replay. At the end every listing is compared with the rule, and every unit that was sold twice is explained.

mod outcome;
mod shops;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use onhand_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Semaphore};
use tokio::task::JoinSet;

use self::outcome::{Outcome, Through};
use super::rows::{Catalogue, Invoice};
use super::tally::Tally;
use super::{Replay, invoice, opening, read};
use crate::channels::ChannelKeys;
use crate::client::Client;
use crate::commands::sandbox::keys_of;
use crate::embedded::Embedded;
use crate::latency::Latency;
use crate::markets::connect::{is_quiet, settle, wait_for_listings};
use crate::markets::control::Control;
use crate::markets::journal::Journal;
use crate::markets::sales::{self, Sale, ShopCodes};
use crate::settings::Effective;
use crate::target;
use crate::terminal::{self, Progress};

/// How long listings may take to be read and told for the first time.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long figures may take to be told after the last order.
const HEALING: Duration = Duration::from_secs(900);
/// How often the feed is read while orders come.
const LOOK: Duration = Duration::from_secs(1);

/// What the buyers did.
#[derive(Default)]
struct Bought {
    sales: Vec<Sale>,
    refused: u64,
    /// Refused for too little stock, by shop.
    refused_units: i64,
    latency: Latency,
}

pub(super) async fn run(
    arguments: &Replay,
    effective: &Effective,
    found: &Catalogue,
) -> anyhow::Result<ExitCode> {
    let options = Options { catalogue: false, time_scale: 0.05, ..Options::default() };
    let sandbox = Sandbox::start(options).await.context("the sandbox cannot start")?;
    let keys: ChannelKeys = toml::from_str(&keys_of(&sandbox)).context("the sandbox's keys")?;
    let server = Embedded::start_with(effective, "127.0.0.1:0", &keys).await?;
    let result = replay(arguments, effective, found, &sandbox, &server).await;
    server.stop().await?;
    sandbox.stop().await;
    outcome::finish(&result?, arguments.json)
}

async fn replay(
    arguments: &Replay,
    effective: &Effective,
    found: &Catalogue,
    sandbox: &Sandbox,
    server: &Embedded,
) -> anyhow::Result<Outcome> {
    let key = server.mint().await?;
    let connections = usize::from(arguments.connections);
    let client = target::client(&effective.settings, &server.url(), &key, connections)?;
    let control = Arc::new(Control::new(&sandbox.urls().control)?);
    let tally = Arc::new(Tally::default());
    let reads = server.engine().reads();
    let tell = |text: &str| {
        if !arguments.json {
            terminal::complain(text);
        }
    };
    tell(&format!("{} SKUs get their opening stock and are listed on three marketplaces", found.skus.len()));
    opening::stock(&client, &tally, found, arguments.opening_percent).await?;
    shops::list(&control, found).await?;
    shops::connect_all(server, &control).await?;
    let listings = wait_for_listings(reads, PATIENCE).await?;
    settle(reads, PATIENCE).await?;
    tell(&format!("{listings} listings are told; the buyers come, {} a second", arguments.rate));
    let mut journal = Journal::default();
    journal.begin(reads).await?;
    let zero = reads.now().await?;
    let scene = Arc::new(Scene {
        client: client.clone(),
        control: control.clone(),
        tally: tally.clone(),
        codes: sales::codes(reads).await?,
        bought: Mutex::new(Bought::default()),
    });
    let begun = Instant::now();
    drive(arguments, found, &scene, server, &mut journal).await?;
    let bought_for = begun.elapsed();
    tell("the last buyer has been; every shop is told the last figures");
    heal(server, &mut journal).await?;
    let healed_for = begun.elapsed();
    let through = Through {
        server,
        control: &control,
        client: &client,
        journal: &journal,
        zero,
        bought: &mut *scene.bought.lock().await,
        tally: &tally,
        seconds: (bought_for, healed_for),
    };
    outcome::of(through, arguments, found).await
}

struct Scene {
    client: Arc<Client>,
    control: Arc<Control>,
    tally: Arc<Tally>,
    codes: ShopCodes,
    bought: Mutex<Bought>,
}

/// Sends invoices in the order of the file, so many a second, and reads the feed meanwhile.
async fn drive(
    arguments: &Replay,
    found: &Catalogue,
    scene: &Arc<Scene>,
    server: &Embedded,
    journal: &mut Journal,
) -> anyhow::Result<()> {
    let limit = arguments.limit_invoices.unwrap_or(u64::MAX);
    let progress = Arc::new(Progress::new(
        "invoices",
        found.invoices.min(limit),
        arguments.json && !terminal::is_watched(),
    ));
    let (reader, mut invoices) = read(&arguments.file, limit, 64)?;
    let inside = Arc::new(Semaphore::new(usize::from(arguments.connections)));
    let mut pace = tokio::time::interval(Duration::from_secs(1) / arguments.rate);
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut tasks: JoinSet<anyhow::Result<()>> = JoinSet::new();
    loop {
        tokio::select! {
            _ = look.tick() => journal.read(server.engine().reads()).await?,
            _ = pace.tick() => {
                let Some(invoice) = invoices.recv().await else { break };
                let invoice = invoice?;
                let place = inside.clone().acquire_owned().await?;
                let (scene, progress) = (scene.clone(), progress.clone());
                tasks.spawn(async move {
                    let done = scene.send(&invoice).await;
                    progress.advance(1);
                    drop(place);
                    done
                });
            }
        }
        while let Some(ended) = tasks.try_join_next() {
            ended.context("a buyer broke")??;
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context("a buyer broke")??;
    }
    progress.finish();
    reader.await.context("the reader broke")
}

impl Scene {
    async fn send(&self, invoice: &Invoice) -> anyhow::Result<()> {
        let plan = invoice::plan(invoice);
        let mut counts = plan.counts(invoice);
        if !plan.order.is_empty() {
            if self.buy(invoice, &plan.order).await? {
                counts.orders_accepted += 1;
                counts.units_sold += plan.order.iter().map(|(_, units)| units).sum::<i64>();
            } else {
                counts.orders_refused += 1;
            }
        }
        invoice::change_stock(&self.client, &self.tally, invoice, &plan, &mut counts).await?;
        self.tally.add(&counts);
        Ok(())
    }

    /// Whether the marketplace took the order. He pays on delivery, so that one message tells of all of it.
    async fn buy(&self, invoice: &Invoice, lines: &[(String, i64)]) -> anyhow::Result<bool> {
        let market = shops::of(&invoice.reference);
        let lines: Vec<Value> =
            lines.iter().map(|(sku, units)| json!({"seller_sku": sku, "quantity": units})).collect();
        let order = json!({
            "market": market.name(), "lines": lines, "cod": true, "brief": true,
            "buyer": format!("buyer of {}", invoice.reference),
        });
        let asked = Instant::now();
        let (status, answer) = self.control.try_post("orders", &order).await?;
        let mut bought = self.bought.lock().await;
        bought.latency.record(asked.elapsed());
        match status {
            201 => {
                let sale = Sale::of(&answer, &self.codes);
                bought.sales.push(sale.with_context(|| format!("not understood: {answer}"))?);
                Ok(true)
            }
            409 if answer["error"] == "out_of_stock" => {
                bought.refused += 1;
                let short =
                    answer["wanted"].as_i64().unwrap_or(0) - answer["left"].as_i64().unwrap_or_default();
                bought.refused_units += short;
                Ok(false)
            }
            _ => anyhow::bail!("invoice {}: the sandbox said {status} {answer}", invoice.reference),
        }
    }
}

/// Waits until everything is told; reads the feed meanwhile.
async fn heal(server: &Embedded, journal: &mut Journal) -> anyhow::Result<()> {
    let reads = server.engine().reads();
    shops::poll_all(server).await?;
    let begun = Instant::now();
    let mut quiet = 0;
    while quiet < 3 && begun.elapsed() < HEALING {
        tokio::time::sleep(LOOK).await;
        journal.read(reads).await?;
        quiet = if is_quiet(reads).await? { quiet + 1 } else { 0 };
    }
    journal.read(reads).await
}

/// Counts by marketplace.
fn by_market<'a>(names: impl Iterator<Item = &'a str>) -> HashMap<String, u64> {
    let mut counts = HashMap::new();
    names.for_each(|name| *counts.entry(name.to_owned()).or_default() += 1);
    counts
}
