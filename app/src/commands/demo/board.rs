//! What the demo with marketplaces shows: live figures, and at the end whether every shop shows what the rule says.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use onhand_engine::publishing::told;
use onhand_rules::EventBody;
use onhand_rules::listing::ListingState;
use onhand_store::ListingFilter;
use serde_json::{Value, json};

use super::super::verify;
use super::markets::Control;
use super::screen;
use crate::embedded::Embedded;
use crate::terminal::{self, grouped};

/// Elsewhere than on a terminal, a line comes every so many seconds.
const QUIET: u64 = 5;
/// Events read at once.
const PAGE: usize = 1_000;

/// Push latencies of one shop, in milliseconds.
#[derive(Default)]
struct Pushes {
    total: Vec<i64>,
    ours: Vec<i64>,
}

pub(super) struct Board {
    silent: bool,
    terminal: bool,
    drawn: usize,
    seconds: u64,
    feed: i64,
    orders: u64,
    pushes: BTreeMap<String, Pushes>,
    died: u64,
    shortfalls: u64,
    /// The last sale and where it was told, for people.
    last: String,
}

/// Whether the shops show what the rule says.
pub(super) struct Equal {
    pub(super) checked: usize,
    pub(super) wrong: Vec<String>,
}

impl Board {
    pub(super) fn new(silent: bool) -> Self {
        Self {
            silent,
            terminal: std::io::stdout().is_terminal(),
            drawn: 0,
            seconds: 0,
            feed: 0,
            orders: 0,
            pushes: BTreeMap::new(),
            died: 0,
            shortfalls: 0,
            last: String::new(),
        }
    }

    /// Forgets what happened so far: the first figures of a shop wait for its limits, which says nothing about sales.
    pub(super) async fn begin(&mut self, server: &Embedded) -> anyhow::Result<()> {
        self.feed = server.engine().reads().feed_head().await?;
        Ok(())
    }

    /// Reads what happened since the last time.
    async fn read(&mut self, server: &Embedded) -> anyhow::Result<()> {
        loop {
            let page = server.engine().reads().events(self.feed, PAGE).await?;
            for row in &page.rows {
                self.feed = row.number;
                match &row.body {
                    EventBody::MarketOrderChanged { .. } => self.orders += 1,
                    EventBody::ListingPushed {
                        shop,
                        sku,
                        quantity,
                        wait_ms,
                        limit_ms,
                        network_ms,
                        total_ms,
                        ..
                    } => {
                        let pushes = self.pushes.entry(shop.clone()).or_default();
                        pushes.total.push(*total_ms);
                        pushes.ours.push(wait_ms + limit_ms);
                        self.last = format!(
                            "{sku} is {quantity} on {shop}: {total_ms} ms ({wait_ms} wait, {limit_ms} limit, {network_ms} network)"
                        );
                    }
                    EventBody::JobDied { .. } => self.died += 1,
                    EventBody::StockShortfall { .. } => self.shortfalls += 1,
                    _ => {}
                }
            }
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Called once a second.
    pub(super) async fn show(&mut self, server: &Embedded, control: &Control) -> anyhow::Result<()> {
        self.seconds += 1;
        self.read(server).await?;
        if self.silent || (!self.terminal && !self.seconds.is_multiple_of(QUIET)) {
            return Ok(());
        }
        let state = control.get("report").await?;
        let reads = server.engine().reads();
        let waiting: i64 = reads.job_counts().await?.iter().map(|count| count.count).sum();
        let dirty: i64 = reads.staleness().await?.iter().map(|stale| stale.dirty).sum();
        let mut figures = vec![
            ("orders".to_owned(), grouped(bought(&state))),
            ("order news".to_owned(), grouped(self.orders)),
        ];
        for (shop, pushes) in &self.pushes {
            figures.push((shop.clone(), in_words(pushes)));
        }
        figures.push(("queue".to_owned(), format!("{waiting} jobs, {dirty} listings to tell")));
        figures.push(("given up".to_owned(), self.died.to_string()));
        figures.push(("shortfalls".to_owned(), self.shortfalls.to_string()));
        figures.push(("last push".to_owned(), self.last.clone()));
        if self.terminal {
            if self.drawn > 0 {
                terminal::say(&format!("\x1b[{}A", self.drawn + 1));
            }
            figures.iter().for_each(|(name, value)| terminal::say(&format!("\x1b[2K  {name:<22} {value}")));
            self.drawn = figures.len();
        } else {
            let line: Vec<String> = figures.iter().map(|(name, value)| format!("{name} {value}")).collect();
            terminal::say(&format!("{:>4} s  {}", self.seconds, line.join("; ")));
        }
        Ok(())
    }

    /// Compares every mapped listing on the marketplaces with what the rule says.
    pub(super) async fn compare(&mut self, server: &Embedded, control: &Control) -> anyhow::Result<Equal> {
        self.read(server).await?;
        let reads = server.engine().reads();
        let mut equal = Equal { checked: 0, wrong: Vec::new() };
        for shop in reads.shops().await? {
            let shown = control.get(&format!("listings?market={}", shop.channel)).await?;
            let shown: BTreeMap<String, i64> = shown["listings"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|row| Some((row["seller_sku"].as_str()?.to_owned(), row["stock"].as_i64()?)))
                .collect();
            let filter = ListingFilter {
                shop: Some(shop.id),
                mapped: Some(true),
                state: Some(ListingState::Active),
                ..ListingFilter::default()
            };
            let listings = reads.listings(&filter, 10_000).await?.rows;
            let rule = told(reads, &shop, i64::MAX, &listings).await?;
            for (listing, rule) in listings.iter().zip(rule) {
                let Some(published) = rule.published else { continue };
                equal.checked += 1;
                let there = shown.get(&listing.seller_sku).copied();
                if there != Some(published.quantity) {
                    let there = there.map_or_else(|| "nothing".to_owned(), |stock| stock.to_string());
                    equal.wrong.push(format!(
                        "{} {}: shows {there}, the rule says {}",
                        shop.code, listing.seller_sku, published.quantity
                    ));
                }
            }
        }
        Ok(equal)
    }

    pub(super) fn finish(&self, json_only: bool, report: &Value, equal: &Equal) -> anyhow::Result<()> {
        let latency: BTreeMap<&String, Value> = self
            .pushes
            .iter()
            .map(|(shop, pushes)| {
                let at = |share: f64, of: &Vec<i64>| percentile(of, share);
                let value = json!({
                    "pushes": pushes.total.len(),
                    "p50_ms": at(0.50, &pushes.total), "p95_ms": at(0.95, &pushes.total), "p99_ms": at(0.99, &pushes.total),
                    "ours_p50_ms": at(0.50, &pushes.ours), "ours_p99_ms": at(0.99, &pushes.ours),
                });
                (shop, value)
            })
            .collect();
        let summary = json!({
            "order_news": self.orders,
            "pushes": latency,
            "given_up": self.died,
            "shortfalls": self.shortfalls,
            "oversold": screen::oversold(report),
            "listings_checked": equal.checked,
            "listings_wrong": equal.wrong,
            "verify": report,
        });
        if json_only {
            return terminal::say_json(&summary);
        }
        terminal::say(&format!("\n{} changes of orders taken in", grouped(self.orders)));
        for (shop, pushes) in &self.pushes {
            terminal::say(&format!("{shop}: {}", in_words(pushes)));
        }
        terminal::say(&format!(
            "{} of {} listings show what the rule says",
            equal.checked - equal.wrong.len(),
            equal.checked
        ));
        equal.wrong.iter().take(10).for_each(|wrong| terminal::say(&format!("  {wrong}")));
        terminal::say(&format!("jobs given up: {}; shortfalls opened: {}", self.died, self.shortfalls));
        terminal::say(&format!("oversold: {}", screen::oversold(report)));
        terminal::say(&format!("verify: {}", verify::in_words(report)));
        Ok(())
    }
}

fn bought(report: &Value) -> u64 {
    let shops = report["shops"].as_array().into_iter().flatten();
    shops.filter_map(|shop| shop["orders"].as_u64()).sum()
}

fn in_words(pushes: &Pushes) -> String {
    format!(
        "{} pushes, p50 {} ms, p95 {} ms, p99 {} ms",
        grouped(pushes.total.len() as u64),
        percentile(&pushes.total, 0.50),
        percentile(&pushes.total, 0.95),
        percentile(&pushes.total, 0.99)
    )
}

fn percentile(values: &[i64], share: f64) -> i64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an index into what is there"
    )]
    let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or(0)
}
