//! `onhand`: the server and everything else a person types.

mod cells;
mod chance;
mod channels;
mod cli;
mod client;
mod commands;
mod embedded;
mod latency;
mod logging;
mod markets;
mod rehearsal;
mod scratch;
mod settings;
mod target;
mod terminal;
mod watchdog;
mod wiring;

use std::process::ExitCode;

use clap::Parser as _;

/// A server allocates from many threads at once, at which the system's allocator is slow and keeps what it got.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The first one installed counts for the process, so nothing may open a connection before this. A failure says that
    // one is installed already, which is as good.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    match run() {
        Ok(code) => code,
        Err(error) => {
            terminal::complain(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let cli = cli::Cli::parse();
    let effective = settings::load(&cli.settings)?;
    logging::start(&effective.settings, cli.command.is_server())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(cli.command, effective))
}
