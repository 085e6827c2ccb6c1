//! One file or folder for each command. A command reads its arguments, talks HTTP and prints; no rule about stock is
//! decided here.

pub(crate) mod backup;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod rehearse;
pub(crate) mod replay;
pub(crate) mod replay_failed;
pub(crate) mod restore;
pub(crate) mod sandbox;
pub(crate) mod serve;
pub(crate) mod users;
pub(crate) mod verify;

use std::process::ExitCode;

use crate::cli::Command;
use crate::settings::Effective;

/// Runs a command to its end.
pub(crate) async fn run(command: Command, effective: Effective) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(arguments) => serve::run(&arguments, &effective).await,
        Command::Demo(arguments) => demo::run(arguments, &effective).await,
        Command::Sandbox(arguments) => sandbox::run(arguments).await,
        Command::Import(arguments) => import::run(arguments, &effective).await,
        Command::Export(arguments) => export::run(arguments, &effective).await,
        Command::Rehearse(arguments) => rehearse::run(arguments).await,
        Command::Replay(arguments) => replay::run(arguments, &effective).await,
        Command::Verify(arguments) => verify::run(arguments, &effective).await,
        Command::Backup(arguments) => backup::run(arguments, &effective).await,
        Command::Restore(arguments) => restore::run(arguments, &effective).await,
        Command::Migrate(arguments) => migrate::run(arguments, &effective).await,
        Command::Jobs(arguments) => jobs::run(arguments, &effective).await,
        Command::ReplayFailed(arguments) => replay_failed::run(arguments, &effective).await,
        Command::Keys(arguments) => keys::run(arguments, &effective).await,
        Command::Users(arguments) => users::run(arguments, &effective).await,
        Command::Config(arguments) => config::run(arguments, &effective),
        Command::Openapi(_) => openapi::run(),
    }
}
