//! The demo with marketplaces: three shops of the sandbox, connected as real ones are, and buyers in all of them.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use onhand_engine::ids;
use onhand_rules::job::JobBody;
use onhand_sandbox::{Market, Options, Sandbox, built_in};
use serde_json::{Value, json};

use super::super::sandbox::keys_of;
use super::super::serve::Stop;
use super::super::verify;
use super::board::Board;
use super::chaos::{self, Chaos, Scene};
use super::fleet::Fleet;
use super::report::{self, Report};
use super::{Demo, buyers, catalogue};
use crate::channels::ChannelKeys;
use crate::client::Client;
use crate::markets::connect::{is_quiet, settle, wait_for_listings};
use crate::markets::control::Control;
use crate::settings::Effective;
use crate::{target, terminal};

/// How long listings may take to be read, and figures to be told before the first order.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long figures may take to be true again after the last fault, in seconds: a retry after a 5xx waits a minute, then
/// five, and a seller's edit must stand for five.
const HEALING: u64 = 900;
/// The same after a run without faults.
const SETTLING: u64 = 60;
/// The same when somebody pressed Ctrl-C.
const LEAVING: u64 = 10;

/// A lorry comes every so many seconds and brings so many of what is sold out, so that there is always something to sell.
const LORRY: u64 = 15;
const LOAD: u64 = 20;

/// Runs the whole; `second` is where a second replica keeps its files, if there is to be one.
pub(super) async fn run(
    arguments: &Demo,
    effective: &Effective,
    second: Option<&Path>,
    stop: Stop,
) -> anyhow::Result<ExitCode> {
    let plan = match arguments.chaos {
        true => chaos::plan(&arguments.faults, 1 + usize::from(second.is_some()))?,
        false => Vec::new(),
    };
    let options = Options { seed: arguments.seed, time_scale: 0.05, ..Options::default() };
    let sandbox = Sandbox::start(options).await.context("the sandbox cannot start")?;
    let keys_text = keys_of(&sandbox);
    let keys: ChannelKeys = toml::from_str(&keys_text).context("the sandbox's keys")?;
    let listen = super::address(effective);
    let mut effective = effective.clone();
    // So that the console can break a marketplace and watch it heal.
    effective.settings.sandbox.clone_from(&sandbox.urls().control);
    let effective = &effective;
    let mut fleet = Fleet::start(effective, &listen, &keys, &keys_text, second).await?;
    let mut show = Show { arguments, effective, sandbox: &sandbox, stop };
    let result = show.run(&mut fleet, plan).await;
    fleet.stop().await?;
    sandbox.stop().await;
    result
}

struct Show<'a> {
    arguments: &'a Demo,
    effective: &'a Effective,
    sandbox: &'a Sandbox,
    stop: Stop,
}

impl Show<'_> {
    async fn run(&mut self, fleet: &mut Fleet, plan: Vec<&'static chaos::Fault>) -> anyhow::Result<ExitCode> {
        let arguments = self.arguments;
        let url = fleet.first.url();
        let client = target::client(&self.effective.settings, &url, fleet.key(), 4)?;
        let control = Control::new(&self.sandbox.urls().control)?;
        let skus = stock_up(&client, arguments.seed).await?;
        for market in Market::ALL {
            chaos::authorise(market, fleet, &control).await?;
        }
        let listings = wait_for_listings(fleet.reads(), PATIENCE).await?;
        if !arguments.json {
            let link = fleet.first.demo_link().await?;
            fleet.first.make_first_key().await?;
            introduce(fleet, self.sandbox, arguments, (skus, listings), link.as_deref());
        }
        // Listings are true before the first buyer comes.
        settle(fleet.reads(), PATIENCE).await?;
        let mut board = Board::new(arguments.json);
        board.begin(fleet.reads()).await?;
        control.post("buyers", &json!({"rate": arguments.orders})).await?;
        let mut chaos = Chaos::new(plan, arguments.fault_seconds);
        let asked_to_stop = self.watch(fleet, &client, &control, &mut board, &mut chaos).await?;
        control.post("buyers", &json!({"rate": 0})).await?;
        chaos.stop(&mut Scene { control: &control, fleet: &mut *fleet, silent: arguments.json }).await?;
        let cut_short = self.heal(fleet, &control, &mut board, asked_to_stop).await?;
        chaos.measure(&mut Scene { control: &control, fleet: &mut *fleet, silent: arguments.json }).await;
        let verified = verify::ask(&client).await?;
        let report =
            Report::of(fleet, &control, &board, &chaos.past, arguments.seed, cut_short, verified).await?;
        report::finish(&report, arguments.json)
    }

    /// Until the time is over, all faults were there, or somebody wants it to end, which it says.
    async fn watch(
        &mut self,
        fleet: &mut Fleet,
        client: &Client,
        control: &Control,
        board: &mut Board,
        chaos: &mut Chaos,
    ) -> anyhow::Result<bool> {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let mut left = self.arguments.seconds;
        let run = ids::op().to_string();
        let mut now: u64 = 0;
        second.tick().await;
        while left != Some(0) {
            now += 1;
            if now.is_multiple_of(LORRY) {
                buyers::deliver(client, &run, now / LORRY, (1, LOAD)).await?;
            }
            if self.arguments.chaos {
                let before = chaos.past.len();
                let mut scene = Scene { control, fleet: &mut *fleet, silent: self.arguments.json };
                if !chaos.tick(&mut scene).await? {
                    return Ok(false);
                }
                if chaos.past.len() != before {
                    board.interrupt();
                }
            }
            tokio::select! {
                _ = second.tick() => board.show(fleet, control).await?,
                _ = self.stop.wait() => return Ok(true),
            }
            left = left.map(|left| left - 1);
        }
        Ok(false)
    }

    /// Looks for orders whose webhooks were lost, and waits until every figure is told. Whether somebody stopped it before,
    /// or did not wait for that.
    async fn heal(
        &mut self,
        fleet: &mut Fleet,
        control: &Control,
        board: &mut Board,
        asked_to_stop: bool,
    ) -> anyhow::Result<bool> {
        board.interrupt();
        let mut cut_short = asked_to_stop;
        let patience = match (asked_to_stop, self.arguments.chaos) {
            (true, _) => LEAVING,
            (false, true) => HEALING,
            (false, false) => SETTLING,
        };
        if !self.arguments.json {
            let text = match asked_to_stop {
                true => "Stopping: the shops are told the last figures. Ctrl-C again does not wait for it.",
                false => "No more buyers and no more faults: until every shop is true again.",
            };
            terminal::say(&format!("\n{text}"));
        }
        if self.arguments.chaos {
            // What the timer does every ten minutes.
            let shops = fleet.reads().shops().await?;
            let polls = shops.into_iter().map(|shop| JobBody::PollOrders { shop: shop.id }).collect();
            chaos::enqueue(fleet, polls).await?;
        }
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.tick().await;
        let mut quiet = 0;
        for _ in 0..patience {
            quiet = if is_quiet(fleet.reads()).await? { quiet + 1 } else { 0 };
            if quiet == 2 {
                break;
            }
            tokio::select! {
                _ = second.tick() => board.show(fleet, control).await?,
                _ = self.stop.wait() => {
                    cut_short = true;
                    break;
                }
            }
        }
        board.journal.read(fleet.reads()).await.map(|()| cut_short)
    }
}

/// The sandbox's goods as SKUs of ours: what lies on the shelf, and bundles of it.
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

fn introduce(
    fleet: &Fleet,
    sandbox: &Sandbox,
    arguments: &Demo,
    (skus, listings): (usize, usize),
    link: Option<&str>,
) {
    let url = fleet.first.url();
    let control = &sandbox.urls().control;
    let key = match &fleet.first.first_key {
        Some(first) => first.clone(),
        None => format!("{} (until the demo ends)", fleet.key()),
    };
    let durability = fleet.first.durability();
    let mut lines = vec![
        format!(
            "Three shops on look-alikes of Shopee, TikTok Shop and Lazada: {listings} listings of {skus} SKUs, and buyers"
        ),
        format!(
            "who order {} times a second. A sale on one comes in by webhook, takes stock, and is told to the others.",
            arguments.orders
        ),
        String::new(),
        format!("  console   {}", link.unwrap_or(&url)),
        format!("  API       {url}, described at {url}/docs"),
        format!("  API key   {key}"),
        format!("  data      {} {}, {}", durability.database, durability.version, durability.settings),
        format!("  sandbox   {control}/control/state"),
    ];
    if let Some(second) = &fleet.second {
        lines.insert(5, format!("  replica 2 {}", second.url()));
    }
    lines.extend([
        String::new(),
        "  Sell one yourself, and see it on the others:".to_owned(),
        format!("    curl -X POST {control}/control/orders -H 'content-type: application/json' \\"),
        "      -d '{\"market\":\"shopee\",\"lines\":[{\"seller_sku\":\"TEE-HER-BLK-M\",\"quantity\":1}],\"pay\":true}'"
            .to_owned(),
        format!("    curl '{control}/control/listings?seller_sku=TEE-HER-BLK-M&history=3'"),
        String::new(),
    ]);
    lines.push(match arguments.chaos {
        true => "One fault after the other, then a report: some minutes, most of them because a seller's edit must stand for five.",
        false => "It goes on until Ctrl-C; `--chaos` walks through the faults.",
    }
    .to_owned());
    lines.push("Ctrl-C stops it in good order and says what happened.".to_owned());
    lines.push(String::new());
    lines.iter().for_each(|line| terminal::say(line));
}
