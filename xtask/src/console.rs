//! The console: installed, built, checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, bail};

use crate::shell::{Run, on_path, root, say};

/// The oldest Node.js that the console's tools take.
const NODE_MIN: (u32, u32) = (20, 19);

fn place() -> PathBuf {
    root().join("console")
}

fn npm(arguments: &[&str]) -> Run {
    Run::new("npm").with(["--prefix"]).with([place()]).with(arguments)
}

/// Installs what the lock file names, unless that was done already.
fn install() -> anyhow::Result<()> {
    if !on_path("node") || !on_path("npm") {
        bail!("the console needs Node.js {}.{} or later with npm: install it", NODE_MIN.0, NODE_MIN.1);
    }
    let version = Run::new("node").with(["--version"]).text()?;
    if version_of(&version).is_none_or(|version| version < NODE_MIN) {
        let (major, minor) = NODE_MIN;
        bail!("the console needs Node.js {major}.{minor} or later, and this is {}", version.trim());
    }
    let wanted = fs::read_to_string(place().join("package-lock.json"))?;
    let stamp = place().join("node_modules/.installed");
    if fs::read_to_string(&stamp).is_ok_and(|had| had == wanted) {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
        .go()
        .context("the console's libraries are downloaded once, from npm's registry; is it within reach?")?;
    fs::write(stamp, wanted)?;
    Ok(())
}

/// From `v20.20.2`.
fn version_of(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// Builds it, unless nothing that it is made from is newer than what was built. The next build of the program takes it in.
pub(crate) fn build() -> anyhow::Result<()> {
    install()?;
    let built = fs::metadata(place().join("dist/index.html")).and_then(|file| file.modified());
    let sources = ["src", "public", "scripts", "index.html", "package-lock.json", "vite.config.ts"];
    let mut newest = modified(&root().join("docs/openapi.json"))?;
    for source in sources {
        newest = newest.max(modified(&place().join(source))?);
    }
    if built.is_ok_and(|built| built >= newest) {
        return Ok(());
    }
    say("Building the console.");
    npm(&["run", "--silent", "build"]).go()
}

/// When a file, or the newest in a directory, was changed; long ago when there is none.
fn modified(path: &Path) -> anyhow::Result<SystemTime> {
    let Ok(meta) = fs::metadata(path) else { return Ok(SystemTime::UNIX_EPOCH) };
    let mut newest = if meta.is_file() { meta.modified()? } else { SystemTime::UNIX_EPOCH };
    if meta.is_dir() {
        for entry in fs::read_dir(path)? {
            newest = newest.max(modified(&entry?.path())?);
        }
    }
    Ok(newest)
}

/// Types, unit tests, build, and the bound on what a browser loads first.
pub(crate) fn check() -> anyhow::Result<String> {
    install()?;
    npm(&["run", "--silent", "check"]).go()?;
    build()?;
    Ok("types, unit tests, build, size".to_owned())
}

/// What a person does with it, in a browser, against the real program with the sandbox.
pub(crate) fn walk() -> anyhow::Result<String> {
    build()?;
    let app = crate::running::app()?;
    let run = npm(&["run", "--silent", "e2e"]).set("ONHAND", app);
    let mut passed = 0;
    run.watch(|line| passed += usize::from(line.trim_start().starts_with("ok ")))?;
    if passed == 0 {
        bail!("no walk through the console was counted");
    }
    Ok(format!("{passed} walks in Chromium; screenshots in console/shots"))
}

#[cfg(test)]
mod tests {
    use super::version_of;

    #[test]
    fn a_version_is_read() {
        assert_eq!(version_of("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version_of("20.1"), None);
    }
}
