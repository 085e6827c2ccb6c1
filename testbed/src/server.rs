//! One server process: its directory, its start, its end and the watchdog that outlives us.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::binaries::Binaries;
use crate::port::free_port;
use crate::postgres::Durability;

/// Somebody else may take a free port before the server does.
const START_ATTEMPTS: u32 = 5;

/// Waits until its input ends, which it does when our process ends in whatever way, then cleans up. The pipe is
/// better than watching a process id: ids are used again, and an unreaped process seems alive.
const WATCHDOG: &str = r#"
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    n=0
    while [ -e "$1/data/postmaster.pid" ] && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
    [ -e "$1/data/postmaster.pid" ] && kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
"#;

/// A server in a directory of its own.
#[derive(Debug)]
pub(crate) struct Server {
    binaries: Binaries,
    durability: Durability,
    dir: PathBuf,
    port: u16,
    watchdog: Option<Child>,
}

impl Server {
    pub(crate) fn start(durability: Durability) -> anyhow::Result<Self> {
        let binaries = Binaries::find()?;
        let dir = tempfile::Builder::new().prefix("onhand-pg-").tempdir()?.keep();
        // The watchdog comes before anything that can fail, so that it also clears away a failed start.
        let watchdog = Some(start_watchdog(&dir)?);
        let mut server = Self { binaries, durability, dir, port: 0, watchdog };
        server.binaries.give(&server.dir)?;
        server.init()?;
        let mut attempt = 1;
        loop {
            server.port = free_port()?;
            match server.launch() {
                Ok(()) => return Ok(server),
                Err(error) if attempt == START_ATTEMPTS => return Err(error),
                Err(_) => attempt += 1,
            }
        }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn init(&self) -> anyhow::Result<()> {
        let mut command = self.binaries.server_command("initdb", &self.dir);
        command.arg("-D").arg(self.data());
        command.args(["-U", "onhand", "--auth=trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        let output = command.output().context("cannot run initdb")?;
        if !output.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        // No Unix socket: its lock file would name a killed server, and its path may be too long for an address.
        let mut settings = String::from(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nmax_connections = 300\n",
        );
        if self.durability == Durability::Fast {
            settings.push_str("fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n");
        }
        let file = self.data().join("postgresql.auto.conf");
        fs::write(&file, settings)?;
        self.binaries.give(&file)
    }

    /// Starts the server on its port and waits until it answers.
    pub(crate) fn launch(&self) -> anyhow::Result<()> {
        let log = self.dir.join("log");
        let mut command = self.binaries.server_command("pg_ctl", &self.dir);
        command.arg("-D").arg(self.data()).arg("-l").arg(&log);
        command.args(["-w", "-t", "60", "-o", &format!("-p {}", self.port), "start"]);
        // Not captured: the server inherits the pipe, and reading it to its end would wait for the server's end.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().context("cannot run pg_ctl")?;
        if !status.success() {
            let log = fs::read_to_string(&log).unwrap_or_default();
            bail!("PostgreSQL did not start on port {}:\n{}", self.port, last_lines(&log, 15));
        }
        Ok(())
    }

    /// Stops it without a word to its clients. Whatever was committed survives; so it does for `kill9`, and that is
    /// the difference that matters to tests.
    pub(crate) fn stop(&self) -> anyhow::Result<()> {
        if self.postmaster().is_none() {
            return Ok(());
        }
        let mut command = self.binaries.server_command("pg_ctl", &self.dir);
        command.arg("-D").arg(self.data()).args(["-m", "immediate", "-w", "stop"]);
        let output = command.stdin(Stdio::null()).output().context("cannot run pg_ctl")?;
        if !output.status.success() && self.postmaster().is_some_and(alive) {
            bail!("pg_ctl stop failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// SIGKILL to the postmaster and then to its children, as a power cut would.
    pub(crate) fn kill9(&self) -> anyhow::Result<()> {
        let Some(postmaster) = self.postmaster() else { bail!("the server is not running") };
        // The postmaster goes first: otherwise it would take a dead child for a crash and begin to recover.
        let mut victims = vec![postmaster];
        victims.extend(children_of(postmaster));
        for pid in &victims {
            // A child that ended by itself in the meantime is no failure.
            Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status()?;
        }
        let deadline = Instant::now() + Duration::from_secs(10);
        while victims.iter().any(|pid| alive(*pid)) {
            if Instant::now() > deadline {
                bail!("PostgreSQL survived SIGKILL");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // PostgreSQL would take an unreaped process, or one that got the same id, for a running server.
        fs::remove_file(self.data().join("postmaster.pid")).context("no lock file to remove")
    }

    fn postmaster(&self) -> Option<u32> {
        fs::read_to_string(self.data().join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the watchdog tries again with more force.
        drop(self.stop());
        if let Some(mut watchdog) = self.watchdog.take() {
            // Its input ends, it removes the directory, and we wait for that: the caller may look.
            drop(watchdog.stdin.take());
            drop(watchdog.wait());
        }
    }
}

fn start_watchdog(dir: &Path) -> anyhow::Result<Child> {
    use std::os::unix::process::CommandExt as _;
    Command::new("sh")
        .args(["-c", WATCHDOG, "onhand-testbed-watchdog"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Its own group: Ctrl-C in a terminal must end the test and not the watchdog.
        .process_group(0)
        .spawn()
        .context("cannot start the watchdog")
}

/// From `/proc`, where there is one. Elsewhere the children notice by themselves that their postmaster is gone.
fn children_of(parent: u32) -> Vec<u32> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if state_and_parent(pid).is_some_and(|(_, its_parent)| its_parent == parent) {
            children.push(pid);
        }
    }
    children
}

/// Whether the process runs. One that nobody has reaped yet does not.
fn alive(pid: u32) -> bool {
    if Path::new("/proc/self/stat").exists() {
        return state_and_parent(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X');
    }
    let status = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn state_and_parent(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets and may itself hold spaces and brackets.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
