//! Checks of the text, before anything runs.

use anyhow::bail;

use crate::shell::{Run, on_path, root, say};
use crate::{licences, tidy};

pub(super) fn format() -> anyhow::Result<String> {
    Run::cargo(&["fmt", "--all", "--check"]).go()?;
    Ok(String::new())
}

pub(super) fn tidy() -> anyhow::Result<String> {
    let complaints = tidy::complaints(&root())?;
    for complaint in &complaints {
        say(complaint);
    }
    if !complaints.is_empty() {
        bail!("{} complaints", complaints.len());
    }
    Ok(format!("{} checks", tidy::count()))
}

pub(super) fn clippy() -> anyhow::Result<String> {
    Run::cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
        .go()?;
    Ok(String::new())
}

pub(super) fn licences() -> anyhow::Result<String> {
    let metadata = Run::cargo(&["metadata", "--format-version", "1", "--locked"]).text()?;
    let deny = std::fs::read_to_string(root().join("deny.toml"))?.parse()?;
    let (complaints, several) = licences::check(&serde_json::from_str(&metadata)?, &deny)?;
    for complaint in &complaints {
        say(complaint);
    }
    if !complaints.is_empty() {
        bail!("{} complaints", complaints.len());
    }
    for name in &several {
        say(&format!("in two versions: {name}"));
    }
    let by = if on_path("cargo-deny") {
        Run::cargo(&["deny", "--offline", "check", "licenses", "bans", "sources"]).go()?;
        "xtask and cargo-deny"
    } else {
        "xtask (cargo-deny is not installed)"
    };
    Ok(format!("by {by}; {} crates in two versions", several.len()))
}
