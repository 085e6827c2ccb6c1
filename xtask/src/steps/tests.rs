//! The tests of the workspace.

use anyhow::bail;

use crate::counts::{Counter, Counts};
use crate::running::PrivatePostgres;
use crate::shell::{Run, on_path};

/// Without a database and in seconds, so that a broken rule is known at once.
pub(super) fn rules() -> anyhow::Result<String> {
    let counts = run(&["-p", "onhand-rules"], None, None)?;
    if counts.all == 0 {
        bail!("no test ran");
    }
    Ok(format!("{} tests", counts.all))
}

/// Everything else, each suite on both databases.
pub(super) fn workspace() -> anyhow::Result<String> {
    // The runner gives every test a process of its own. They share this one server, which is ours and private;
    // those that kill their server start another.
    let server = PrivatePostgres::start(&[], false)?;
    // The rules have had their step; leaving the package out would choose other features and build it all again.
    let counts = run(&["--workspace"], Some("onhand-rules"), Some(&server))?;
    if counts.sqlite == 0 || counts.postgres == 0 {
        bail!("{counts}: a database was left out");
    }
    Ok(counts.to_string())
}

pub(super) fn docs() -> anyhow::Result<String> {
    Run::cargo(&["test", "--quiet", "--workspace", "--doc", "--locked"]).go()?;
    Ok(String::new())
}

/// Runs the tests of `packages`, without those of `done`.
fn run(packages: &[&str], done: Option<&str>, server: Option<&PrivatePostgres>) -> anyhow::Result<Counts> {
    let mut run = if on_path("cargo-nextest") {
        let run = Run::cargo(&["nextest", "run", "--locked", "--status-level", "pass"]);
        run.with(done.iter().flat_map(|name| ["-E".to_owned(), format!("not package({name})")]))
    } else {
        // Doc tests have a step of their own.
        let run = Run::cargo(&["test", "--locked", "--no-fail-fast", "--tests"]);
        run.with(done.iter().flat_map(|name| ["--exclude", *name]))
    };
    // The counts are read from plain text.
    run = run.with(packages).set("CARGO_TERM_COLOR", "never");
    if let Some(server) = server {
        run = run.set("ONHAND_TESTBED_PG_PORT", server.port());
    }
    let mut counter = Counter::default();
    run.watch(|line| counter.read(line))?;
    Ok(counter.finish())
}
