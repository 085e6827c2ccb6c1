//! Where PostgreSQL's programs are, and as whom they run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, bail};

/// The oldest PostgreSQL that Onhand supports.
const MAJOR_MIN: u32 = 15;

/// Says where the binaries are, for whoever keeps them in an unusual place or wants another version.
const BIN_DIR_VARIABLE: &str = "ONHAND_TESTBED_PG_BIN";

const ADVICE: &str = "install it with `apt-get install postgresql` (as root), with the package manager of your \
     system, or set ONHAND_TESTBED_PG_BIN to the directory that holds initdb and postgres";

/// The programs of one PostgreSQL installation.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    dir: PathBuf,
    /// The operating system user to run the server as; none when we are not root.
    user: Option<ServerUser>,
}

/// PostgreSQL refuses to run as root, and tests in a container are root.
#[derive(Debug, Clone)]
pub(crate) struct ServerUser {
    name: String,
    uid: u32,
    gid: u32,
}

impl Binaries {
    /// Finds them once per process.
    pub(crate) fn find() -> anyhow::Result<Self> {
        static FOUND: OnceLock<Result<Binaries, String>> = OnceLock::new();
        FOUND
            .get_or_init(|| Self::look().map_err(|error| format!("{error:#}")))
            .clone()
            .map_err(anyhow::Error::msg)
    }

    fn look() -> anyhow::Result<Self> {
        let dir = bin_dir()?;
        let user = if id(&["-u"])? == 0 { Some(ServerUser::postgres()?) } else { None };
        Ok(Self { dir, user })
    }

    /// A command for one of the server's programs, run as the server's user with nothing of our environment: a
    /// stray `PGHOST` or `PGOPTIONS` must not change what a test does.
    pub(crate) fn server_command(&self, program: &str, home: &Path) -> Command {
        let program = self.dir.join(program);
        let mut command = match &self.user {
            None => Command::new(program),
            Some(user) => {
                let mut command = Command::new("setpriv");
                command
                    .arg(format!("--reuid={}", user.name))
                    .arg(format!("--regid={}", user.gid))
                    .arg("--clear-groups")
                    .arg(program);
                command
            }
        };
        command.env_clear().env("HOME", home).env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir(home);
        // A PostgreSQL from a relocatable bundle finds its own libraries only through this.
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    /// `psql` of the same version, or the one on the path: some bundles ship the server only.
    pub(crate) fn psql(&self) -> Command {
        let own = self.dir.join("psql");
        let mut command = Command::new(if own.exists() { own } else { PathBuf::from("psql") });
        for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGSERVICE", "PGPASSWORD"] {
            command.env_remove(name);
        }
        command
    }

    /// Gives a path to the server's user.
    pub(crate) fn give(&self, path: &Path) -> anyhow::Result<()> {
        if let Some(user) = &self.user {
            std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid))
                .with_context(|| format!("cannot give {} to user {}", path.display(), user.name))?;
        }
        Ok(())
    }
}

impl ServerUser {
    fn postgres() -> anyhow::Result<Self> {
        let name = "postgres".to_owned();
        let numbers = id(&["-u", &name]).and_then(|uid| Ok((uid, id(&["-g", &name])?)));
        let (uid, gid) = numbers.with_context(|| {
            format!("running as root, and there is no user `{name}` to run PostgreSQL as: {ADVICE}")
        })?;
        Ok(Self { name, uid, gid })
    }
}

/// What `id` prints. Asking the kernel directly would need unsafe code or one more dependency.
fn id(arguments: &[&str]) -> anyhow::Result<u32> {
    let output = Command::new("id").args(arguments).output().context("cannot run `id`")?;
    if !output.status.success() {
        bail!("`id {}` failed", arguments.join(" "));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().parse()?)
}

fn bin_dir() -> anyhow::Result<PathBuf> {
    let mut tried = Vec::new();
    for dir in candidates() {
        match major_of(&dir) {
            Some(major) if major >= MAJOR_MIN => return Ok(dir),
            Some(major) => tried.push(format!("{} is version {major}", dir.display())),
            None => {}
        }
    }
    let tried = if tried.is_empty() { String::new() } else { format!(" ({})", tried.join(", ")) };
    bail!("no PostgreSQL {MAJOR_MIN} or later found{tried}: {ADVICE}");
}

/// In order of preference; the newest of an installation that keeps several.
fn candidates() -> Vec<PathBuf> {
    if let Some(dir) = std::env::var_os(BIN_DIR_VARIABLE) {
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
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        dirs.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    dirs
}

fn major_of(dir: &Path) -> Option<u32> {
    if !dir.join("initdb").exists() {
        return None;
    }
    let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
    parse_major(&String::from_utf8_lossy(&output.stdout))
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`; a beta says `19beta2`.
fn parse_major(version: &str) -> Option<u32> {
    let rest = version.split("(PostgreSQL) ").nth(1)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 19beta2\n"), Some(19));
        assert_eq!(parse_major("something else"), None);
    }
}
