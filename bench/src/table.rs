//! `table`: every figure with its baseline.

mod backlog;
mod flash;
mod history;
mod hooks;
mod http;
mod ledger;
mod memory;
mod push;
mod queue;
mod storm;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::kept::{merged, value_of};
use crate::machine;
use crate::place::{Ground, Kind};
use crate::report::{Row, json_of, markdown_of, page_of, progress, say};

const PAGE: &str = "docs/benchmarks.md";

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Shorter and fewer rounds, smaller history: a glance, not a figure to quote.
    #[arg(long)]
    quick: bool,
    /// One part: ledger, history, flash, http, memory, queue, backlog, push, storm or hooks; may be repeated.
    #[arg(long, value_name = "NAME")]
    only: Vec<Part>,
    /// One database; may be repeated.
    #[arg(long, value_name = "NAME")]
    database: Vec<Kind>,
    /// Print JSON instead of Markdown.
    #[arg(long)]
    json: bool,
    /// Also write docs/benchmarks.md. Figures of parts that are not measured stay there, if only some are.
    #[arg(long)]
    write: bool,
    /// Rounds of each cell; the median counts.
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds of each cell.
    #[arg(long)]
    seconds: Option<f64>,
    /// Callers of the ledger part; may be repeated. All sizes when none is named.
    #[arg(long, value_name = "N")]
    callers: Vec<usize>,
    /// Movements in the grown database.
    #[arg(long)]
    movements: Option<u64>,
    /// Rounds of 1,000 buyers for 500 units.
    #[arg(long)]
    flash_rounds: Option<usize>,
    /// Where databases are made; not a RAM disk.
    #[arg(long, default_value = "target/bench", value_name = "DIR")]
    dir: PathBuf,
    /// The server's program; built if it is not named.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Ledger,
    History,
    Flash,
    Http,
    Memory,
    Queue,
    Backlog,
    Push,
    Storm,
    Hooks,
}

/// How long and how often, decided once.
#[derive(Debug)]
struct Plan {
    kinds: Vec<Kind>,
    rounds: usize,
    cell: std::time::Duration,
    callers: Vec<usize>,
    movements: u64,
    flash_rounds: usize,
    connections: usize,
    /// How long a snapshot is held open.
    snapshot: std::time::Duration,
    /// Waiting jobs of the backlog.
    waiting: u64,
    /// Dead jobs beside them.
    dead: u64,
    /// Claims of each queue.
    claims: usize,
    /// How long orders and webhooks come.
    load: std::time::Duration,
    /// SKUs that change in the storm.
    storm: usize,
    binary: Option<PathBuf>,
}

impl Plan {
    /// The arguments that measure the same again.
    fn arguments(&self) -> String {
        format!(
            "--rounds {} --seconds {} --movements {} --flash-rounds {}",
            self.rounds,
            self.cell.as_secs_f64(),
            self.movements,
            self.flash_rounds
        )
    }
}

impl Arguments {
    fn plan(&self) -> Plan {
        let quick = self.quick;
        let pick = |short, long| if quick { short } else { long };
        Plan {
            kinds: if self.database.is_empty() {
                vec![Kind::Sqlite, Kind::Postgres]
            } else {
                self.database.clone()
            },
            rounds: self.rounds.unwrap_or(pick(1, 5)),
            cell: std::time::Duration::from_secs_f64(self.seconds.unwrap_or(if quick { 1.0 } else { 3.0 })),
            callers: if self.callers.is_empty() { ledger::CALLERS.to_vec() } else { self.callers.clone() },
            movements: self.movements.unwrap_or(if quick { 200_000 } else { 10_000_000 }),
            flash_rounds: self.flash_rounds.unwrap_or(pick(20, 1_000)),
            connections: 1_000,
            snapshot: std::time::Duration::from_secs(if quick { 6 } else { 60 }),
            waiting: if quick { 50_000 } else { 1_000_000 },
            dead: if quick { 5_000 } else { 100_000 },
            claims: pick(100, 1_000),
            load: std::time::Duration::from_secs(if quick { 4 } else { 20 }),
            storm: pick(1_000, 10_000),
            binary: self.binary.clone(),
        }
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// A page is of one machine: a part that was measured on another has no place beside the rest.
fn check_machine() -> anyhow::Result<()> {
    let page = std::fs::read_to_string(PAGE).unwrap_or_default();
    let here = machine::processor();
    match value_of(&page, "processor").filter(|there| *there != here) {
        Some(there) => bail!(
            "{PAGE} is of another processor ({there}, this is {here}): measure all of it, without --only, or leave \
             --write out"
        ),
        None => Ok(()),
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.write && !arguments.only.is_empty() {
        check_machine()?;
    }
    let plan = arguments.plan();
    let ground = Ground::prepare(&arguments.dir, &plan.kinds)?;
    let mut machine = machine::describe(ground.dir());
    machine.extend(ledger::durability(&ground, &plan)?);
    let before = std::fs::read_to_string(PAGE).unwrap_or_default();
    let mut rows: Vec<Row> = Vec::new();
    type Measure = fn(&Ground, &Plan) -> anyhow::Result<Vec<Row>>;
    let parts: [(Part, Measure); 10] = [
        (Part::Ledger, ledger::measure),
        (Part::Flash, flash::measure),
        (Part::Http, http::measure),
        (Part::Memory, memory::measure),
        (Part::Queue, queue::measure),
        (Part::Backlog, backlog::measure),
        (Part::Push, push::measure),
        (Part::Hooks, hooks::measure),
        (Part::Storm, storm::measure),
        (Part::History, history::measure),
    ];
    for (part, measure) in parts {
        if !arguments.wants(part) {
            continue;
        }
        progress(&format!("measuring: {part:?}"));
        rows.extend(measure(&ground, &plan)?);
        by_section(&mut rows);
        if arguments.write {
            // After each part: what was measured stays, whatever happens to the rest.
            let page = page_of(&machine, &rows, &plan.arguments());
            // Of a part that was not asked for, the figures of an earlier run stay.
            std::fs::write(PAGE, if arguments.only.is_empty() { page } else { merged(&page, &before) })?;
            progress(&format!("wrote {PAGE}"));
        }
    }
    if arguments.json {
        say(&json_of(&machine, &rows).to_string());
    } else {
        say(&markdown_of(&rows));
    }
    Ok(())
}

/// Memory under load is measured by the HTTP part and stands with the rest of memory.
fn by_section(rows: &mut [Row]) {
    let order: Vec<&'static str> = rows.iter().fold(Vec::new(), |mut seen, row| {
        if !seen.contains(&row.section) {
            seen.push(row.section);
        }
        seen
    });
    rows.sort_by_key(|row| order.iter().position(|section| *section == row.section));
}
