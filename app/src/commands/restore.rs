//! `onhand restore`: a backup becomes a database again.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use serde_json::json;

use super::verify;
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal;
use crate::wiring::{self, Place};

/// Put a backup into the empty directory --data DIR and verify it; exits 2 when an invariant is violated
#[derive(Debug, clap::Args)]
pub(crate) struct Restore {
    /// The backup
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Restore, effective: &Effective) -> anyhow::Result<ExitCode> {
    let Place::Sqlite(dir) = wiring::place(effective)? else {
        bail!("backups of PostgreSQL are restored by `pg_restore`");
    };
    wiring::restore(&arguments.file, &dir).await?;
    let target = Target::open_database(effective, 1).await?;
    let report = verify::ask(&target.client).await;
    target.close().await?;
    let report = report?;
    if arguments.json {
        terminal::say_json(&json!({"directory": dir, "verify": report}))?;
    } else {
        terminal::say(&format!("restored into {}", dir.display()));
        terminal::say(&format!("verify: {}", verify::in_words(&report)));
    }
    Ok(verify::exit_code(&report))
}
