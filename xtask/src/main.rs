//! `cargo xtask`: everything a person does with this repository besides writing it.

mod console;
mod counts;
mod install;
mod licences;
mod mutate;
mod running;
mod shell;
mod steps;
mod tidy;

use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, Subcommand};

use crate::shell::{Run, root, say, target};
use crate::tidy::Frozen;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Checks, demonstrates and measures Onhand.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check that the build server runs, first installing what is missing.
    Test {
        /// Go on after a failed step.
        #[arg(long)]
        keep_going: bool,
        /// Print the steps and do nothing.
        #[arg(long)]
        list: bool,
        /// Run only the steps whose name contains this; may be repeated.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
    },
    /// Run the quick checks: format, tidiness, clippy.
    Check,
    /// Check what neither the compiler nor clippy checks.
    Tidy {
        /// Add new migrations to the lists of frozen ones.
        #[arg(long)]
        bless: bool,
        /// With --bless: also accept changed migrations. Only for those that never left this branch.
        #[arg(long, requires = "bless")]
        unfreeze: bool,
    },
    /// Break one guard at a time in a copy of the repository, and look whether its test notices.
    Mutate {
        /// Print the mutations and do nothing.
        #[arg(long)]
        list: bool,
        /// Try only those whose name contains this; may be repeated.
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
    },
    /// Write docs/openapi.json from the code.
    Openapi,
    /// Build the console into console/dist; the next build of the program takes it in.
    Console,
    /// Build the product and show it: three shops on look-alike marketplaces, with buyers.
    #[command(disable_help_flag = true)]
    Demo {
        /// Passed on to `onhand demo`: `--chaos`, `--database postgres` for a private server and two replicas, `--help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure, and print the table of docs/benchmarks.md.
    #[command(disable_help_flag = true)]
    Bench {
        /// Passed on to the benchmark.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Kill it under load, many times, and look whether anything was lost; then let orders race, thousands of times.
    #[command(disable_help_flag = true)]
    Crash {
        /// Passed on to the crash test: `--only kills`, `--only races`, `--database sqlite`, `--help`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        // The steps have said why.
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// Whether what was asked for went well. An error is one that nobody has told the person about yet.
fn run(command: Command) -> anyhow::Result<bool> {
    match command {
        Command::Test { list: true, .. } => steps::list(),
        Command::Test { keep_going, only, .. } => {
            install::for_checks()?;
            return steps::run(&only, keep_going);
        }
        Command::Check => return steps::run(&["format".into(), "tidy".into(), "clippy".into()], true),
        Command::Tidy { bless, unfreeze } => {
            let frozen = if unfreeze { Frozen::No } else { Frozen::Yes };
            tidy_up(bless.then_some(frozen))?;
        }
        Command::Mutate { list: true, only } => mutate::list(&root(), &only)?,
        Command::Mutate { only, .. } => return mutate::run(&root(), &target(), &only),
        Command::Openapi => steps::write_openapi()?,
        Command::Console => console::build()?,
        Command::Demo { arguments } => running::demo(arguments)?,
        Command::Bench { arguments } => bench("table", arguments)?,
        Command::Crash { arguments } => bench("crash", arguments)?,
    }
    Ok(true)
}

fn tidy_up(bless: Option<Frozen>) -> anyhow::Result<()> {
    if let Some(frozen) = bless {
        for added in tidy::bless(&root(), frozen)? {
            say(&format!("frozen: {added}"));
        }
    }
    let complaints = tidy::complaints(&root())?;
    for complaint in &complaints {
        say(complaint);
    }
    if !complaints.is_empty() {
        bail!("{} complaints", complaints.len());
    }
    say(&format!("tidy: {} checks", tidy::count()));
    Ok(())
}

fn bench(what: &str, arguments: Vec<String>) -> anyhow::Result<()> {
    if what == "table" {
        install::for_bench(&arguments)?;
    }
    let run = Run::cargo(&["run", "--release", "--quiet", "-p", "onhand-bench", "--", what]);
    run.with(arguments).go()
}
