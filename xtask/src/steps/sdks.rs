//! The sandbox held to account by SDKs that other people wrote against the marketplaces.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use anyhow::{Context as _, bail};

use crate::running::programs;
use crate::shell::{Run, on_path, root, target};

/// What is checked with which program: the file, and what it is run with.
const BY_NODE: [&str; 2] = ["shopee.test.mjs", "tiktok.test.mjs"];
const BY_PYTHON: &str = "lazada_check.py";
/// Node's test runner and `fetch` are in every version from this one.
const NODE_MIN: u32 = 20;

pub(super) fn sdks() -> anyhow::Result<String> {
    if !on_path("node") || !on_path("npm") {
        bail!("the SDKs of Shopee and TikTok Shop need Node.js {NODE_MIN} or later with npm: install it");
    }
    let version = Run::new("node").with(["--version"]).text()?;
    if major_of(&version).is_none_or(|major| major < NODE_MIN) {
        bail!("the SDKs need Node.js {NODE_MIN} or later, and this is {}", version.trim());
    }
    let place = installed()?;
    programs()?;
    let sandbox = Sandbox::start()?;
    let shown = Run::new("node").with(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    shown.with(BY_NODE.map(|file| place.join(file))).set("SANDBOX_CONTROL", &sandbox.control).go()?;
    let python = place.join("venv/bin/python");
    Run::new(python).with([place.join(BY_PYTHON)]).set("SANDBOX_CONTROL", &sandbox.control).go()?;
    Ok("Shopee and TikTok Shop by npm, Lazada by PyPI".to_owned())
}

/// From `v20.20.2`.
fn major_of(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// A copy of the checks with the SDKs beside them, outside of the source; made again when what it is made from changes.
fn installed() -> anyhow::Result<PathBuf> {
    let (from, to) = (root().join("sandbox/sdk-checks"), target().join("sdk-checks"));
    fs::create_dir_all(&to)?;
    for entry in fs::read_dir(&from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    let wanted = fs::read_to_string(from.join("package-lock.json"))?
        + &fs::read_to_string(from.join("requirements.txt"))?;
    let stamp = to.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(to);
    }
    let advice = "the SDKs are downloaded once, from the registries of npm and PyPI; are they within reach?";
    let prefix = to.display().to_string();
    Run::new("npm")
        .with(["ci", "--prefix", &prefix, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
        .go()
        .context(advice)?;
    python_environment(&to).context(advice)?;
    fs::write(&stamp, wanted)?;
    Ok(to)
}

fn python_environment(place: &Path) -> anyhow::Result<()> {
    let environment = place.join("venv");
    Run::new("python3").with(["-m", "venv", "--clear"]).with([&environment]).go()?;
    let requirements = place.join("requirements.txt");
    Run::new(environment.join("bin/pip"))
        .with(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .with([requirements])
        .go()
}

/// A sandbox that nobody has used, which the checks expect.
struct Sandbox {
    process: Child,
    control: String,
}

impl Sandbox {
    fn start() -> anyhow::Result<Self> {
        let run = Run::new(target().join("debug/examples/serve")).with(["127.0.0.1:0"]);
        let mut command = run.into_command();
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let output = process.stdout.take().context("no output")?;
        let mut sandbox = Self { process, control: String::new() };
        for line in BufReader::new(output).lines() {
            if let Some(url) = line?.strip_prefix("control: ") {
                sandbox.control = url.trim_end_matches("/control/state").to_owned();
                return Ok(sandbox);
            }
        }
        bail!("the sandbox ended before it was ready");
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[cfg(test)]
mod tests {
    use super::major_of;

    #[test]
    fn versions_of_node_are_read() {
        assert_eq!(major_of("v20.20.2\n"), Some(20));
        assert_eq!(major_of("20"), None);
    }
}
