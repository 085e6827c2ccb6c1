//! What the checks need from the system. Installed where we may, named where we may not.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;

use crate::shell::{Run, on_path, say};

/// A need, how to see whether it is met, and the Debian packages that meet it.
struct Need {
    what: &'static str,
    packages: &'static [&'static str],
    met: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        what: "PostgreSQL 15 or later",
        packages: &["postgresql", "postgresql-client"],
        met: has_postgres,
    },
    Need { what: "a C compiler (for SQLite)", packages: &["gcc", "libc6-dev"], met: || on_path("cc") },
    Need { what: "strace (injects disk faults)", packages: &["strace"], met: || on_path("strace") },
    Need {
        what: "Chromium (walks through the console)",
        packages: &["chromium"],
        met: || on_path("chromium"),
    },
    Need {
        what: "Node.js with npm",
        packages: &["nodejs", "npm"],
        met: || on_path("node") && on_path("npm"),
    },
    Need { what: "Python 3 with venv", packages: &["python3", "python3-pip", "python3-venv"], met: has_venv },
];

/// What the benchmark of the queue is compared with.
const BENCH_NEEDS: &[Need] = &[
    Need { what: "Redis", packages: &["redis-server"], met: || on_path("redis-server") },
    Need {
        what: "Node.js with npm",
        packages: &["nodejs", "npm"],
        met: || on_path("node") && on_path("npm"),
    },
];

/// What the checks need.
pub(crate) fn for_checks() -> anyhow::Result<()> {
    what_is_missing(NEEDS)
}

/// What the benchmark with these arguments needs.
pub(crate) fn for_bench(arguments: &[String]) -> anyhow::Result<()> {
    if measures_the_queue(arguments) { what_is_missing(BENCH_NEEDS) } else { Ok(()) }
}

fn measures_the_queue(arguments: &[String]) -> bool {
    let is = |name: &str| arguments.iter().any(|argument| argument == name);
    let only = arguments.iter().any(|argument| argument.split('=').next() == Some("--only"));
    !is("--help") && !is("-h") && (!only || is("queue") || is("--only=queue"))
}

/// Installs what is missing when we are root on Debian; otherwise says what to install and fails.
fn what_is_missing(needs: &'static [Need]) -> anyhow::Result<()> {
    let missing = missing(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    for need in &missing {
        say(&format!("missing: {}", need.what));
    }
    let advice = format!("apt-get install {}", packages.join(" "));
    if !is_root() || !on_path("apt-get") {
        bail!("install what is missing and run this again; on Debian, as root: {advice}");
    }
    say(&format!("as root: {advice}"));
    let quiet = |run: Run| run.set("DEBIAN_FRONTEND", "noninteractive").go();
    quiet(Run::new("apt-get").with(["update", "-q"]))?;
    quiet(Run::new("apt-get").with(["install", "-q", "-y", "--no-install-recommends"]).with(&packages))?;
    let still = self::missing(needs);
    if !still.is_empty() {
        let names: Vec<&str> = still.iter().map(|need| need.what).collect();
        bail!("still missing after `{advice}`: {}", names.join(", "));
    }
    Ok(())
}

fn missing(needs: &'static [Need]) -> Vec<&'static Need> {
    needs.iter().filter(|need| !(need.met)()).collect()
}

/// The tests say more exactly which version they found; this only decides whether to install.
fn has_postgres() -> bool {
    if std::env::var_os("ONHAND_TESTBED_PG_BIN").is_some() || on_path("initdb") {
        return true;
    }
    let versions = Path::new("/usr/lib/postgresql").read_dir().into_iter().flatten().flatten();
    versions.filter(|entry| entry.path().join("bin/initdb").exists()).any(|entry| {
        entry.file_name().to_str().and_then(|name| name.parse().ok()).is_some_and(|major: u32| major >= 15)
    })
}

fn has_venv() -> bool {
    // Debian splits venv off and leaves a stub that fails only when it comes to installing pip.
    succeeds("python3", &["-c", "import venv, ensurepip"])
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::measures_the_queue;

    #[test]
    fn only_who_measures_the_queue_needs_redis() {
        let queue = |arguments: &[&str]| {
            measures_the_queue(&arguments.iter().map(|argument| (*argument).to_owned()).collect::<Vec<_>>())
        };
        assert!(queue(&[]) && queue(&["--quick"]));
        assert!(queue(&["--only", "http", "--only", "queue"]) && queue(&["--only=queue"]));
        assert!(!queue(&["--only", "ledger"]) && !queue(&["--only=push"]) && !queue(&["--help"]));
    }
}
