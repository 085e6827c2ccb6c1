//! `onhand verify`: every invariant, on a live database.

use std::process::ExitCode;

use serde_json::{Value, json};

use crate::client::Client;
use crate::settings::Effective;
use crate::target::Target;
use crate::terminal;

/// The exit code when something is wrong with the data, as opposed to with the command.
const VIOLATED: u8 = 2;

/// Check every invariant of the ledger on a live database; exits 2 when one is violated
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: Verify, effective: &Effective) -> anyhow::Result<ExitCode> {
    let target = Target::open(effective, 1).await?;
    let result = ask(&target.client).await;
    target.close().await?;
    let report = result?;
    if arguments.json {
        terminal::say_json(&report)?;
    } else {
        terminal::say(&in_words(&report));
        for violation in report["violations"].as_array().into_iter().flatten() {
            terminal::say(&format!("  {}", violation_in_words(violation)));
        }
        if let Some(checked) = report["checked"].as_object() {
            let counts: Vec<String> = checked.iter().map(|(what, count)| format!("{what} {count}")).collect();
            terminal::say(&format!("checked: {}", counts.join(", ")));
        }
    }
    Ok(exit_code(&report))
}

/// What a script learns.
pub(crate) fn exit_code(report: &Value) -> ExitCode {
    if is_clean(report) { ExitCode::SUCCESS } else { ExitCode::from(VIOLATED) }
}

/// Has the server verify its database.
pub(crate) async fn ask(client: &Client) -> anyhow::Result<Value> {
    client.post("/v1/verify", &json!({}), "verify").await?.into_ok("POST /v1/verify")
}

pub(crate) fn is_clean(report: &Value) -> bool {
    report["clean"] == true
}

/// The report in one line.
pub(crate) fn in_words(report: &Value) -> String {
    let seconds = report["seconds"].as_f64().unwrap_or_default();
    if is_clean(report) {
        return format!("clean ({seconds:.2} s)");
    }
    let count = report["violations"].as_array().map_or(0, Vec::len);
    format!("NOT CLEAN: {count} violations ({seconds:.2} s)")
}

fn violation_in_words(violation: &Value) -> String {
    violation.as_str().map_or_else(|| violation.to_string(), str::to_owned)
}
