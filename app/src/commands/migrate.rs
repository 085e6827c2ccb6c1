//! `onhand migrate`: the schema is brought up to date without serving.

use std::process::ExitCode;

use serde_json::json;

use crate::settings::Effective;
use crate::{terminal, wiring};

/// Bring the schema of a database up to date; every other command does so too when it opens one
#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Migrate, effective: &Effective) -> anyhow::Result<ExitCode> {
    let store = wiring::open(effective).await?;
    let version = env!("CARGO_PKG_VERSION");
    let durability = store.durability();
    if arguments.json {
        terminal::say_json(&json!({"schema_of": version, "durability": durability}))?;
    } else {
        terminal::say(&format!(
            "the schema is that of onhand {version} ({} {})",
            durability.database, durability.version
        ));
    }
    Ok(ExitCode::SUCCESS)
}
