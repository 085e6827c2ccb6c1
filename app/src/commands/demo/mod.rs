//! `onhand demo`: a shop with simulated buyers, and its figures while it sells.

mod board;
mod buyers;
mod catalogue;
mod chance;
mod markets;
mod screen;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use onhand_engine::ids;
use serde_json::{Value, json};
use tokio::sync::watch;

use self::buyers::Market;
use self::screen::Screen;
use super::serve::Stop;
use super::verify;
use crate::client::Client;
use crate::embedded::Embedded;
use crate::settings::{Effective, Origin};
use crate::{target, terminal};

/// How often a lorry brings goods.
const LORRY: Duration = Duration::from_secs(1);
/// How often every invariant is checked while buyers buy.
const CHECK: Duration = Duration::from_secs(10);

/// Sell in three shops on look-alikes of Shopee, TikTok Shop and Lazada and show what happens
///
/// Works over --data DIR or --database URL; without one of them over a directory that is removed at the end.
#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Sell through our own API instead of marketplaces
    #[arg(long)]
    direct: bool,
    /// Orders a second over all shops
    #[arg(long, value_name = "N", default_value_t = 5.0, conflicts_with = "direct")]
    orders: f64,
    /// Order one fault after the other, then wait until every shop is true again
    #[arg(long, conflicts_with_all = ["direct", "seconds"])]
    chaos: bool,
    /// The same seed gives the same goods and buyers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// With --direct: buyers a second
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rate: u64,
    /// With --direct: buyers at once at most
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    buyers: u16,
    /// End by itself after this many seconds
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Print one JSON object at the end and nothing else
    #[arg(long)]
    json: bool,
}

/// A directory of our own, removed at the end.
struct Scratch(Option<PathBuf>);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = std::fs::remove_dir_all(path)
        {
            terminal::complain(&format!("cannot remove {}: {error}", path.display()));
        }
    }
}

pub(crate) async fn run(arguments: Demo, effective: &Effective) -> anyhow::Result<ExitCode> {
    let mut effective = effective.clone();
    let mut scratch = Scratch(None);
    if effective.settings.data.is_empty() && effective.settings.database.is_empty() {
        let path = std::env::temp_dir().join(format!("onhand-demo-{}", ids::op()));
        effective.settings.data = path.display().to_string();
        effective.set_origin("data", Origin::Flag);
        scratch.0 = Some(path);
    }
    let stop = Stop::listen()?;
    if !arguments.direct {
        let result = markets::run(&arguments, &effective, stop).await;
        drop(scratch);
        return result;
    }
    let server = start(&effective).await?;
    let key = server.mint().await?;
    let client = target::client(&effective.settings, &server.url(), &key, usize::from(arguments.buyers))?;
    let result = sell(&arguments, &server, client, &key, stop).await;
    server.stop().await?;
    drop(scratch);
    result
}

/// At the address of the settings; when nobody asked for it and it is taken, at a free one.
async fn start(effective: &Effective) -> anyhow::Result<Embedded> {
    let listen = &effective.settings.listen;
    let free = effective.origin("listen") == Origin::Default
        && std::net::TcpListener::bind(listen.as_str()).is_err();
    Embedded::start(effective, if free { "127.0.0.1:0" } else { listen }).await
}

async fn sell(
    arguments: &Demo,
    server: &Embedded,
    client: Arc<Client>,
    key: &str,
    mut stop: Stop,
) -> anyhow::Result<ExitCode> {
    let catalogue = catalogue::load(&client).await?;
    if !arguments.json {
        introduce(server, key, catalogue.codes.len());
    }
    let market = Arc::new(Market::new(client.clone(), catalogue));
    let (tell, told) = watch::channel(false);
    let buyers = tokio::spawn(buyers::run(
        market.clone(),
        arguments.rate,
        usize::from(arguments.buyers),
        told.clone(),
    ));
    let lorry = tokio::spawn(buyers::restock(market.clone(), LORRY, told.clone()));
    let (checked, latest) = watch::channel(Value::Null);
    let checker = tokio::spawn(check(client.clone(), checked, told));
    let mut screen = Screen::new(arguments.json);
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut left = arguments.seconds;
    second.tick().await;
    while left != Some(0) {
        tokio::select! {
            _ = second.tick() => screen.show(&market, server, &latest.borrow()),
            _ = stop.wait() => break,
        }
        left = left.map(|left| left - 1);
    }
    // Nobody is left who could not be told.
    tell.send_replace(true);
    for task in [buyers, lorry, checker] {
        task.await.context("the simulation broke")?;
    }
    let report = verify::ask(&client).await?;
    finish(arguments, &market, &report)?;
    Ok(verify::exit_code(&report))
}

/// Checks every invariant again and again while buyers buy.
async fn check(client: Arc<Client>, checked: watch::Sender<Value>, mut stop: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(CHECK);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        match verify::ask(&client).await {
            Ok(report) => {
                checked.send_replace(report);
            }
            Err(error) => tracing::warn!(%error, "cannot verify"),
        }
    }
}

fn introduce(server: &Embedded, key: &str, skus: usize) {
    let durability = server.durability();
    let url = server.url();
    let key =
        server.first_key.as_deref().map_or_else(|| format!("{key} (until the demo ends)"), str::to_owned);
    let lines = [
        format!("A shop with {skus} things to buy, packs and sets among them."),
        String::new(),
        format!("  API      {url}"),
        format!("  browse   {url}/docs"),
        format!("  API key  {key}"),
        format!("  data     {} {}, {}", durability.database, durability.version, durability.settings),
        String::new(),
        format!("  curl -H 'Authorization: Bearer KEY' '{url}/v1/stock?limit=5'"),
        String::new(),
        "Ctrl-C ends it.".to_owned(),
        String::new(),
    ];
    lines.iter().for_each(|line| terminal::say(line));
}

fn finish(arguments: &Demo, market: &Market, report: &Value) -> anyhow::Result<()> {
    let (_, latency) = market.figures.latency();
    let summary = market.figures.with(|figures| {
        json!({
            "orders_accepted": figures.accepted,
            "orders_refused": figures.refused,
            "shipped": figures.shipped,
            "cancelled": figures.cancelled,
            "abandoned": figures.abandoned,
            "returned": figures.returned,
            "units_received": figures.received,
            "failed": figures.failed,
            "oversold": screen::oversold(report),
            "latency": latency,
            "verify": report,
        })
    });
    if arguments.json {
        return terminal::say_json(&summary);
    }
    let number = |name: &str| terminal::grouped(summary[name].as_u64().unwrap_or_default());
    terminal::say(&format!(
        "\n{} orders accepted, {} refused for lack of stock; {} shipped, {} cancelled, {} forgotten, {} came back",
        number("orders_accepted"),
        number("orders_refused"),
        number("shipped"),
        number("cancelled"),
        number("abandoned"),
        number("returned"),
    ));
    terminal::say(&format!("placing an order: {latency}"));
    terminal::say(&format!("oversold: {}", number("oversold")));
    terminal::say(&format!("verify: {}", verify::in_words(report)));
    Ok(())
}
