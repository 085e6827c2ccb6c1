//! The steps of `cargo xtask test`, in their order: what fails fastest comes first.
//!
//! To add one, write a function in a file beside this one and a line in [`STEPS`]. A step either does its whole work or
//! fails; there is no third outcome, because a skipped check soon looks like a passed one.

mod api;
mod code;
mod crash;
mod replay;
mod sdks;
mod tests;

use std::time::{Duration, Instant};

use anyhow::bail;

pub(crate) use api::write_openapi;

use crate::shell::say;

/// One check. What the function returns stands in the summary: what ran, how much of it.
struct Step {
    name: &'static str,
    database: &'static str,
    run: fn() -> anyhow::Result<String>,
}

const NONE: &str = "none";
const SQLITE: &str = "SQLite";
const POSTGRES: &str = "PostgreSQL";
const BOTH: &str = "SQLite and PostgreSQL";

const STEPS: &[Step] = &[
    Step { name: "format", database: NONE, run: code::format },
    Step { name: "tidy", database: NONE, run: code::tidy },
    Step { name: "console", database: NONE, run: crate::console::check },
    Step { name: "clippy", database: NONE, run: code::clippy },
    Step { name: "licences", database: NONE, run: code::licences },
    Step { name: "rules", database: NONE, run: tests::rules },
    Step { name: "workspace", database: BOTH, run: tests::workspace },
    Step { name: "doc tests", database: NONE, run: tests::docs },
    Step { name: "openapi", database: NONE, run: api::openapi },
    Step { name: "sdks", database: NONE, run: sdks::sdks },
    Step { name: "replay", database: BOTH, run: replay::replay },
    Step { name: "bad input, sqlite", database: SQLITE, run: api::bad_input_sqlite },
    Step { name: "bad input, postgres", database: POSTGRES, run: api::bad_input_postgres },
    Step { name: "walks", database: SQLITE, run: crate::console::walk },
    Step { name: "crash", database: BOTH, run: crash::crash },
];

enum Outcome {
    Passed(String),
    Failed(String),
    /// An earlier step failed and nobody asked to go on.
    NotReached,
}

/// Prints the steps.
pub(crate) fn list() {
    for step in STEPS {
        say(&format!("{:<20} {}", step.name, step.database));
    }
}

/// Runs the steps whose name contains one of `only`, or all when that is empty, and says whether all passed. The
/// last line that it prints is the count.
pub(crate) fn run(only: &[String], keep_going: bool) -> anyhow::Result<bool> {
    let chosen =
        STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| step.name.contains(name)));
    let mut results: Vec<(&Step, Duration, Outcome)> = Vec::new();
    let mut failed = 0;
    for step in chosen {
        if failed > 0 && !keep_going {
            results.push((step, Duration::ZERO, Outcome::NotReached));
            continue;
        }
        say(&format!("\n== {} ==", step.name));
        let start = Instant::now();
        let outcome = match (step.run)() {
            Ok(note) => Outcome::Passed(note),
            Err(error) => {
                failed += 1;
                Outcome::Failed(format!("{error:#}"))
            }
        };
        let took = start.elapsed();
        match &outcome {
            Outcome::Passed(note) => {
                say(&format!("-- {}: passed in {:.1} s. {note}", step.name, took.as_secs_f64()))
            }
            Outcome::Failed(why) => {
                say(&format!("-- {}: FAILED in {:.1} s. {why}", step.name, took.as_secs_f64()))
            }
            Outcome::NotReached => {}
        }
        results.push((step, took, outcome));
    }
    if results.is_empty() {
        bail!("no step has a name like that; --list prints them");
    }
    summarise(&results);
    Ok(failed == 0)
}

fn summarise(results: &[(&Step, Duration, Outcome)]) {
    say("\n== summary ==");
    let (mut passed, mut failed) = (0, 0);
    for (step, took, outcome) in results {
        let (word, note) = match outcome {
            Outcome::Passed(note) => ("passed", note.as_str()),
            Outcome::Failed(why) => ("FAILED", why.lines().next().unwrap_or_default()),
            Outcome::NotReached => ("not reached", ""),
        };
        passed += u32::from(matches!(outcome, Outcome::Passed(_)));
        failed += u32::from(matches!(outcome, Outcome::Failed(_)));
        let line = format!(
            "{:<20} {:<22} {word:<12} {:>7.1} s  {note}",
            step.name,
            step.database,
            took.as_secs_f64()
        );
        say(line.trim_end());
    }
    // Alone on its line, for whatever reads it.
    say(&format!("{passed} passed, {failed} failed"));
}
