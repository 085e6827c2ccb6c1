//! A migration that somebody may have run is never edited: their schema would silently differ from ours.
//!
//! Each `store-*/migrations/checksums.txt` holds the SHA-256 of every migration beside it. `cargo xtask tidy --bless`
//! adds new ones; changing one needs `--unfreeze`, which is for a migration that has never left this branch.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

const LIST: &str = "checksums.txt";

/// Whether `bless` may also change what was there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frozen {
    Yes,
    No,
}

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for dir in directories(root)? {
        let shown = dir.strip_prefix(root)?.display().to_string();
        let (actual, listed) = (actual(&dir)?, listed(&dir)?);
        for (name, sum) in &actual {
            match listed.get(name) {
                None => complaints
                    .push(format!("{shown}/{name} is not in {LIST}: run `cargo xtask tidy --bless`")),
                Some(frozen) if frozen != sum => {
                    complaints.push(format!("{shown}/{name} was edited; write a new migration instead"));
                }
                Some(_) => {}
            }
        }
        for name in listed.keys().filter(|name| !actual.contains_key(*name)) {
            complaints.push(format!("{shown}/{name} is in {LIST} but gone"));
        }
    }
    Ok(complaints)
}

/// Writes the lists anew and says what it added. Refuses to touch an existing entry unless unfrozen.
pub(crate) fn bless(root: &Path, frozen: Frozen) -> anyhow::Result<Vec<String>> {
    let mut added = Vec::new();
    for dir in directories(root)? {
        let (actual, listed) = (actual(&dir)?, listed(&dir)?);
        for (name, sum) in &listed {
            if frozen == Frozen::Yes && actual.get(name) != Some(sum) {
                anyhow::bail!(
                    "{} was edited or removed; --unfreeze if it has never left this branch",
                    dir.join(name).display()
                );
            }
        }
        let mut text = String::new();
        for (name, sum) in &actual {
            writeln!(text, "{sum}  {name}")?;
            if listed.get(name) != Some(sum) {
                added.push(dir.join(name).strip_prefix(root)?.display().to_string());
            }
        }
        fs::write(dir.join(LIST), text)?;
    }
    Ok(added)
}

fn directories(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let dir = entry.path().join("migrations");
        if entry.file_name().to_string_lossy().starts_with("store-") && dir.is_dir() {
            found.push(dir);
        }
    }
    found.sort();
    Ok(found)
}

fn actual(dir: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut sums = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".sql") {
            let digest = Sha256::digest(fs::read(entry.path())?);
            let mut sum = String::new();
            for byte in digest {
                write!(sum, "{byte:02x}")?;
            }
            sums.insert(name, sum);
        }
    }
    Ok(sums)
}

fn listed(dir: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let path = dir.join(LIST);
    let text = if path.exists() { fs::read_to_string(path)? } else { String::new() };
    let pairs = text.lines().filter_map(|line| line.split_once("  "));
    Ok(pairs.map(|(sum, name)| (name.to_owned(), sum.to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::{Frozen, bless, check};
    use crate::tidy::tests::repository;

    const FIRST: &str = "store-x/migrations/0001_first.sql";

    #[test]
    fn a_new_migration_is_blessed_and_then_frozen() {
        let root = repository(&[(FIRST, "create table t (n int);")]);
        assert!(check(root.path()).unwrap()[0].contains("--bless"));
        assert_eq!(bless(root.path(), Frozen::Yes).unwrap(), [FIRST]);
        assert!(check(root.path()).unwrap().is_empty());

        std::fs::write(root.path().join(FIRST), "create table t (n bigint);").unwrap();
        assert!(check(root.path()).unwrap()[0].contains("was edited"));
        assert!(bless(root.path(), Frozen::Yes).is_err(), "blessing does not thaw");
        assert_eq!(bless(root.path(), Frozen::No).unwrap(), [FIRST]);
        assert!(check(root.path()).unwrap().is_empty());
    }

    #[test]
    fn a_migration_cannot_vanish() {
        let root = repository(&[(FIRST, "")]);
        bless(root.path(), Frozen::Yes).unwrap();
        std::fs::remove_file(root.path().join(FIRST)).unwrap();
        assert!(check(root.path()).unwrap()[0].contains("gone"));
        assert!(bless(root.path(), Frozen::Yes).is_err());
    }
}
