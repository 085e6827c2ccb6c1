//! A few rounds of what `cargo xtask crash` does a hundred times. Its races have their short form among the tests.

use crate::running::programs;
use crate::shell::{Run, target};

const ROUNDS: &str = "3";

pub(super) fn crash() -> anyhow::Result<String> {
    // The debug build: it is there already, and it is no slower to kill.
    programs()?;
    let built = target().join("debug");
    let run = Run::new(built.join("onhand-bench"))
        .with(["crash", "--only", "kills", "--rounds", ROUNDS, "--binary"]);
    run.with([built.join("onhand")]).go()?;
    Ok(format!("{ROUNDS} kills on each database"))
}
