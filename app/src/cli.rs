//! What can be typed.

use clap::{Parser, Subcommand};

use crate::commands::{
    backup, config, demo, export, import, jobs, keys, migrate, openapi, rehearse, replay, replay_failed,
    restore, sandbox, serve, users, verify,
};
use crate::settings::Flags;

/// Onhand owns the stock figure: every channel sees it, nobody oversells it.
#[derive(Debug, Parser)]
#[command(name = "onhand", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) settings: Flags,
}

/// One file each in `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Sandbox(sandbox::Sandbox),
    Import(import::Import),
    Export(export::Export),
    Rehearse(rehearse::Rehearse),
    Replay(replay::Replay),
    Jobs(jobs::Jobs),
    ReplayFailed(replay_failed::ReplayFailed),
    Verify(verify::Verify),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Migrate(migrate::Migrate),
    Keys(keys::Keys),
    Users(users::Users),
    Config(config::Config),
    Openapi(openapi::Openapi),
}

impl Command {
    /// Whether it goes on until it is stopped, and so its log is all there is to see of it.
    pub(crate) fn is_server(&self) -> bool {
        match self {
            Self::Serve(_) => true,
            Self::Sandbox(sandbox) => sandbox.is_server(),
            _ => false,
        }
    }
}
