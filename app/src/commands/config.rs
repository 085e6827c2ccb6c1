//! `onhand config`: what is in effect, and why.

use std::process::ExitCode;

use crate::settings::{Effective, Origin};
use crate::terminal;

/// Print every setting in effect and where its value came from
#[derive(Debug, clap::Args)]
pub(crate) struct Config {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: Config, effective: &Effective) -> anyhow::Result<ExitCode> {
    if arguments.json {
        terminal::say_json(&serde_json::json!({ "settings": effective.shown }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for shown in &effective.shown {
        let origin = match shown.origin {
            Origin::Default => "default".to_owned(),
            Origin::File => "file".to_owned(),
            Origin::Environment => format!("environment, {}", shown.environment),
            Origin::Flag => format!("flag --{}", shown.name.replace('_', "-")),
        };
        let value = if shown.value.is_empty() { "(not set)" } else { &shown.value };
        terminal::say(&format!("{:<20} {value:<24} {origin}", shown.name));
    }
    Ok(ExitCode::SUCCESS)
}
