//! `crash`: the real server is killed under load, again and again, and nothing that it acknowledged may be missing.
//!
//! The clients keep their own account of what they were told. After each kill every acknowledged request is repeated
//! with its key and must be answered with the same bytes, what nobody knew is asked again, and the server's figures must
//! equal the account. A1 kills the server, A2 the PostgreSQL server under it.
//!
//! Then two races run in their long form: D4, a confirmation against the end of its hold, and F9, cancelling against shipping.

mod account;
mod check;
mod fleet;
mod races;
mod round;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::place::{Ground, Kind};
use crate::report::{progress, say};
use crate::server::binary;

use round::{Run, Tally};

/// How often and how long.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Which database.
    #[arg(long, default_value = "both")]
    database: Which,
    /// Only the kills, or only the races; without it the kills and then the races.
    #[arg(long)]
    only: Option<Part>,
    /// Kills on each database.
    #[arg(long, default_value_t = 100)]
    rounds: u32,
    /// Races on each database between the confirmation of an order, the end of its hold and another buyer (D4).
    #[arg(long, default_value_t = 10_000)]
    d4_rounds: u32,
    /// Races on each database between cancelling and shipping the units of one order (F9).
    #[arg(long, default_value_t = 1_000)]
    f9_rounds: u32,
    /// The longest that the load runs before a kill; each round draws a moment before that.
    #[arg(long, default_value_t = 1.0)]
    seconds_per_round: f64,
    /// Clients at once.
    #[arg(long, default_value_t = 24)]
    clients: usize,
    /// Repeats the draws of an earlier run; the moments of the kills still differ.
    #[arg(long)]
    seed: Option<u64>,
    /// Where databases are made; not a RAM disk.
    #[arg(long, default_value = "target/crash", value_name = "DIR")]
    dir: PathBuf,
    /// The server's program; built if it is not named.
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Kills,
    Races,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Which {
    Sqlite,
    Postgres,
    Both,
}

impl Which {
    fn kinds(self) -> Vec<Kind> {
        match self {
            Self::Sqlite => vec![Kind::Sqlite],
            Self::Postgres => vec![Kind::Postgres],
            Self::Both => vec![Kind::Sqlite, Kind::Postgres],
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let kinds = arguments.database.kinds();
    if arguments.only != Some(Part::Races) {
        kills(arguments, &kinds)?;
    }
    if arguments.only != Some(Part::Kills) {
        races::run(arguments, &kinds)?;
    }
    Ok(())
}

fn kills(arguments: &Arguments, kinds: &[Kind]) -> anyhow::Result<()> {
    let binary = binary(arguments.binary.as_ref())?;
    let ground = Ground::prepare(&arguments.dir, kinds)?;
    let seed = arguments.seed.unwrap_or_else(crate::chance::seed);
    progress(&format!("--seed {seed}"));
    let mut broken = Vec::new();
    for &kind in kinds {
        let place = ground.fresh(kind)?;
        let run = Run {
            kind,
            place: &place,
            ground: &ground,
            binary: &binary,
            rounds: arguments.rounds,
            longest: Duration::from_secs_f64(arguments.seconds_per_round),
            clients: arguments.clients,
            seed,
        };
        let tally = run.go()?;
        say(&summary(kind, &tally));
        for wrong in tally.wrong.iter().take(20) {
            say(&format!("  wrong: {wrong}"));
        }
        if !tally.wrong.is_empty() {
            broken.push(format!("{kind}: {} things are wrong", tally.wrong.len()));
        }
    }
    if !broken.is_empty() {
        bail!("{} (--seed {seed})", broken.join("; "));
    }
    Ok(())
}

fn summary(kind: Kind, tally: &Tally) -> String {
    format!(
        "{kind}: {} kills ({} of the server, {} of the database): {} acknowledged, {} lost, {} oversold; \
         {} unknown, all resolved ({} had been done, {} not); ready again after {:.0} ms (median), {:.0} ms at most; \
         verify clean {} times",
        tally.server_kills + tally.database_kills,
        tally.server_kills,
        tally.database_kills,
        tally.acknowledged,
        tally.lost,
        tally.oversold,
        tally.unknown_done + tally.unknown_not_done,
        tally.unknown_done,
        tally.unknown_not_done,
        crate::figures::median(&tally.ready_ms),
        tally.ready_ms.iter().copied().fold(0.0, f64::max),
        tally.verified,
    )
}
