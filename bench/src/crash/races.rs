//! The long form of races that are tests of the engine: `cargo test` runs each some forty times, this many thousand times.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::Arguments;
use crate::place::Kind;
use crate::report::{progress, say};

/// A test of the engine, and the variable that tells it how many rounds to run.
struct Race {
    test: &'static str,
    variable: &'static str,
    rounds: u32,
}

/// Runs them one after the other on each database. They say themselves how far they have come.
pub(super) fn run(arguments: &Arguments, kinds: &[Kind]) -> anyhow::Result<()> {
    let races = [
        Race {
            test: "d4_confirm_and_expire_at_the_same_millisecond",
            variable: "ONHAND_D4_ROUNDS",
            rounds: arguments.d4_rounds,
        },
        Race {
            test: "f9_cancel_ship_and_part_cancel_at_once",
            variable: "ONHAND_F9_ROUNDS",
            rounds: arguments.f9_rounds,
        },
    ];
    let module = |kind: &Kind| match kind {
        Kind::Sqlite => "sqlite",
        Kind::Postgres => "postgres",
    };
    let names: Vec<String> = kinds
        .iter()
        .flat_map(|kind| races.iter().map(move |race| format!("races::{}::{}", module(kind), race.test)))
        .collect();
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["test", "--quiet", "--locked", "-p", "onhand-engine", "--test", "engine", "--"]);
    command.args(["--exact", "--nocapture", "--test-threads", "1", "--format", "pretty"]).args(&names);
    for race in &races {
        command.env(race.variable, race.rounds.to_string());
    }
    progress("building the races");
    let mut running = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let output = running.stdout.take().context("no output")?;
    let mut passed = 0;
    for line in BufReader::new(output).lines() {
        let line = line?;
        passed += usize::from(line.starts_with("test ") && line.ends_with(" ok"));
        progress(&line);
    }
    let status = running.wait()?;
    if !status.success() {
        bail!("a race went wrong ({status})");
    }
    // A test that got another name would be left out without a word.
    if passed != names.len() {
        bail!("{passed} races ran instead of {}", names.len());
    }
    for kind in kinds {
        let rounds: Vec<String> =
            races.iter().map(|race| format!("{} of {}", race.rounds, race.test)).collect();
        say(&format!("{kind}: {} rounds: every one as it must be", rounds.join(", ")));
    }
    Ok(())
}
