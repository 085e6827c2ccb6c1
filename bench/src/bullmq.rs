//! BullMQ on a private Redis: what the queue is measured against.

use std::fmt;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::report::progress;

/// Jobs that the worker has in hand at once: of 50, 100, 200, 500 and 1,000 the one with the best figures on two cores.
const CONCURRENCY: usize = 200;
/// How long Redis may take to answer, or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// When Redis puts on the disk what it has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fsync {
    /// Before it answers, as our stores do.
    Always,
    /// Once a second, as most people run it: a second of work is lost when the power goes.
    EverySecond,
}

impl fmt::Display for Fsync {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "appendfsync always",
            Self::EverySecond => "appendfsync everysec",
        })
    }
}

/// How much and how fast is enqueued.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) warm_up: Duration,
    pub(crate) length: Duration,
    /// Jobs of one enqueueing.
    pub(crate) batch: usize,
    /// Jobs that wait at most.
    pub(crate) ahead: u64,
}

/// BullMQ, installed.
#[derive(Debug)]
pub(crate) struct Bullmq {
    dir: PathBuf,
    versions: String,
}

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("../bullmq/package.json")),
    ("package-lock.json", include_str!("../bullmq/package-lock.json")),
    ("bench.mjs", include_str!("../bullmq/bench.mjs")),
];

impl Bullmq {
    /// Installs it below `dir`, exactly as the lock file says.
    pub(crate) fn prepare(dir: &Path) -> anyhow::Result<Self> {
        let redis = Command::new("redis-server").arg("--version").output();
        let redis = redis.context("cannot run redis-server: install it (Debian: redis-server)")?;
        let redis = String::from_utf8_lossy(&redis.stdout).into_owned();
        let version = redis.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("?");
        let dir = dir.join("bullmq");
        std::fs::create_dir_all(&dir)?;
        let lock = std::fs::read_to_string(dir.join("package-lock.json")).unwrap_or_default();
        let fresh = lock == FILES[1].1 && dir.join("node_modules/bullmq").exists();
        for (name, text) in FILES {
            std::fs::write(dir.join(name), text)?;
        }
        if !fresh {
            progress("installing BullMQ");
            let mut install = Command::new("npm");
            install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]);
            let status = install.current_dir(&dir).stdout(Stdio::null()).status();
            if !status.context("cannot run npm: install Node.js 18 or later")?.success() {
                bail!("npm ci failed in {}", dir.display());
            }
        }
        let manifest: Value =
            serde_json::from_str(&std::fs::read_to_string(dir.join("node_modules/bullmq/package.json"))?)?;
        let bullmq = manifest["version"].as_str().unwrap_or("?");
        Ok(Self { dir, versions: format!("BullMQ {bullmq}, Redis {version}") })
    }

    /// What exactly was measured.
    pub(crate) fn versions(&self) -> &str {
        &self.versions
    }

    /// Jobs a second on a fresh Redis.
    pub(crate) fn rate(&self, fsync: Fsync, pace: Pace) -> anyhow::Result<f64> {
        let redis = Redis::start(&self.dir, fsync)?;
        let seconds = |duration: Duration| duration.as_secs_f64().to_string();
        let mut command = Command::new("node");
        command.current_dir(&self.dir).arg("bench.mjs").arg(redis.port.to_string()).args([
            seconds(pace.length),
            seconds(pace.warm_up),
            CONCURRENCY.to_string(),
            pace.batch.to_string(),
            pace.ahead.to_string(),
        ]);
        let output = command.stderr(Stdio::inherit()).output().context("cannot run node")?;
        if !output.status.success() {
            bail!("the benchmark of BullMQ failed: {}", output.status);
        }
        let told: Value = serde_json::from_slice(&output.stdout).context("BullMQ's figure is not JSON")?;
        told["rate"].as_f64().context("BullMQ's figure is not there")
    }
}

/// A Redis of our own, in a directory that goes with it.
struct Redis {
    process: Child,
    port: u16,
    _dir: tempfile::TempDir,
}

impl Redis {
    fn start(below: &Path, fsync: Fsync) -> anyhow::Result<Self> {
        let dir = tempfile::tempdir_in(below)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let fsync = match fsync {
            Fsync::Always => "always",
            Fsync::EverySecond => "everysec",
        };
        let mut command = Command::new("redis-server");
        command
            .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--daemonize", "no"])
            .args(["--appendonly", "yes", "--appendfsync", fsync, "--save", ""])
            .args(["--maxmemory-policy", "noeviction", "--dir"])
            .arg(dir.path().canonicalize()?)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let process = command.spawn().context("cannot start redis-server")?;
        let redis = Self { process, port, _dir: dir };
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                bail!("redis-server does not answer at port {port}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
