//! The copy of the repository in which guards are broken, so that the repository itself never is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// Makes `tree` hold what the repository does, without what git ignores, and says how many files it wrote.
///
/// Files that are the same stay as they are, with their times: the next build then does only what is new. Whatever an
/// earlier run left broken is mended by the same comparison.
pub(super) fn bring_up_to_date(root: &Path, tree: &Path) -> anyhow::Result<usize> {
    let wanted = wanted(root)?;
    fs::create_dir_all(tree)?;
    remove_others(tree, tree, &wanted)?;
    let mut written = 0;
    for file in &wanted {
        let (from, to) = (root.join(file), tree.join(file));
        let bytes = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
        if fs::read(&to).is_ok_and(|there| there == bytes) {
            continue;
        }
        if let Some(dir) = to.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(&to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
        fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
        written += 1;
    }
    Ok(written)
}

/// What git tracks and what it would: a new file counts before it is added, one that is gone does not.
fn wanted(root: &Path) -> anyhow::Result<BTreeSet<PathBuf>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = Command::new("git").current_dir(root).args(arguments).output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&output.stderr));
    }
    let names = String::from_utf8(output.stdout)?;
    let files = names.split('\0').filter(|name| !name.is_empty()).map(PathBuf::from);
    Ok(files.filter(|file| root.join(file).is_file()).collect())
}

fn remove_others(tree: &Path, dir: &Path, wanted: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            remove_others(tree, &path, wanted)?;
        } else if !wanted.contains(path.strip_prefix(tree)?) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::bring_up_to_date;
    use crate::shell::Run;
    use crate::tidy::tests::repository;

    #[test]
    fn only_what_differs_is_written() {
        let root =
            repository(&[(".gitignore", "/target\n*.db"), ("a/b.rs", "1"), ("c.rs", "2"), ("x.db", "")]);
        let root = root.path();
        Run::new("git").with(["init", "--quiet"]).with([root]).go().unwrap();
        let tree = root.join("target/tree");
        let copy = || bring_up_to_date(root, &tree).unwrap();
        assert_eq!(copy(), 3, "not the database");
        let time = |file: &str| fs::metadata(tree.join(file)).unwrap().modified().unwrap();
        let before = time("c.rs");
        assert_eq!(copy(), 0);

        fs::write(tree.join("a/b.rs"), "left broken").unwrap();
        assert_eq!(copy(), 1);
        assert_eq!(fs::read_to_string(tree.join("a/b.rs")).unwrap(), "1");
        assert_eq!(time("c.rs"), before, "what is the same keeps its time");

        fs::remove_file(root.join("c.rs")).unwrap();
        assert_eq!(copy(), 0);
        assert!(!tree.join("c.rs").exists());
    }
}
