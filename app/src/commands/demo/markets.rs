//! The demo with marketplaces: three shops of the sandbox, connected as real ones are, and buyers in all of them.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use onhand_engine::Request;
use onhand_engine::flows::Flows;
use onhand_rules::commands::queue::EnqueueJobs;
use onhand_rules::job::{JobBody, NewJob};
use onhand_rules::shop::ShopSettings;
use onhand_sandbox::{Market, Options, Sandbox, built_in};
use serde_json::{Value, json};

use super::super::sandbox::keys_of;
use super::super::serve::Stop;
use super::super::verify;
use super::board::Board;
use super::{Demo, catalogue};
use crate::channels::ChannelKeys;
use crate::client::Client;
use crate::embedded::Embedded;
use crate::settings::{Effective, Origin};
use crate::{target, terminal};

/// How long listings may take to be read, and figures to be told after the last order.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often is looked whether they are.
const LOOK: Duration = Duration::from_millis(250);

/// The sandbox's control API.
pub(super) struct Control {
    base: String,
    client: reqwest::Client,
}

impl Control {
    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.client.get(format!("{}/control/{path}", self.base)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.client.post(format!("{}/control/{path}", self.base)).json(body).send().await?;
        let status = answer.status();
        let told: Value = answer.json().await.unwrap_or_default();
        if !status.is_success() {
            bail!("the sandbox refused {path}: {told}");
        }
        Ok(told)
    }

    pub(super) async fn clear_faults(&self) -> anyhow::Result<()> {
        self.client.delete(format!("{}/control/faults", self.base)).send().await?.error_for_status()?;
        Ok(())
    }
}

pub(super) async fn run(arguments: &Demo, effective: &Effective, stop: Stop) -> anyhow::Result<ExitCode> {
    let options = Options { seed: arguments.seed, time_scale: 0.05, ..Options::default() };
    let sandbox = Sandbox::start(options).await.context("the sandbox cannot start")?;
    let keys: ChannelKeys = toml::from_str(&keys_of(&sandbox)).context("the sandbox's keys")?;
    let listen = &effective.settings.listen;
    let free = effective.origin("listen") == Origin::Default
        && std::net::TcpListener::bind(listen.as_str()).is_err();
    let server = Embedded::start_with(effective, if free { "127.0.0.1:0" } else { listen }, &keys).await?;
    let result = show(arguments, effective, &sandbox, &server, stop).await;
    server.stop().await?;
    sandbox.stop().await;
    result
}

async fn show(
    arguments: &Demo,
    effective: &Effective,
    sandbox: &Sandbox,
    server: &Embedded,
    mut stop: Stop,
) -> anyhow::Result<ExitCode> {
    let key = server.mint().await?;
    let client = target::client(&effective.settings, &server.url(), &key, 4)?;
    let client_http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let control = Control { base: sandbox.urls().control.clone(), client: client_http };
    let skus = stock_up(&client, arguments.seed).await?;
    let flows = server.channels.as_ref().map(|channels| channels.flows.clone()).context("no channels")?;
    for market in Market::ALL {
        connect(&flows, &control, server, market).await?;
    }
    let expected = wait_for_listings(server).await?;
    if !arguments.json {
        introduce(server, sandbox, &key, skus, expected);
    }
    // Listings are true before the first buyer comes.
    settle(server, PATIENCE).await?;
    let mut board = Board::new(arguments.json);
    board.begin(server).await?;
    control.post("buyers", &json!({"rate": arguments.orders})).await?;
    let mut second = tokio::time::interval(Duration::from_secs(1));
    let mut left = if arguments.chaos { Some(CHAOS.len() as u64 * CHAOS_EVERY) } else { arguments.seconds };
    let mut ordered = 0;
    second.tick().await;
    while left != Some(0) {
        if arguments.chaos && left.is_some_and(|left| left.is_multiple_of(CHAOS_EVERY)) {
            order_fault(&control, ordered, arguments.json).await?;
            ordered += 1;
        }
        tokio::select! {
            _ = second.tick() => board.show(server, &control).await?,
            _ = stop.wait() => break,
        }
        left = left.map(|left| left - 1);
    }
    control.post("buyers", &json!({"rate": 0})).await?;
    control.clear_faults().await?;
    heal(server, arguments).await?;
    let report = verify::ask(&client).await?;
    let equal = board.compare(server, &control).await?;
    board.finish(arguments.json, &report, &equal)?;
    Ok(if equal.wrong.is_empty() { verify::exit_code(&report) } else { ExitCode::FAILURE })
}

/// One fault after the other, each for a few seconds: what it is, what is told of it, what is ordered.
const CHAOS: &[(&str, &str)] = &[
    ("every call to Shopee takes 300 ms longer", r#"{"market":"shopee","fault":"latency","ms":300}"#),
    ("TikTok Shop turns every call down (429)", r#"{"market":"tiktok","fault":"throttle"}"#),
    ("Lazada answers with 5xx", r#"{"market":"lazada","fault":"outage"}"#),
    ("Shopee loses half of its webhooks", r#"{"market":"shopee","fault":"drop_webhooks","share":0.5}"#),
    ("every webhook comes twice", r#"{"fault":"duplicate_webhooks","share":1.0}"#),
    ("webhooks overtake each other", r#"{"fault":"reorder_webhooks","share":0.5}"#),
    ("webhooks are two seconds late", r#"{"fault":"delay_webhooks","share":1.0,"ms":2000}"#),
    ("Lazada does what it is told and loses the answer", r#"{"market":"lazada","fault":"lose_answer"}"#),
    (
        "three items of each write fail on TikTok Shop",
        r#"{"market":"tiktok","fault":"partial_failure","items":3}"#,
    ),
    ("Shopee answers with a page for people", r#"{"market":"shopee","fault":"html"}"#),
    ("Shopee's access token ends early", r#"{"market":"shopee","fault":"expire_token"}"#),
];
/// Seconds from one fault to the next; each lasts a little more than half of it.
const CHAOS_EVERY: u64 = 7;
/// How long figures may take to be true again after the last fault: a retry after a 5xx waits a minute, then five.
const HEALING: Duration = Duration::from_secs(420);

async fn order_fault(control: &Control, number: usize, silent: bool) -> anyhow::Result<()> {
    let Some((what, order)) = CHAOS.get(number) else { return Ok(()) };
    let mut order: Value = serde_json::from_str(order)?;
    if order["fault"] != "expire_token" {
        order["for_seconds"] = json!(4);
    }
    control.post("faults", &order).await?;
    if !silent {
        terminal::say(&format!("fault {} of {}: {what}", number + 1, CHAOS.len()));
    }
    Ok(())
}

/// Looks for orders whose webhooks were lost, and waits until every figure is told.
async fn heal(server: &Embedded, arguments: &Demo) -> anyhow::Result<()> {
    if arguments.chaos {
        let reads = server.engine().reads();
        let now = reads.now().await?;
        let jobs = reads.shops().await?.into_iter().map(|shop| NewJob {
            body: JobBody::PollOrders { shop: shop.id },
            class: 1,
            run_at: now,
            cause_at: None,
        });
        server.engine().submit(Request::internal(EnqueueJobs { jobs: jobs.collect() })).await?;
    }
    let patience = if arguments.chaos { HEALING } else { PATIENCE };
    settle(server, patience).await.map(|_| ())
}

/// The sandbox's goods as SKUs of ours: what lies on the shelf, and bundles of it. Multipacks are mapped listings.
async fn stock_up(client: &Client, seed: u64) -> anyhow::Result<usize> {
    let goods = built_in(seed);
    let simple: Vec<Value> =
        goods.skus.iter().map(|sku| json!({"sku": sku.code, "name": sku.title})).collect();
    let packs: Vec<Value> = goods
        .packs
        .iter()
        .map(|pack| {
            let components: Vec<Value> =
                pack.components.iter().map(|(sku, units)| json!({"sku": sku, "quantity": units})).collect();
            json!({"sku": pack.code, "name": pack.title, "components": components})
        })
        .collect();
    for (name, skus) in [("simple", &simple), ("packs", &packs)] {
        for (index, chunk) in skus.chunks(100).enumerate() {
            let key = format!("demo-market-skus-{name}-{index}");
            catalogue::send(client, "/v1/skus/bulk", &json!({ "skus": chunk }), &key).await?;
        }
    }
    let items: Vec<Value> = goods
        .skus
        .iter()
        .filter(|sku| sku.stock > 0)
        .map(|sku| json!({"action": "adjust", "sku": sku.code, "quantity": sku.stock, "reason": "received"}))
        .collect();
    for (index, chunk) in items.chunks(100).enumerate() {
        let body = json!({"mode": "independent", "items": chunk});
        catalogue::send(client, "/v1/stock/bulk", &body, &format!("demo-market-stock-{index}")).await?;
    }
    Ok(simple.len() + packs.len())
}

/// The whole round trip of an owner: our link, the marketplace's page, its redirect, the exchange of the code.
async fn connect(flows: &Flows, control: &Control, server: &Embedded, market: Market) -> anyhow::Result<()> {
    let name = market.name();
    let url = server.url();
    control.post("webhooks", &json!({"market": name, "url": format!("{url}/hooks/{name}")})).await?;
    let back = format!("{url}/connect/{name}/callback");
    if market == Market::Tiktok {
        control.post("redirect", &json!({ "url": back })).await?;
    }
    let page = flows.start_consent(name, None, &back).await?;
    let joint = if page.contains('?') { '&' } else { '?' };
    let answer = control.client.get(format!("{page}{joint}auto=1")).send().await?;
    let to = answer.headers().get(reqwest::header::LOCATION).and_then(|value| value.to_str().ok());
    let Some(to) = to.map(str::to_owned) else {
        bail!("the consent page of {name} sent nobody back: {}", answer.text().await.unwrap_or_default());
    };
    let callback = reqwest::Url::parse(&to)?;
    let parameters: BTreeMap<String, String> =
        callback.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let of = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    let settings = ShopSettings::default();
    let done = flows
        .finish_consent(name, &of("state"), &of("code"), parameters.clone().into_iter().collect(), settings)
        .await
        .with_context(|| format!("cannot connect the shop on {name}"))?;
    if done.shops.is_empty() {
        bail!("the consent on {name} covers no shop");
    }
    Ok(())
}

/// Waits until the listings of all shops were read; yields how many there are.
async fn wait_for_listings(server: &Embedded) -> anyhow::Result<usize> {
    let started = tokio::time::Instant::now();
    loop {
        let shops = server.engine().reads().shops().await?;
        if !shops.is_empty() && shops.iter().all(|shop| shop.cursors.imported_at > 0) {
            let mut count = 0;
            for shop in shops {
                let filter = onhand_store::ListingFilter { shop: Some(shop.id), ..Default::default() };
                count += server.engine().reads().listings(&filter, 10_000).await?.rows.len();
            }
            return Ok(count);
        }
        if started.elapsed() > PATIENCE {
            bail!("the listings of the shops could not be read within {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Waits until every figure is told and no order is on its way.
pub(super) async fn settle(server: &Embedded, patience: Duration) -> anyhow::Result<bool> {
    let started = tokio::time::Instant::now();
    let mut quiet = 0;
    while quiet < 4 {
        let reads = server.engine().reads();
        let dirty: i64 = reads.staleness().await?.iter().map(|stale| stale.dirty).sum();
        let now = reads.now().await?;
        let due: i64 = reads
            .job_counts()
            .await?
            .iter()
            // What fires by the clock waits for its time; what was put off for a failure counts.
            .filter(|count| count.oldest_run_at <= now + 360_000)
            .map(|count| count.count)
            .sum();
        quiet = if dirty == 0 && due == 0 { quiet + 1 } else { 0 };
        if started.elapsed() > patience {
            return Ok(false);
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(true)
}

fn introduce(server: &Embedded, sandbox: &Sandbox, key: &str, skus: usize, listings: usize) {
    let url = server.url();
    let key =
        server.first_key.as_deref().map_or_else(|| format!("{key} (until the demo ends)"), str::to_owned);
    let durability = server.durability();
    let lines = [
        format!("Three shops on look-alikes of Shopee, TikTok Shop and Lazada: {listings} listings of {skus} SKUs."),
        String::new(),
        format!("  API      {url}"),
        format!("  browse   {url}/docs"),
        format!("  API key  {key}"),
        format!("  data     {} {}, {}", durability.database, durability.version, durability.settings),
        format!("  sandbox  {}/control/state", sandbox.urls().control),
        String::new(),
        format!("  Sell one:  curl -X POST {}/control/orders -H 'content-type: application/json' \\", sandbox.urls().control),
        "               -d '{\"market\":\"shopee\",\"lines\":[{\"seller_sku\":\"TEE-HER-BLK-M\",\"quantity\":1}],\"pay\":true}'"
            .to_owned(),
        "Ctrl-C ends it.".to_owned(),
        String::new(),
    ];
    lines.iter().for_each(|line| terminal::say(line));
}
