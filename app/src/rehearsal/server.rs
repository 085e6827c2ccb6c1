//! The server of a rehearsal: our own program as a process of its own, on a database that is thrown away.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::scratch::Scratch;
use crate::watchdog::Watchdog;

/// How long it may take until it is ready.
const READY: Duration = Duration::from_secs(60);
/// How often is looked whether it is. The time until then is a figure of the report.
const LOOK: Duration = Duration::from_millis(2);

/// Killed when it is dropped, and its data removed: also when our own process is killed.
pub(super) struct Server {
    process: Option<Child>,
    /// After the process, which it would kill; before the directory, which it removes too.
    watchdog: Watchdog,
    /// Where it listens; a free port at first, the same one ever after.
    listen: String,
    api_key: String,
    scratch: Scratch,
}

impl Server {
    /// Starts it on an empty database.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let scratch = Scratch::new("rehearsal")?;
        let watchdog = Watchdog::start(Some(scratch.path()))?;
        let listen = "127.0.0.1:0".to_owned();
        let mut server = Self { process: None, watchdog, listen, api_key: String::new(), scratch };
        let (ready, _) = server.spawn().await?;
        let url = ready["url"].as_str().context("the ready file names no url")?;
        server.listen = url.trim_start_matches("http://").to_owned();
        server.api_key = ready["api_key"].as_str().context("there was no first key")?.to_owned();
        Ok(server)
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.listen)
    }

    pub(super) fn api_key(&self) -> &str {
        &self.api_key
    }

    /// Starts it again on the same data, and tells how long that took.
    pub(super) async fn restart(&mut self) -> anyhow::Result<Duration> {
        Ok(self.spawn().await?.1)
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.process.take() {
            child.kill().context("cannot kill the rehearsal's server")?;
            self.watchdog.forget()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Fails when it has ended by itself.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        match self.process.as_mut().map(Child::try_wait).transpose()?.flatten() {
            None => Ok(()),
            Some(status) => bail!("the rehearsal's server ended by itself ({status}):\n{}", self.log()),
        }
    }

    async fn spawn(&mut self) -> anyhow::Result<(Value, Duration)> {
        let ready = self.file("ready.json");
        // Of an earlier life; at the first start there is none.
        drop(std::fs::remove_file(&ready));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.file("server.log"))?;
        let program = std::env::current_exe().context("cannot find our own program")?;
        let mut command = Command::new(program);
        // What is set for us is not meant for it: least of all our database.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ONHAND_"))
        {
            command.env_remove(name);
        }
        command.args(["serve", "--listen", &self.listen, "--workers", "false"]);
        command.args(["--log", "warn", "--log-format", "text"]);
        command.arg("--data").arg(self.file("data")).arg("--ready-file").arg(&ready);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // A group of its own: Ctrl-C is for us.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let begun = Instant::now();
        let child = command.spawn().context("cannot start the rehearsal's server")?;
        self.watchdog.watch(child.id())?;
        self.process = Some(child);
        loop {
            // It is renamed into its place, so it is whole when it is there.
            if let Ok(bytes) = std::fs::read(&ready) {
                return Ok((serde_json::from_slice(&bytes)?, begun.elapsed()));
            }
            self.check()?;
            if begun.elapsed() > READY {
                bail!("the rehearsal's server was not ready after {READY:.0?}:\n{}", self.log());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        Path::join(self.scratch.path(), name)
    }

    /// The end of what it wrote.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.file("server.log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::warn!(%error, "the rehearsal's server could not be ended");
        }
    }
}
