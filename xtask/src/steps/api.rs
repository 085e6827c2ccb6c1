//! The API as a stranger meets it: its description is fresh, and bad input never breaks it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};

use crate::running::{App, PrivatePostgres, app};
use crate::shell::{Run, root, say, target};

const SCHEMATHESIS: &str = "4.32.5";

/// Enough to reach every kind of malformed value for every operation; `--max-examples` of the tool by hand finds rarer
/// ones.
const EXAMPLES: &str = "25";

/// The same inputs on every run: a check that fails once in a while teaches people to run it again.
const SEED: &str = "20261121";

fn document() -> PathBuf {
    root().join("docs/openapi.json")
}

fn generated() -> anyhow::Result<String> {
    Run::new(app()?).with(["openapi"]).text()
}

/// Writes the document that the code describes.
pub(crate) fn write_openapi() -> anyhow::Result<()> {
    fs::write(document(), generated()?)?;
    say("wrote docs/openapi.json");
    Ok(())
}

pub(super) fn openapi() -> anyhow::Result<String> {
    let generated = generated()?;
    let committed =
        fs::read_to_string(document()).context("no docs/openapi.json: run `cargo xtask openapi`")?;
    if committed != generated {
        bail!("docs/openapi.json is not what the code says: run `cargo xtask openapi`");
    }
    Ok("docs/openapi.json is fresh".to_owned())
}

pub(super) fn bad_input_sqlite() -> anyhow::Result<String> {
    let scratch = tempfile::tempdir()?;
    let data = scratch.path().join("data").display().to_string();
    bad_input(App::serve(scratch.path(), &["--data", &data])?)
}

pub(super) fn bad_input_postgres() -> anyhow::Result<String> {
    let scratch = tempfile::tempdir()?;
    let server = PrivatePostgres::start(&["onhand"], true)?;
    bad_input(App::serve(scratch.path(), &["--database", &server.url("onhand")?])?)
}

fn bad_input(mut app: App) -> anyhow::Result<String> {
    let program = schemathesis()?;
    let key = format!("Authorization: Bearer {}", app.api_key);
    Run::new(program)
        .with(["run", "--url", &app.url, "--header", &key, "--checks", "not_a_server_error"])
        .with(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED])
        .with([
            "--generation-database",
            "none",
            "--request-timeout",
            "30",
            "--continue-on-failure",
            // A stream that never ends looks like an answer that never comes; the API's own tests read it.
            "--exclude-path",
            "/v1/events/stream",
            "--no-color",
        ])
        // It is the answers that are judged here, not how fast the data come about on a busy machine.
        .with(["--suppress-health-check", "all", "--warnings", "off"])
        .with([document()])
        .go()?;
    app.assert_alive()?;
    Ok(format!("schemathesis {SCHEMATHESIS}: no 5xx, {EXAMPLES} examples per operation"))
}

/// Installs it into a Python environment of our own, once.
fn schemathesis() -> anyhow::Result<PathBuf> {
    let environment = target().join("venv");
    let program = environment.join("bin/schemathesis");
    let installed =
        || Run::new(&program).with(["--version"]).text().is_ok_and(|text| text.contains(SCHEMATHESIS));
    if program.exists() && installed() {
        return Ok(program);
    }
    Run::new("python3").with(["-m", "venv", "--clear"]).with([&environment]).go()?;
    let wanted = format!("schemathesis=={SCHEMATHESIS}");
    Run::new(environment.join("bin/pip")).with(["install", "--quiet", &wanted]).go()?;
    Ok(program)
}
