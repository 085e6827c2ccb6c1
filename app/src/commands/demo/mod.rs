//! `onhand demo`: shops with simulated buyers, and their figures while they sell.

mod aftermath;
mod board;
mod buyers;
mod catalogue;
mod chaos;
mod fleet;
mod markets;
mod measures;
mod postgres;
mod report;
mod screen;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};
use tokio::sync::watch;

use self::buyers::Market;
use self::screen::Screen;
use super::serve::Stop;
use super::verify;
use crate::client::Client;
use crate::embedded::Embedded;
use crate::scratch::Scratch;
use crate::settings::{Effective, Origin};
use crate::{target, terminal, wiring};

/// How often a lorry brings goods.
const LORRY: Duration = Duration::from_secs(1);
/// How often every invariant is checked while buyers buy.
const CHECK: Duration = Duration::from_secs(10);
/// The name of a private server in place of a URL.
const PRIVATE: &str = "postgres";

/// Sell in three shops on look-alikes of Shopee, TikTok Shop and Lazada and show what happens
///
/// Works over --data DIR or --database URL; without one of them over a directory that is removed at the end. On PostgreSQL
/// there are two replicas; `--database postgres` starts a private server from the PostgreSQL that is installed.
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
    /// With --chaos: only these faults, in this order (latency, throttle, outage, …)
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "chaos")]
    faults: Vec<String>,
    /// With --chaos: how long each fault lasts, and then how long nothing is wrong
    #[arg(long, value_name = "SECONDS", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=600))]
    fault_seconds: u64,
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

pub(crate) async fn run(arguments: Demo, effective: &Effective) -> anyhow::Result<ExitCode> {
    let mut effective = effective.clone();
    let mut scratch = None;
    let mut private = None;
    if effective.settings.database == PRIVATE {
        if !arguments.json {
            terminal::say("Starting a private PostgreSQL server; it is removed at the end.");
        }
        let started = tokio::task::spawn_blocking(postgres::Private::start).await??;
        effective.settings.database.clone_from(&started.url);
        private = Some(started);
    }
    let replicas = !arguments.direct && matches!(wiring::place(&effective), Ok(wiring::Place::Postgres(_)));
    if replicas {
        scratch = Some(Scratch::new("demo")?);
    } else if effective.settings.data.is_empty() && effective.settings.database.is_empty() {
        let made = Scratch::new("demo")?;
        effective.settings.data = made.path().display().to_string();
        scratch = Some(made);
        effective.set_origin("data", Origin::Flag);
    }
    let stop = Stop::listen()?;
    let result = if arguments.direct {
        direct(&arguments, &effective, stop).await
    } else {
        let second = scratch.as_ref().map(Scratch::path).filter(|_| replicas);
        markets::run(&arguments, &effective, second, stop).await
    };
    drop(scratch);
    // It waits until the server has ended.
    tokio::task::spawn_blocking(move || drop(private)).await?;
    result
}

/// Sells through our own API.
async fn direct(arguments: &Demo, effective: &Effective, stop: Stop) -> anyhow::Result<ExitCode> {
    let mut server = Embedded::start(effective, &address(effective)).await?;
    let key = server.mint().await?;
    let client = target::client(&effective.settings, &server.url(), &key, usize::from(arguments.buyers))?;
    let result = sell(arguments, &mut server, client, &key, stop).await;
    server.stop().await?;
    result
}

/// That of the settings; when nobody asked for it and it is taken, a free one.
fn address(effective: &Effective) -> String {
    let listen = &effective.settings.listen;
    let taken = effective.origin("listen") == Origin::Default
        && std::net::TcpListener::bind(listen.as_str()).is_err();
    if taken { "127.0.0.1:0".to_owned() } else { listen.clone() }
}

async fn sell(
    arguments: &Demo,
    server: &mut Embedded,
    client: Arc<Client>,
    key: &str,
    mut stop: Stop,
) -> anyhow::Result<ExitCode> {
    let catalogue = catalogue::load(&client).await?;
    if !arguments.json {
        server.make_first_key().await?;
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
