//! The list of mutations is true of the code: what it breaks is there, and no fault has been forgotten.
//!
//! `cargo xtask mutate` is too slow for every run of the tests. This is what keeps the list from rotting in between.

use std::collections::BTreeSet;
use std::path::Path;

use super::faults::FAULTS;
use super::tree;
use crate::mutate::{LIST, Mutation, Mutations};

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let list = if root.join(LIST).is_file() { Mutations::read(root)? } else { Mutations::default() };
    let mut complaints = list.complaints(root)?;
    let mutated: BTreeSet<String> = list
        .mutations
        .iter()
        .flat_map(|mutation| &mutation.faults)
        .map(|fault| fault.to_lowercase())
        .collect();
    let without: BTreeSet<String> = list.without.iter().map(|entry| entry.fault.to_lowercase()).collect();
    for fault in mutated.iter().chain(&without).filter(|fault| !is_known(fault)) {
        complaints.push(format!("nobody knows a fault {fault}"));
    }
    for entry in &list.without {
        if mutated.contains(&entry.fault.to_lowercase()) {
            complaints.push(format!("{} has a mutation and stands among those without", entry.fault));
        }
        if entry.why.trim().is_empty() {
            complaints.push(format!("{} has no mutation and no reason", entry.fault));
        }
    }
    for fault in FAULTS.iter().filter(|fault| !mutated.contains(**fault) && !without.contains(**fault)) {
        complaints.push(format!("{fault} has no mutation: which guard is it that its test would miss?"));
    }
    for mutation in &list.mutations {
        if !has_test(root, mutation)? {
            let Mutation { name, tests, package, .. } = mutation;
            complaints.push(format!("{name}: no test of {package} is called {tests}"));
        }
    }
    Ok(complaints.into_iter().map(|complaint| format!("{LIST}: {complaint}")).collect())
}

/// A fault, or one of the rules that guards stand for besides: an invariant of the ledger (I1 to I20) or an item of security
/// (S1 to S45).
fn is_known(fault: &str) -> bool {
    let number = |letter: char| fault.strip_prefix(letter).and_then(|number| number.parse::<u8>().ok());
    let within = |letter: char, last: u8| number(letter).is_some_and(|number| (1..=last).contains(&number));
    FAULTS.contains(&fault) || within('i', 20) || within('s', 45)
}

/// Whether a function of the crate has a name that the filter asks for. Of a path one part suffices: tests that run on
/// both databases end in a part that a macro makes. The stores' shared suite counts as a part of each.
fn has_test(root: &Path, mutation: &Mutation) -> anyhow::Result<bool> {
    let dir = mutation.package.strip_prefix("onhand-").unwrap_or(&mutation.package);
    let parts: Vec<&str> = mutation.tests.split("::").filter(|part| !part.is_empty()).collect();
    for file in tree::files_with(root, "rs")? {
        if !file.starts_with(dir) && !file.starts_with("store/src/contract") {
            continue;
        }
        let Some(text) = tree::text(root, &file)? else { continue };
        let mut names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        if names.any(|name| parts.iter().any(|part| name.contains(part))) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::mutate::LIST;
    use crate::tidy::tests::repository;

    const CODE: (&str, &str) = ("rules/src/lib.rs", "fn take() { guard(a < b); }\nfn f12_not_below() {}\n");

    fn entry(name: &str, fault: &str, find: &str, replace: &str) -> String {
        format!(
            "[[mutation]]\nname = \"{name}\"\nfaults = [\"{fault}\"]\nwhat = \"x\"\nfile = \"rules/src/lib.rs\"\n\
             find = \"{find}\"\nreplace = \"{replace}\"\npackage = \"onhand-rules\"\ntarget = \"lib\"\n\
             tests = \"f12_\"\n"
        )
    }

    /// What is wrong with a list besides the faults that it leaves out, which here are nearly all.
    fn wrong(list: &str) -> Vec<String> {
        let mut found = check(repository(&[CODE, (LIST, list)]).path()).unwrap();
        found.retain(|complaint| !complaint.contains("has no mutation:"));
        found
    }

    #[test]
    fn a_forgotten_fault_is_named() {
        let list = format!(
            "without = [{{ fault = \"A1\", why = \"y\" }}]\n{}",
            entry("f12", "F12", "a < b", "a <= b")
        );
        let found = check(repository(&[CODE, (LIST, &list)]).path()).unwrap();
        assert!(found.iter().any(|complaint| complaint.contains(": f11 has no mutation")), "{found:?}");
        assert!(!found.iter().any(|complaint| complaint.contains(": f12 has no mutation")), "{found:?}");
        assert!(!found.iter().any(|complaint| complaint.contains(": a1 has no mutation")), "{found:?}");
        let none = check(repository(&[CODE]).path()).unwrap();
        assert!(none.iter().any(|complaint| complaint.contains(": a1 has no mutation")), "{none:?}");
    }

    #[test]
    fn what_a_mutation_looks_for_is_there_once() {
        assert!(wrong(&entry("f12", "F12", "a < b", "a <= b")).is_empty());
        let gone = wrong(&entry("f12", "F12", "a > b", "a <= b"));
        assert!(gone.len() == 1 && gone[0].contains("0 times"), "{gone:?}");
        let twice = wrong(&entry("f12", "F12", "fn ", "fun "));
        assert!(twice.len() == 1 && twice[0].contains("2 times"), "{twice:?}");
        let elsewhere = entry("f12", "F12", "a < b", "a <= b").replace("rules/src", "rules/old");
        assert!(wrong(&elsewhere)[0].contains("there is no rules/old/lib.rs"));
    }

    #[test]
    fn a_mutation_changes_something_under_a_name_of_its_own_for_a_known_fault() {
        assert!(wrong(&entry("f12", "F12", "a < b", "a < b"))[0].contains("changes nothing"));
        let good = entry("f12", "F12", "a < b", "a <= b");
        assert!(wrong(&format!("{good}{good}"))[0].contains("two mutations are called f12"));
        assert!(wrong(&entry("f12", "F99", "a < b", "a <= b"))[0].contains("nobody knows a fault f99"));
        for rule in ["I10", "S9"] {
            assert!(wrong(&entry("f12", rule, "a < b", "a <= b")).is_empty(), "{rule} is a rule");
        }
        for nothing in ["S", "S46", "I0", "I21"] {
            assert!(
                wrong(&entry("f12", nothing, "a < b", "a <= b"))[0].contains("nobody knows"),
                "{nothing}"
            );
        }
        assert!(wrong(&good.replace("[\"F12\"]", "[]"))[0].contains("belongs to no fault"));
    }

    #[test]
    fn its_test_exists() {
        let good = entry("f12", "F12", "a < b", "a <= b");
        assert!(wrong(&good.replace("\"f12_\"", "\"f12_not_below::on_sqlite\"")).is_empty());
        let renamed = wrong(&good.replace("\"f12_\"", "\"f12_never_below\""));
        assert!(renamed.len() == 1 && renamed[0].contains("no test of onhand-rules"), "{renamed:?}");
    }

    #[test]
    fn who_is_without_has_a_reason_and_really_is() {
        let good = entry("f12", "F12", "a < b", "a <= b");
        let without = |fault: &str, why: &str| {
            wrong(&format!("without = [{{ fault = \"{fault}\", why = \"{why}\" }}]\n{good}"))
        };
        assert!(without("A1", "y").is_empty());
        assert!(without("A1", " ")[0].contains("no reason"));
        assert!(without("F12", "y")[0].contains("stands among those without"));
        assert!(without("A99", "y")[0].contains("nobody knows a fault a99"));
    }
}
