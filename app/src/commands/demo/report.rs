//! The report at the end: what was broken, what Onhand did about it, and whether everything came out right. Every figure is
//! taken from events, measures and rows of this run.

mod facts;

use std::collections::BTreeMap;
use std::process::ExitCode;

use onhand_sandbox::built_in;
use serde::Serialize;
use serde_json::Value;

use super::super::verify;
use super::aftermath;
use super::board::{Board, Latencies, latencies};
use super::chaos::Struck;
use super::fleet::Fleet;
use crate::markets::compare::compare;
use crate::markets::control::Control;
use crate::markets::oversold::{Evidence, Oversold, Recipes, Trouble};
use crate::markets::{for_people, sales, takings};
use crate::terminal::{self, grouped};

/// So many of a long list are shown to people; `--json` has all.
const SHOWN: usize = 10;

/// One fault and what was done about it.
#[derive(Debug, Serialize)]
pub(super) struct Told {
    name: &'static str,
    what: &'static str,
    market: Option<&'static str>,
    /// Seconds from the first order.
    began_s: f64,
    lasted_s: f64,
    /// How often it struck.
    times: u64,
    onhand: Vec<String>,
}

/// Everything.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    seconds: f64,
    replicas: usize,
    /// Somebody stopped it before it was over: figures may not have been told.
    stopped: bool,
    orders: usize,
    orders_here: usize,
    orders_lost: Vec<String>,
    orders_different: Vec<String>,
    pushes: BTreeMap<String, Latencies>,
    /// The same without pushes during a fault and its aftermath.
    calm: BTreeMap<String, Latencies>,
    faults: Vec<Told>,
    units_oversold: i64,
    units_unexplained: i64,
    oversold: Vec<Oversold>,
    listings_checked: usize,
    listings_wrong: Vec<String>,
    given_up: usize,
    verify: Value,
}

impl Report {
    pub(super) async fn of(
        fleet: &Fleet,
        control: &Control,
        board: &Board,
        past: &[Struck],
        seed: u64,
        stopped: bool,
        verified: Value,
    ) -> anyhow::Result<Self> {
        let reads = fleet.reads();
        let sold = sales::all(reads, control).await?;
        let missing = sales::missing(reads, &sold).await?;
        let equal = compare(reads, control).await?;
        let now = reads.now().await?;
        let aftermath = aftermath::read(reads, board.zero).await?;
        let codes = sales::codes(reads).await?;
        let recipes: Recipes =
            built_in(seed).packs.into_iter().map(|pack| (pack.code, pack.components)).collect();
        let teller = facts::Teller { board, aftermath: &aftermath, codes: &codes };
        let troubles: Vec<Trouble> = past.iter().map(|struck| teller.trouble(struck)).collect();
        let journal = &board.journal;
        let (zero, sales) = (board.zero, sold.as_slice());
        let takings = takings::since(reads, journal.short_skus(), zero).await?;
        let (takings, recipes, troubles) = (takings.as_slice(), &recipes, troubles.as_slice());
        let oversold = Evidence { journal, sales, takings, recipes, troubles, zero }.explain();
        let faults = past.iter().enumerate().map(|(index, struck)| {
            let next = past.get(index + 1).map_or(i64::MAX, |next| next.from);
            let onhand = teller.facts(struck, next);
            Told {
                name: struck.fault.name,
                what: struck.fault.what,
                market: struck.fault.market.map(onhand_sandbox::Market::name),
                began_s: seconds(struck.from - board.zero),
                lasted_s: seconds(struck.until - struck.from),
                times: struck.times,
                onhand,
            }
        });
        let calm = latencies(journal, |shop, push| {
            let of =
                |trouble: &Trouble| trouble.market.as_ref().is_none_or(|market| shop.starts_with(market));
            !troubles.iter().any(|trouble| of(trouble) && (trouble.from..trouble.until).contains(&push.at))
        });
        let units = |only: fn(&&Oversold) -> bool| oversold.iter().filter(only).map(|one| one.units).sum();
        Ok(Self {
            seconds: seconds(now - board.zero),
            replicas: 1 + usize::from(fleet.second.is_some()),
            stopped,
            orders: sold.len(),
            orders_here: missing.known,
            orders_lost: missing.lost,
            orders_different: missing.different,
            pushes: latencies(journal, |_, _| true),
            calm,
            faults: faults.collect(),
            units_oversold: units(|_| true),
            units_unexplained: units(|one| one.cause.is_none()),
            oversold,
            listings_checked: equal.checked,
            listings_wrong: equal.wrong,
            given_up: journal.died(),
            verify: verified,
        })
    }

    /// What nobody has explained, in words.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut count = |number: usize, what: &str| {
            if number > 0 {
                wrong.push(format!("{number} {what}"));
            }
        };
        count(self.orders_lost.len(), "orders lost");
        count(self.orders_different.len(), "orders that differ from the marketplace's");
        count(self.listings_wrong.len(), "listings that do not show what the rule says");
        count(usize::try_from(self.units_unexplained).unwrap_or(usize::MAX), "oversold units unexplained");
        if !verify::is_clean(&self.verify) {
            wrong.push("invariants violated".to_owned());
        }
        wrong
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run fit into 53 bits")]
fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

/// Prints it; the exit code says whether everything came out right.
pub(super) fn finish(report: &Report, json: bool) -> anyhow::Result<ExitCode> {
    let wrong = report.wrong();
    if json {
        terminal::say_json(report)?;
    } else {
        print(report, &wrong);
    }
    Ok(match (wrong.is_empty(), verify::is_clean(&report.verify)) {
        (true, _) => ExitCode::SUCCESS,
        (false, true) => ExitCode::FAILURE,
        (false, false) => verify::exit_code(&report.verify),
    })
}

fn print(report: &Report, wrong: &[String]) {
    let say = terminal::say;
    if !report.faults.is_empty() {
        say("\nFaults, and what Onhand did\n");
        let count = report.faults.len();
        for (number, told) in (1..).zip(&report.faults) {
            let when = format!("at {:.0} s for {:.1} s", told.began_s, told.lasted_s);
            say(&format!("{number:>3} of {count}  {}: {} ({when})", told.name, told.what));
            told.onhand.iter().for_each(|fact| say(&format!("             {fact}")));
        }
    }
    say("\nWhat it comes to\n");
    let row = |name: &str, value: String| say(&format!("  {name:<12} {value}"));
    row("time", for_people((report.seconds * 1_000.0) as i64));
    row(
        "orders",
        format!(
            "{} on the marketplaces, {} of them here, {} lost",
            grouped(report.orders as u64),
            grouped(report.orders_here as u64),
            report.orders_lost.len()
        ),
    );
    list(report.orders_lost.iter().chain(&report.orders_different));
    for (shop, pushes) in &report.pushes {
        row("told", format!("{shop}: {}", pushes.in_words()));
    }
    for (shop, pushes) in report.calm.iter().filter(|_| !report.faults.is_empty()) {
        row("  in calm", format!("{shop}: {}", pushes.in_words()));
    }
    let listings = report.listings_checked - report.listings_wrong.len();
    row("listings", format!("{listings} of {} show what the rule says", report.listings_checked));
    list(report.listings_wrong.iter());
    let (units, open) = (report.units_oversold, report.units_unexplained);
    let explained = match (units, open) {
        (0, _) => String::new(),
        (_, 0) => ": sold twice, each explained".to_owned(),
        _ => format!(", {open} of them unexplained"),
    };
    row("oversold", format!("{units} units{explained}"));
    list(report.oversold.iter().map(|one| &one.text));
    row("given up", format!("{} jobs", report.given_up));
    row("verify", verify::in_words(&report.verify));
    let verdict = match (wrong.is_empty(), report.stopped) {
        (true, _) => "Everything came out right.".to_owned(),
        (false, true) => format!("Stopped half way: {}.", wrong.join(", ")),
        (false, false) => format!("WRONG: {}.", wrong.join(", ")),
    };
    say(&format!("\n{verdict}"));
}

fn list<'a>(lines: impl Iterator<Item = &'a String>) {
    let lines: Vec<&String> = lines.collect();
    lines.iter().take(SHOWN).for_each(|line| terminal::say(&format!("               {line}")));
    if lines.len() > SHOWN {
        terminal::say(&format!("               and {} more; --json has all", lines.len() - SHOWN));
    }
}
