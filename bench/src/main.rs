//! Measures Onhand (`table`) and kills it under load (`crash`).
//!
//! Nothing depends on this crate. `cargo xtask bench` and `cargo xtask crash` run it.

mod bullmq;
mod chance;
mod crash;
mod figures;
mod kept;
mod load;
mod machine;
mod market;
mod paced;
mod place;
mod report;
mod server;
mod shop;
mod shown;
mod table;
mod wire;

use std::process::ExitCode;

use clap::Parser;

/// The product's own, because the ledger is measured inside this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Debug, Parser)]
#[command(name = "onhand-bench", about = "Measures Onhand, and kills it under load.")]
enum Command {
    /// Measure, and print one table in which every figure has its baseline beside it.
    Table(table::Arguments),
    /// Kill the server, or its database, under load many times; look each time whether anything was lost. Then let
    /// confirming race against expiring and cancelling against shipping, thousands of times.
    Crash(crash::Arguments),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Table(arguments) => table::run(&arguments),
        Command::Crash(arguments) => crash::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::progress(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
