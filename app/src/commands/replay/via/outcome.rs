//! What the replay through marketplaces comes to.

use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::super::rows::Catalogue;
use super::super::tally::{Counts, Tally};
use super::super::{Replay, digest, per_second, print_counts, rounded};
use super::{Bought, by_market};
use crate::client::Client;
use crate::commands::verify;
use crate::embedded::Embedded;
use crate::latency::{Latency, Percentiles};
use crate::markets::compare::compare;
use crate::markets::control::Control;
use crate::markets::journal::Journal;
use crate::markets::oversold::{Cause, Evidence, Oversold, Recipes};
use crate::markets::sales::missing;
use crate::markets::takings;
use crate::terminal::{self, grouped};

/// So many of a long list are shown to people; `--json` has all.
const SHOWN: usize = 10;

/// Everything that the outcome is read from.
pub(super) struct Through<'a> {
    pub(super) server: &'a Embedded,
    pub(super) control: &'a Control,
    pub(super) client: &'a Client,
    pub(super) journal: &'a Journal,
    /// Ledger clock at the first order.
    pub(super) zero: i64,
    pub(super) bought: &'a mut Bought,
    pub(super) tally: &'a Tally,
    /// Until the last buyer had been, and until everything was told.
    pub(super) seconds: (Duration, Duration),
}

/// What is printed at the end.
#[derive(Serialize)]
pub(super) struct Outcome {
    #[serde(flatten)]
    counts: Counts,
    orders_by_market: BTreeMap<String, u64>,
    /// Units by which shops showed too little for a buyer.
    units_short_at_refusals: i64,
    orders_taken: usize,
    orders_lost: Vec<String>,
    orders_different: Vec<String>,
    units_oversold: i64,
    units_unexplained: i64,
    oversold_by_cause: BTreeMap<String, i64>,
    oversold: Vec<Oversold>,
    listings_checked: usize,
    listings_wrong: Vec<String>,
    jobs_given_up: usize,
    seconds: f64,
    seconds_until_told: f64,
    invoices_per_second: f64,
    pushes: u64,
    /// By shop: from the change of stock to the marketplace's answer.
    push_latency: BTreeMap<String, Percentiles>,
    /// From the buyer's order to the stock being taken here.
    order_latency: Percentiles,
    /// Of the marketplace's answer to a buyer.
    buyer_latency: Percentiles,
    database: String,
    verify: Value,
    stock_digest: String,
}

pub(super) async fn of(
    through: Through<'_>,
    arguments: &Replay,
    found: &Catalogue,
) -> anyhow::Result<Outcome> {
    let Through { server, control, client, journal, zero, bought, tally, seconds } = through;
    debug_assert!(arguments.via.is_some());
    let reads = server.engine().reads();
    bought.sales.sort_by(|a, b| (a.at, &a.reference).cmp(&(b.at, &b.reference)));
    let missing = missing(reads, &bought.sales).await?;
    let equal = compare(reads, control).await?;
    let recipes = Recipes::new();
    let takings = takings::since(reads, journal.short_skus(), zero).await?;
    let oversold =
        Evidence { journal, sales: &bought.sales, takings: &takings, recipes: &recipes, troubles: &[], zero }
            .explain();
    let mut by_cause: BTreeMap<String, i64> = BTreeMap::new();
    for one in &oversold {
        *by_cause.entry(cause_in_words(one.cause).to_owned()).or_default() += one.units;
    }
    let counts = tally.counts();
    let orders = by_market(bought.sales.iter().map(|sale| sale.market.as_str()));
    let durability = server.durability();
    Ok(Outcome {
        orders_by_market: orders.into_iter().collect(),
        units_short_at_refusals: bought.refused_units,
        orders_taken: missing.known,
        orders_lost: missing.lost,
        orders_different: missing.different,
        units_oversold: oversold.iter().map(|one| one.units).sum(),
        units_unexplained: oversold.iter().filter(|one| one.cause.is_none()).map(|one| one.units).sum(),
        oversold_by_cause: by_cause,
        oversold,
        listings_checked: equal.checked,
        listings_wrong: equal.wrong,
        jobs_given_up: journal.died(),
        seconds: rounded(seconds.0.as_secs_f64()),
        seconds_until_told: rounded(seconds.1.as_secs_f64()),
        invoices_per_second: per_second(counts.invoices, seconds.0),
        pushes: journal.all_pushes().count() as u64,
        push_latency: push_latency(journal),
        order_latency: order_latency(bought, &journal.placed),
        buyer_latency: bought.latency.percentiles(),
        database: format!("{} {}, {}", durability.database, durability.version, durability.settings),
        verify: verify::ask(client).await?,
        stock_digest: digest::of(client, found).await?,
        counts,
    })
}

fn push_latency(journal: &Journal) -> BTreeMap<String, Percentiles> {
    let mut shops: BTreeMap<String, Latency> = BTreeMap::new();
    for (shop, push) in journal.all_pushes() {
        let took = Duration::from_millis(u64::try_from(push.total_ms).unwrap_or(0));
        shops.entry(shop.to_owned()).or_default().record(took);
    }
    shops.into_iter().map(|(shop, latency)| (shop, latency.percentiles())).collect()
}

fn order_latency(bought: &Bought, placed: &HashMap<String, i64>) -> Percentiles {
    let mut latency = Latency::default();
    for sale in &bought.sales {
        if let Some(at) = placed.get(&sale.name()) {
            latency.record(Duration::from_millis(u64::try_from(at - sale.at).unwrap_or(0)));
        }
    }
    latency.percentiles()
}

fn cause_in_words(cause: Option<Cause>) -> &'static str {
    match cause {
        Some(Cause::NotHeard) => "sold elsewhere before the first sale was heard of",
        Some(Cause::NotTold) => "sold elsewhere before that shop was told",
        Some(Cause::Overwritten) => "a figure written over a sale that was not heard of yet",
        Some(Cause::TakenOff) => "taken off here before that shop was told",
        Some(Cause::SellerEdit) => "the seller's own figure",
        Some(Cause::NotKept) => "a figure of ours that did not stand",
        None => "UNEXPLAINED",
    }
}

/// Prints it; the exit code says whether everything came out right.
pub(super) fn finish(outcome: &Outcome, json: bool) -> anyhow::Result<ExitCode> {
    if json {
        terminal::say_json(outcome)?;
    } else {
        print(outcome);
    }
    let wrong = outcome.orders_lost.len()
        + outcome.orders_different.len()
        + outcome.listings_wrong.len()
        + usize::from(outcome.units_unexplained > 0);
    if !verify::is_clean(&outcome.verify) {
        return Ok(verify::exit_code(&outcome.verify));
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(outcome: &Outcome) {
    let row = |name: &str, value: String| terminal::say(&format!("{name:<16} {value}"));
    let list = |lines: &mut dyn Iterator<Item = &String>| {
        lines.take(SHOWN).for_each(|line| row("", line.clone()));
    };
    print_counts(&outcome.counts);
    let markets: Vec<String> = outcome
        .orders_by_market
        .iter()
        .map(|(market, orders)| format!("{market} {}", grouped(*orders)))
        .collect();
    row("bought at", markets.join(", "));
    let (taken, lost) = (outcome.orders_taken, outcome.orders_lost.len());
    row("taken in", format!("{} orders, {lost} lost", grouped(taken as u64)));
    list(&mut outcome.orders_lost.iter().chain(&outcome.orders_different));
    row("oversold", format!("{} units", grouped(outcome.units_oversold.unsigned_abs())));
    for (cause, units) in &outcome.oversold_by_cause {
        row("", format!("{}: {cause}", grouped(units.unsigned_abs())));
    }
    list(&mut outcome.oversold.iter().map(|one| &one.text));
    let equal = outcome.listings_checked - outcome.listings_wrong.len();
    let (equal, checked) = (grouped(equal as u64), grouped(outcome.listings_checked as u64));
    row("listings", format!("{equal} of {checked} show what the rule says"));
    list(&mut outcome.listings_wrong.iter());
    row("given up", format!("{} jobs", outcome.jobs_given_up));
    row(
        "rate",
        format!(
            "{:.1} invoices/s for {:.1} s; the last figure was told {:.1} s after the last buyer",
            outcome.invoices_per_second,
            outcome.seconds,
            outcome.seconds_until_told - outcome.seconds
        ),
    );
    row("buyer waits", outcome.buyer_latency.to_string());
    row("sale to stock", outcome.order_latency.to_string());
    for (shop, latency) in &outcome.push_latency {
        row("stock to shop", format!("{shop}: {} pushes, {latency}", grouped(latency.count)));
    }
    row("data", outcome.database.clone());
    row("verify", verify::in_words(&outcome.verify));
    row("stock_digest", outcome.stock_digest.clone());
}
