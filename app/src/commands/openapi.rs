//! `onhand openapi`: the description of the API.

use std::process::ExitCode;

use crate::terminal;

/// Print the OpenAPI description of the HTTP API
#[derive(Debug, clap::Args)]
pub(crate) struct Openapi {}

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    terminal::say(onhand_api::openapi().trim_end());
    Ok(ExitCode::SUCCESS)
}
