//! `onhand backup`: a consistent copy of a database in use.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use serde_json::json;

use crate::settings::Effective;
use crate::terminal;
use crate::wiring;

/// Copy the database to a file, also while servers use it; of PostgreSQL by its own `pg_dump`
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// The file to write; it must not exist
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Backup, effective: &Effective) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    wiring::backup(wiring::place(effective)?, &arguments.file).await?;
    let bytes = std::fs::metadata(&arguments.file)?.len();
    let seconds = begun.elapsed().as_secs_f64();
    if arguments.json {
        terminal::say_json(&json!({"file": arguments.file, "bytes": bytes, "seconds": seconds}))?;
    } else {
        terminal::say(&format!(
            "{} holds everything that was acknowledged before it began ({} bytes, {seconds:.2} s)",
            arguments.file.display(),
            terminal::grouped(bytes)
        ));
    }
    Ok(ExitCode::SUCCESS)
}
