//! What neither the compiler nor clippy checks, held as data and checked on every test run.
//!
//! Each check is a function from the repository's root to a list of complaints. It reads files and nothing else, so
//! that its own test can point it at a small bad example: a check that was never seen failing is not a check.

mod dependencies;
mod faults;
mod lengths;
mod links;
mod migrations;
mod mutations;
mod names;
mod tree;
mod words;
mod workspace;

use std::path::Path;

pub(crate) use migrations::{Frozen, bless};

/// Says what is wrong, one complaint per line, each naming a file.
type Check = fn(&Path) -> anyhow::Result<Vec<String>>;

/// Every check, under the name that its complaints carry.
const CHECKS: &[(&str, Check)] = &[
    ("dependencies", dependencies::check),
    ("lengths", lengths::check),
    ("migrations", migrations::check),
    ("names", names::check),
    ("links", links::check),
    ("words", words::check),
    ("faults", faults::check),
    ("mutations", mutations::check),
    ("architecture", workspace::check_architecture),
    ("unused dependencies", workspace::check_unused),
];

/// Runs every check; an empty answer is a tidy repository.
pub(crate) fn complaints(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut all = Vec::new();
    for (name, check) in CHECKS {
        all.extend(check(root)?.into_iter().map(|complaint| format!("{name}: {complaint}")));
    }
    Ok(all)
}

/// How many checks there are, for the summary.
pub(crate) fn count() -> usize {
    CHECKS.len()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;

    /// A repository that holds just these files.
    pub(crate) fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn this_repository_is_tidy() {
        let complaints = super::complaints(&crate::shell::root()).unwrap();
        assert!(complaints.is_empty(), "cargo xtask tidy\n{}", complaints.join("\n"));
    }

    #[test]
    fn complaints_carry_the_name_of_their_check() {
        let root = repository(&[("Cargo.toml", "[workspace]\nmembers = []"), ("src/utils.rs", "")]);
        let complaints = super::complaints(Path::new(root.path())).unwrap();
        assert!(
            complaints.iter().any(|complaint| complaint.starts_with("names: src/utils.rs")),
            "{complaints:?}"
        );
    }
}
