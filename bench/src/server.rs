//! The real program as a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::machine;
use crate::report::progress;

/// Generous: opening a database after a crash may have to read a long log on a busy machine.
const READY_TIMEOUT: Duration = Duration::from_secs(120);

/// A running `onhand serve`. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    pub(crate) address: SocketAddr,
    /// Shown only at the first start of a database.
    pub(crate) api_key: Option<String>,
    /// From starting the program to its being ready.
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts it on a free port. `scratch` holds the file in which it says where it is, and its log.
    pub(crate) fn start(binary: &Path, place: &[String], scratch: &Path) -> anyhow::Result<Self> {
        let ready = scratch.join("ready.json");
        if ready.exists() {
            std::fs::remove_file(&ready)?;
        }
        let log = std::fs::File::options().create(true).append(true).open(scratch.join("server.log"))?;
        let mut command = Command::new(binary);
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--ready-file"])
            .arg(&ready)
            .args(place)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let started = Instant::now();
        let process = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        // Held from here on, so that a failure below does not leave the process behind.
        let mut server = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            api_key: None,
            ready_after: Duration::ZERO,
        };
        let answer = server.wait(&ready, scratch)?;
        server.ready_after = started.elapsed();
        let url = answer["url"].as_str().context("the ready file names no url")?;
        let address = url.trim_start_matches("http://").trim_end_matches('/');
        server.address = address.parse().with_context(|| format!("{url} has no address in it"))?;
        server.api_key = answer["api_key"].as_str().map(str::to_owned);
        Ok(server)
    }

    fn wait(&mut self, ready: &Path, scratch: &Path) -> anyhow::Result<Value> {
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            // The file may be there and not yet whole.
            let read = std::fs::read(ready).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if let Some(answer) = read {
                return Ok(answer);
            }
            if let Some(status) = self.process.try_wait()? {
                bail!(
                    "`onhand serve` ended before it was ready ({status}); the end of its log:\n{}",
                    end_of_log(scratch)
                );
            }
            if Instant::now() > deadline {
                bail!("`onhand serve` was not ready within {} s", READY_TIMEOUT.as_secs());
            }
            // Short: the time until it is ready is one of the figures.
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// SIGKILL, and waits for its end.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Whether it has ended by itself.
    pub(crate) fn ended(&mut self) -> anyhow::Result<Option<String>> {
        Ok(self.process.try_wait()?.map(|status| status.to_string()))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Memory in use now, in MB.
    pub(crate) fn resident(&self) -> anyhow::Result<f64> {
        machine::megabytes(self.process.id(), "VmRSS")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The last lines that a server in this directory wrote.
pub(crate) fn end_of_log(scratch: &Path) -> String {
    let log = std::fs::read_to_string(scratch.join("server.log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// The program to start: the one named, or the one beside this program, freshly built when cargo runs us.
pub(crate) fn binary(named: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(path) = named {
        return Ok(path.clone());
    }
    if let Some(cargo) = std::env::var_os("CARGO") {
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "onhand-app"]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        progress("building the server");
        if !build.status()?.success() {
            bail!("the server does not build");
        }
    }
    let beside = std::env::current_exe()?.with_file_name("onhand");
    if !beside.exists() {
        bail!(
            "there is no {}: build it with `cargo build --release -p onhand-app`, or name one with --binary",
            beside.display()
        );
    }
    Ok(beside)
}
