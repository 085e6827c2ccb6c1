//! A few rounds of what `cargo xtask crash` does a hundred times.

use crate::shell::Run;

const ROUNDS: &str = "3";

pub(super) fn crash() -> anyhow::Result<String> {
    // The debug build: it is there already, and it is no slower to kill.
    Run::cargo(&["build", "--quiet", "-p", "onhand-app"]).go()?;
    Run::cargo(&["run", "--quiet", "-p", "onhand-bench", "--", "crash", "--rounds", ROUNDS]).go()?;
    Ok(format!("{ROUNDS} kills on each database"))
}
