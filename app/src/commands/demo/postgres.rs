//! A PostgreSQL server of the demo's own, from whatever PostgreSQL is installed: on a free port, in a directory that is
//! removed at the end, with the durability that PostgreSQL has by itself.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, bail};
use onhand_engine::ids;

/// The oldest PostgreSQL that Onhand supports.
const MAJOR_MIN: u32 = 15;
/// Says where the programs are, for whoever keeps them in an unusual place.
const BIN_VARIABLE: &str = "ONHAND_DEMO_PG_BIN";
/// Somebody else may take a free port before the server does.
const ATTEMPTS: u32 = 5;
const DATABASE: &str = "onhand";

const ADVICE: &str = "install it (`apt-get install postgresql` on Debian and Ubuntu, `brew install postgresql@17` on macOS), \
    or set ONHAND_DEMO_PG_BIN to the directory that holds its programs `initdb` and `postgres`, \
    or give the URL of an empty database of your own: --database postgres://user:password@host/name";

/// Waits until its input ends, which it does when our process ends in whatever way, then stops the server and removes
/// the directory.
const WATCHDOG: &str = r#"
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
[ -n "$pid" ] && kill -INT "$pid" 2>/dev/null
n=0
while [ -e "$1/data/postmaster.pid" ] && [ $n -lt 100 ]; do sleep 0.1; n=$((n + 1)); done
[ -e "$1/data/postmaster.pid" ] && kill -KILL "$pid" 2>/dev/null
rm -rf "$1"
"#;

/// A running server. It ends when this is dropped, or when the process ends.
pub(super) struct Private {
    pub(super) url: String,
    watchdog: Child,
}

impl Private {
    /// Starts one with an empty database.
    pub(super) fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let user = server_user()?;
        let dir = std::env::temp_dir().join(format!("onhand-demo-pg-{}", ids::op()));
        std::fs::create_dir(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
        // Before anything that can fail, so that it also clears away a failed start.
        let mut private = Self { url: String::new(), watchdog: watchdog(&dir)? };
        if user.is_some() {
            let owned = Command::new("chown").arg(SERVER_USER).arg(&dir).status();
            if !owned.context("cannot run chown")?.success() {
                bail!("cannot give {} to the user {SERVER_USER}", dir.display());
            }
        }
        let server = Server { programs, dir, user };
        server.init()?;
        for attempt in 1.. {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            match server.launch(port) {
                Ok(()) => {
                    server.create_database(port)?;
                    private.url = format!("postgres://{DATABASE}@127.0.0.1:{port}/{DATABASE}");
                    break;
                }
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Err(_) => {}
            }
        }
        Ok(private)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // Its input ends; we wait so that nothing is left when the demo has ended.
        drop(self.watchdog.stdin.take());
        drop(self.watchdog.wait());
    }
}

struct Server {
    programs: PathBuf,
    dir: PathBuf,
    /// As whom it runs, when we are root: PostgreSQL refuses to run as root.
    user: Option<&'static str>,
}

impl Server {
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = match self.user {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={user}")).arg(format!("--regid={user}"));
                command.arg("--clear-groups").arg(program);
                command
            }
        };
        command.env_clear().env("HOME", &self.dir).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command.current_dir(&self.dir).stdin(Stdio::null());
        command
    }

    fn init(&self) -> anyhow::Result<()> {
        let mut command = self.command("initdb");
        command.arg("-D").arg(self.dir.join("data"));
        command.args(["-U", DATABASE, "--auth=trust", "-E", "UTF8", "--locale=C"]);
        let output = command.output().context("cannot run initdb")?;
        if !output.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn launch(&self, port: u16) -> anyhow::Result<()> {
        let log = self.dir.join("log");
        // No socket file: its path may be too long for an address.
        let options = format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''");
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(self.dir.join("data")).arg("-l").arg(&log);
        command.args(["-w", "-t", "60", "-o", &options, "start"]);
        // Not captured: the server inherits the pipe, and reading it to its end would wait for the server's end.
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if !status.success() {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            bail!("PostgreSQL did not start on port {port}:\n{log}");
        }
        Ok(())
    }

    fn create_database(&self, port: u16) -> anyhow::Result<()> {
        let mut command = self.command("createdb");
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-U",
            DATABASE,
            "-T",
            "template0",
            DATABASE,
        ]);
        let output = command.output().with_context(|| format!("cannot run createdb: {ADVICE}"))?;
        if !output.status.success() {
            bail!("createdb failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }
}

const SERVER_USER: &str = "postgres";

fn server_user() -> anyhow::Result<Option<&'static str>> {
    let output = Command::new("id").arg("-u").output().context("cannot run `id`")?;
    if String::from_utf8_lossy(&output.stdout).trim() != "0" {
        return Ok(None);
    }
    let known = Command::new("id").arg(SERVER_USER).output().is_ok_and(|output| output.status.success());
    if !known {
        bail!("PostgreSQL does not run as root, and there is no user `{SERVER_USER}` to run it as: {ADVICE}");
    }
    Ok(Some(SERVER_USER))
}

fn watchdog(dir: &Path) -> anyhow::Result<Child> {
    let mut command = Command::new("sh");
    command.args(["-c", WATCHDOG, "onhand-demo-watchdog"]).arg(dir);
    // A group of its own: Ctrl-C is for the demo, which ends it then.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("cannot run sh")
}

/// The directory of the newest PostgreSQL that is installed.
fn programs() -> anyhow::Result<PathBuf> {
    let mut tried = Vec::new();
    for dir in candidates() {
        match major_of(&dir) {
            Some(major) if major >= MAJOR_MIN => return Ok(dir),
            Some(major) => tried.push(format!("{} holds version {major}", dir.display())),
            None => tried.push(format!("{} holds none", dir.display())),
        }
    }
    let tried = if tried.is_empty() { String::new() } else { format!(" ({})", tried.join(", ")) };
    bail!(
        "`--database postgres` needs PostgreSQL {MAJOR_MIN} or later on this machine, and there is none{tried}: {ADVICE}"
    );
}

fn candidates() -> Vec<PathBuf> {
    if let Some(dir) = std::env::var_os(BIN_VARIABLE) {
        return vec![PathBuf::from(dir)];
    }
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (parent, prefix) in
        [("/usr/lib/postgresql", ""), ("/usr", "pgsql-"), ("/opt/homebrew/opt", "postgresql@")]
    {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let major = name.to_str().and_then(|name| name.strip_prefix(prefix)).and_then(|n| n.parse().ok());
            if let Some(major) = major {
                found.push((major, entry.path().join("bin")));
            }
        }
    }
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    let mut dirs: Vec<PathBuf> = found.into_iter().map(|(_, dir)| dir).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    dirs.extend(std::env::split_paths(&path).filter(|dir| dir.join("initdb").is_file()));
    dirs
}

fn major_of(dir: &Path) -> Option<u32> {
    if !dir.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
    major_in(&String::from_utf8_lossy(&output.stdout))
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; a beta says `19beta2`.
fn major_in(version: &str) -> Option<u32> {
    let rest = version.split("(PostgreSQL) ").nth(1)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major_in;

    #[test]
    fn versions_are_read() {
        assert_eq!(major_in("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_in("postgres (PostgreSQL) 19beta2\n"), Some(19));
        assert_eq!(major_in("something else"), None);
    }
}
