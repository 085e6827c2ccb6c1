//! The list of mutations, and what must be true of it for a run to prove anything.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::trial::Test;

/// Where the list is, from the repository's root.
pub(crate) const LIST: &str = "xtask/mutations.toml";

/// `xtask/mutations.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutations {
    #[serde(default, rename = "mutation")]
    pub(crate) mutations: Vec<Mutation>,
    /// Faults that no mutation stands for.
    #[serde(default)]
    pub(crate) without: Vec<Without>,
}

/// One guard, broken as a tired programmer might break it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutation {
    /// Unique; begins with the fault, for people who look for it.
    pub(crate) name: String,
    /// The faults that the guard is for, as `F12`; or the invariant (`I10`) or item of security (`S9`).
    pub(crate) faults: Vec<String>,
    /// Which guard is broken, in one sentence.
    pub(crate) what: String,
    /// From the repository's root.
    pub(crate) file: String,
    /// Occurs exactly once in the file.
    pub(crate) find: String,
    /// What stands there instead.
    pub(crate) replace: String,
    /// The crate whose test has to notice.
    pub(crate) package: String,
    /// Its test binary, or `lib` for the tests within the crate.
    pub(crate) target: String,
    /// What the names of the tests contain, as the test binary takes it.
    pub(crate) tests: String,
}

/// A fault without a mutation, and the reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Without {
    /// As `A12`.
    pub(crate) fault: String,
    /// Why no line of ours can be broken for it, or why it is not worth it.
    pub(crate) why: String,
}

impl Mutation {
    /// Which tests are to notice.
    pub(crate) fn test(&self) -> Test {
        Test { package: self.package.clone(), target: self.target.clone(), filter: self.tests.clone() }
    }
}

impl Mutations {
    /// Reads the list; an error names the line.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
        toml::from_str(&text).with_context(|| format!("{LIST} is not a list of mutations"))
    }

    /// Those whose name contains one of `only`, or all when that is empty. None is an error: a name was misspelt.
    pub(crate) fn chosen(&self, only: &[String]) -> anyhow::Result<Vec<&Mutation>> {
        let named = |mutation: &Mutation| only.iter().any(|name| mutation.name.contains(name));
        let chosen: Vec<_> =
            self.mutations.iter().filter(|mutation| only.is_empty() || named(mutation)).collect();
        if chosen.is_empty() {
            bail!("no mutation has a name like that; --list prints them");
        }
        Ok(chosen)
    }

    /// What is wrong with the list itself, and where it is no longer true of the code.
    pub(crate) fn complaints(&self, root: &Path) -> anyhow::Result<Vec<String>> {
        let mut complaints = Vec::new();
        let mut names = BTreeSet::new();
        for mutation in &self.mutations {
            let name = &mutation.name;
            if !names.insert(name) {
                complaints.push(format!("two mutations are called {name}"));
            }
            if mutation.find == mutation.replace {
                complaints.push(format!("{name} changes nothing"));
            }
            if mutation.faults.is_empty() {
                complaints.push(format!("{name} belongs to no fault"));
            }
            let path = root.join(&mutation.file);
            if !path.is_file() {
                complaints.push(format!("{name}: there is no {}", mutation.file));
                continue;
            }
            let text =
                std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", mutation.file))?;
            let times = if mutation.find.is_empty() { 0 } else { text.matches(&mutation.find).count() };
            if times != 1 {
                let what = "what it looks for must occur once in";
                complaints.push(format!("{name}: {what} {}, and does so {times} times", mutation.file));
            }
        }
        Ok(complaints)
    }
}

/// A fault's place among the others: by letter, then by number, so that F2 comes before F12.
pub(super) fn in_sequence(fault: &str) -> (char, u32) {
    let mut characters = fault.chars();
    (characters.next().unwrap_or('?').to_ascii_uppercase(), characters.as_str().parse().unwrap_or_default())
}
