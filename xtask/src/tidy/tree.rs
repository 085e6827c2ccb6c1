//! The files of the repository, and the manifests among them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Directories that hold what was built, fetched or recorded.
const SKIPPED: &[&str] =
    &["target", ".git", "node_modules", "artifacts", "schemathesis-report", ".schemathesis", ".hypothesis"];

/// Paths of all files under `root`, relative to it, sorted, so that complaints come in the same order everywhere.
pub(super) fn files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_path_buf()];
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))? {
            let entry = entry?;
            let skipped = entry.file_name().to_str().is_some_and(|name| SKIPPED.contains(&name));
            if entry.file_type()?.is_dir() {
                if !skipped {
                    pending.push(entry.path());
                }
            } else {
                found.push(entry.path().strip_prefix(root)?.to_path_buf());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Those whose name ends in this extension.
pub(super) fn files_with(root: &Path, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = files(root)?;
    files.retain(|file| file.extension().is_some_and(|its| its == extension));
    Ok(files)
}

/// The text of a file, or none when it is not text.
pub(super) fn text(root: &Path, file: &Path) -> anyhow::Result<Option<String>> {
    let bytes = fs::read(root.join(file)).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(String::from_utf8(bytes).ok())
}

pub(super) fn manifest(path: &Path) -> anyhow::Result<toml::Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is not TOML", path.display()))
}

/// The directories of the workspace's crates, as its manifest lists them.
pub(super) fn members(root: &Path) -> anyhow::Result<Vec<String>> {
    let manifest = manifest(&root.join("Cargo.toml"))?;
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members")?.as_array());
    let members = members.context("Cargo.toml lists no workspace members")?;
    Ok(members.iter().filter_map(|member| member.as_str().map(str::to_owned)).collect())
}

/// The names that a manifest lists in these tables, those for single platforms included.
pub(super) fn dependencies(manifest: &toml::Table, tables: &[&str]) -> Vec<String> {
    let mut places: Vec<&toml::Table> = vec![manifest];
    if let Some(targets) = manifest.get("target").and_then(toml::Value::as_table) {
        places.extend(targets.values().filter_map(toml::Value::as_table));
    }
    let mut names = Vec::new();
    for place in places {
        for table in tables {
            if let Some(table) = place.get(*table).and_then(toml::Value::as_table) {
                names.extend(table.keys().cloned());
            }
        }
    }
    names
}
