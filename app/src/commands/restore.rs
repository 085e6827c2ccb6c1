//! `onhand restore`: a backup becomes a database again.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::verify;
use crate::settings::{Effective, without_password};
use crate::target::Target;
use crate::terminal;
use crate::wiring::{self, Place};

/// Put a backup into an empty directory (--data) or an empty database (--database) and verify it; exits 2 when an invariant is violated
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Restore, effective: &Effective) -> anyhow::Result<ExitCode> {
    let place = wiring::place(effective)?;
    let into = match &place {
        Place::Sqlite(dir) => dir.display().to_string(),
        Place::Postgres(url) => without_password(url),
    };
    wiring::restore(&arguments.file, place).await?;
    let target = Target::open_database(effective, 1).await?;
    let report = verify::ask(&target.client).await;
    target.close().await?;
    let report = report?;
    if arguments.json {
        terminal::say_json(&json!({"into": into, "verify": report}))?;
    } else {
        terminal::say(&format!("restored into {into}"));
        terminal::say(&format!("verify: {}", verify::in_words(&report)));
    }
    Ok(verify::exit_code(&report))
}
