//! The tests of the workspace.

use anyhow::{Context as _, bail};

use crate::counts::{Counter, Ran};
use crate::running::PrivatePostgres;
use crate::shell::{Run, on_path, target};

/// Without a database and in seconds, so that a broken rule is known at once.
pub(super) fn rules() -> anyhow::Result<String> {
    let all = run(&["-p", "onhand-rules"], None, None)?.counts.all;
    if all == 0 {
        bail!("no test ran");
    }
    Ok(format!("{all} tests"))
}

/// Everything else, each suite on both databases.
pub(super) fn workspace() -> anyhow::Result<String> {
    // The runner gives every test a process of its own. They share this one server, which is ours and private;
    // those that kill their server start another.
    let server = PrivatePostgres::start(&[], false)?;
    // The rules have had their step; leaving the package out would choose other features and build it all again.
    let ran = run(&["--workspace"], Some("onhand-rules"), Some(&server))?;
    if ran.counts.sqlite == 0 || ran.counts.postgres == 0 {
        bail!("{ran}: a database was left out");
    }
    Ok(ran.to_string())
}

pub(super) fn docs() -> anyhow::Result<String> {
    Run::cargo(&["test", "--quiet", "--workspace", "--doc", "--locked"]).go()?;
    Ok(String::new())
}

/// Runs the tests of `packages`, without those of `done`.
fn run(packages: &[&str], done: Option<&str>, server: Option<&PrivatePostgres>) -> anyhow::Result<Ran> {
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
    let not_tried = target().join("not-tried");
    std::fs::write(&not_tried, "").with_context(|| format!("cannot write {}", not_tried.display()))?;
    run = run.set("ONHAND_NOT_TRIED", &not_tried);
    let mut counter = Counter::default();
    run.watch(|line| counter.read(line))?;
    Ok(Ran::new(counter.finish(), &std::fs::read_to_string(&not_tried)?))
}
