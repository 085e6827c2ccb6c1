//! The built program and private servers, as processes that end with us.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::shell::{Run, say, target};

/// Generous, because a build server may be busy. Being ready usually takes a fraction of a second.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// A private PostgreSQL server, started through the testbed's program because xtask depends on none of our crates.
pub(crate) struct PrivatePostgres {
    process: Child,
    /// The server lives while this is open, so it also ends when we are killed.
    input: Option<ChildStdin>,
    ready: Value,
}

impl PrivatePostgres {
    /// With an empty database of each of these names. Figures that depend on durability need `full`.
    pub(crate) fn start(databases: &[&str], full: bool) -> anyhow::Result<Self> {
        programs()?;
        let mut run = Run::new(target().join("debug/private-postgres"));
        if full {
            run = run.with(["--full"]);
        }
        let mut command = run.with(databases).into_command();
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = process.stdin.take();
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let ready = serde_json::from_str(&line).context("the private PostgreSQL server did not start")?;
        Ok(Self { process, input, ready })
    }

    pub(crate) fn port(&self) -> String {
        self.ready["port"].to_string()
    }

    pub(crate) fn url(&self, database: &str) -> anyhow::Result<String> {
        let url = self.ready["databases"][database].as_str();
        Ok(url.with_context(|| format!("no database {database}"))?.to_owned())
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.process.wait());
    }
}

/// A running `onhand serve`.
pub(crate) struct App {
    process: Child,
    pub(crate) url: String,
    pub(crate) api_key: String,
}

impl App {
    /// Starts the debug build on a free port; `place` says where the data are. Returns when it is ready.
    pub(crate) fn serve(scratch: &Path, place: &[&str]) -> anyhow::Result<Self> {
        let ready = scratch.join("ready.json");
        let run = Run::new(app()?).with(["serve", "--listen", "127.0.0.1:0", "--ready-file"]).with([&ready]);
        let mut process = run.with(place).into_command().stdin(Stdio::null()).spawn()?;
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            // The file may be there and not yet whole.
            let read =
                std::fs::read(&ready).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            if let Some(answer) = read {
                let text = |name: &str| answer[name].as_str().map(str::to_owned);
                let url = text("url").context("the ready file names no url")?;
                let api_key = text("api_key").context("the ready file of a first start holds no api_key")?;
                return Ok(Self { process, url, api_key });
            }
            if let Some(status) = process.try_wait()? {
                bail!("`onhand serve` ended before it was ready: {status}");
            }
            if Instant::now() > deadline {
                process.kill()?;
                process.wait()?;
                bail!("`onhand serve` was not ready within {} s", READY_TIMEOUT.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether it is still running: a check that killed the server must not pass.
    pub(crate) fn assert_alive(&mut self) -> anyhow::Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("`onhand serve` ended: {status}"),
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Builds every program of the workspace without optimisation, into `target/debug`.
///
/// With the whole workspace and with examples, because cargo then chooses the same features of every dependency as it
/// does for the tests: asking for one package chooses fewer, and builds nearly everything a second time.
pub(crate) fn programs() -> anyhow::Result<()> {
    Run::cargo(&["build", "--quiet", "--locked", "--workspace", "--bins", "--examples"]).go()
}

/// Builds the program without optimisation and says where it is.
pub(crate) fn app() -> anyhow::Result<PathBuf> {
    programs()?;
    Ok(target().join("debug/onhand"))
}

/// `cargo xtask demo`: the release build over a fresh directory, unless the arguments say otherwise.
pub(crate) fn demo(mut arguments: Vec<String>) -> anyhow::Result<()> {
    say(
        "Building the release; the first time takes some minutes. Then three shops sell, and the terminal shows it.",
    );
    crate::console::build()?;
    Run::cargo(&["build", "--release", "-p", "onhand-app"]).go()?;
    let run = Run::new(target().join("release/onhand")).with(["demo"]);
    if !is_placed(&arguments) {
        // Kept after the end, to look at; every demo starts afresh.
        let data = target().join("demo");
        if data.exists() {
            std::fs::remove_dir_all(&data).with_context(|| format!("cannot clear {}", data.display()))?;
        }
        say(&format!("The data are kept in {} until the next demo.", data.display()));
        arguments.extend(["--data".to_owned(), data.display().to_string()]);
    }
    run.with(arguments).become_it()
}

/// Whether the arguments say where the data are to be, or want no demo at all.
fn is_placed(arguments: &[String]) -> bool {
    let placing = ["--data", "--database", "--help", "-h"];
    arguments.iter().any(|argument| placing.iter().any(|option| argument.split('=').next() == Some(option)))
}

#[cfg(test)]
mod tests {
    use super::is_placed;

    #[test]
    fn a_place_is_found_however_it_is_written() {
        let placed = |arguments: &[&str]| {
            is_placed(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
        };
        assert!(placed(&["--chaos", "--database", "postgres"]) && placed(&["--database=postgres"]));
        assert!(placed(&["--data", "here"]) && placed(&["-h"]));
        assert!(!placed(&["--chaos", "--orders", "2"]));
    }
}
