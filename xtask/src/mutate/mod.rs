//! `cargo xtask mutate`: breaks one guard at a time, in a copy of the repository, and looks whether a test notices.
//!
//! A test that cannot fail proves nothing, and a test that was seen failing once may have stopped being able to. The list
//! of what to break is `xtask/mutations.toml`; `cargo xtask tidy` keeps it true to the code, this command to the tests.

mod copy;
mod list;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

pub(crate) use list::{LIST, Mutation, Mutations};
use trial::{Bench, Outcome, Test};

use crate::shell::say;

/// Prints the list: what is broken, and which test is to notice.
pub(crate) fn list(root: &Path, only: &[String]) -> anyhow::Result<()> {
    for mutation in Mutations::read(root)?.chosen(only)? {
        say(&format!("{:<34} {:<12} {}", mutation.name, mutation.faults.join(" "), mutation.what));
        say(&format!("{:<47} {}: {}", "", mutation.file, mutation.test()));
    }
    Ok(())
}

/// Tries every mutation whose name contains one of `only`, or all when that is empty, and says whether each was caught.
/// The last line that it prints is the count.
pub(crate) fn run(root: &Path, target: &Path, only: &[String]) -> anyhow::Result<bool> {
    let mutations = Mutations::read(root)?;
    let complaints = mutations.complaints(root)?;
    if !complaints.is_empty() {
        complaints.iter().for_each(|complaint| say(complaint));
        bail!("{LIST} has {} faults of its own", complaints.len());
    }
    let results = try_all(root, target, &mutations.chosen(only)?)?;
    Ok(summarise(&results))
}

/// What came of each.
fn try_all<'a>(
    root: &Path,
    target: &Path,
    chosen: &[&'a Mutation],
) -> anyhow::Result<Vec<(&'a Mutation, Outcome)>> {
    let tree = target.join("mutate/tree");
    let copied = copy::bring_up_to_date(root, &tree).context("cannot copy the repository")?;
    say(&format!(
        "{} mutations, tried in a copy of the repository; {copied} files of it are new",
        chosen.len()
    ));
    let bench = Bench::new(&tree, &target.join("mutate/target"))?;
    try_each(&bench, &tree, &in_order(chosen))
}

/// By package and file, so that what one build made serves the next; packages in the order of the list.
fn in_order<'a>(chosen: &[&'a Mutation]) -> Vec<&'a Mutation> {
    let place = |mutation: &Mutation| chosen.iter().position(|other| other.package == mutation.package);
    let mut ordered = chosen.to_vec();
    ordered.sort_by_cached_key(|mutation| {
        (place(mutation), mutation.target.clone(), mutation.file.clone(), mutation.name.clone())
    });
    ordered
}

fn try_each<'a>(
    bench: &Bench,
    tree: &Path,
    ordered: &[&'a Mutation],
) -> anyhow::Result<Vec<(&'a Mutation, Outcome)>> {
    let mut results = Vec::new();
    for of_package in ordered.chunk_by(|one, next| one.package == next.package) {
        let unmutated = run_unmutated(bench, of_package)?;
        for mutation in of_package {
            let start = Instant::now();
            let outcome = match &unmutated[&mutation.test()] {
                Ok(took) => try_one(bench, tree, mutation, *took)?,
                Err(why) => Outcome::NoProof(why.clone()),
            };
            let (number, all) = (results.len() + 1, ordered.len());
            let seconds = start.elapsed().as_secs();
            say(&format!("{number} of {all} {} … {outcome} ({seconds} s)", mutation.name));
            results.push((*mutation, outcome));
        }
    }
    Ok(results)
}

/// How long each test takes in sound code, or why it proves nothing there.
fn run_unmutated(
    bench: &Bench,
    mutations: &[&Mutation],
) -> anyhow::Result<BTreeMap<Test, Result<Duration, String>>> {
    let mut found = BTreeMap::new();
    let tests: BTreeSet<Test> = mutations.iter().map(|mutation| mutation.test()).collect();
    for test in tests {
        let result = bench.unmutated(&test)?;
        match &result {
            Ok(took) => say(&format!("   {test}: passes unmutated in {:.1} s", took.as_secs_f64())),
            Err(why) => say(&format!("   {test}: NO PROOF, {why}")),
        }
        found.insert(test, result);
    }
    Ok(found)
}

fn try_one(bench: &Bench, tree: &Path, mutation: &Mutation, took: Duration) -> anyhow::Result<Outcome> {
    let file = tree.join(&mutation.file);
    let sound = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    std::fs::write(&file, sound.replacen(&mutation.find, &mutation.replace, 1))?;
    let outcome = bench.mutated(&mutation.test(), took);
    // Before the outcome is looked at: the next mutation needs sound code. Whoever ends us here finds it put back by
    // the next copy.
    std::fs::write(&file, sound).with_context(|| format!("cannot put back {}", file.display()))?;
    outcome
}

/// Prints how many mutations of each fault were caught and, by name, those that were not. Says whether all were.
fn summarise(results: &[(&Mutation, Outcome)]) -> bool {
    say("\n== summary ==");
    let mut faults: BTreeMap<(char, u32), Vec<&(&Mutation, Outcome)>> = BTreeMap::new();
    for result in results {
        for fault in &result.0.faults {
            faults.entry(list::in_sequence(fault)).or_default().push(result);
        }
    }
    for ((letter, number), tried) in faults {
        let caught = tried.iter().filter(|(_, outcome)| outcome.is_caught()).count();
        let others = tried.iter().filter(|(_, outcome)| !outcome.is_caught());
        let others: Vec<String> = others.map(|(mutation, how)| format!("{}: {how}", mutation.name)).collect();
        let line = format!("{letter}{number:<4} {caught} of {} caught  {}", tried.len(), others.join("; "));
        say(line.trim_end());
    }
    let count = |wanted: fn(&Outcome) -> bool| results.iter().filter(|(_, outcome)| wanted(outcome)).count();
    let caught = count(Outcome::is_caught);
    let survived = count(|outcome| matches!(outcome, Outcome::Survived));
    // Alone on its line, for whatever reads it.
    say(&format!(
        "{caught} caught, {survived} survived, {} without proof",
        results.len() - caught - survived
    ));
    caught == results.len()
}

#[cfg(test)]
mod tests {
    use super::{Mutations, Outcome, run, summarise, try_all};
    use crate::shell::Run;
    use crate::tidy::tests::repository;

    const MANIFEST: &str = "[package]\nname = \"till\"\nedition = \"2024\"\n[workspace]\n";
    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"till\"\nversion = \"0.0.0\"\n";
    const CODE: &str = "pub fn takes(have: i64, want: i64) -> bool {\n    want > 0 && want <= have\n}\n";
    const TEST: &str =
        "#[test]\nfn f12_not_below_zero() {\n    assert!(till::takes(2, 2) && !till::takes(2, 3));\n}\n";

    fn mutation(name: &str, replace: &str, tests: &str) -> String {
        format!(
            "[[mutation]]\nname = \"{name}\"\nfaults = [\"F12\"]\nwhat = \"x\"\nfile = \"src/lib.rs\"\n\
             find = \"want > 0 && want <= have\"\nreplace = \"{replace}\"\npackage = \"till\"\ntarget = \"till\"\n\
             tests = \"{tests}\"\n"
        )
    }

    /// One repository and all that can come of a mutation, because building even this much takes a second.
    #[test]
    fn only_what_a_test_notices_is_caught() {
        let list = [
            mutation("caught", "want > 0", "f12_"),
            mutation("survives", "want <= have", "f12_"),
            mutation("no-code", "want >", "f12_"),
            mutation("no-test", "want > 0", "f13_"),
        ];
        let root = repository(&[
            ("Cargo.toml", MANIFEST),
            ("Cargo.lock", LOCK),
            (".gitignore", "/target\n"),
            ("src/lib.rs", CODE),
            ("tests/till.rs", TEST),
            (super::LIST, &list.concat()),
        ]);
        let root = root.path();
        Run::new("git").with(["init", "--quiet"]).with([root]).go().unwrap();
        let target = root.join("target");
        let mutations = Mutations::read(root).unwrap();
        let outcome = |name: &str| {
            let chosen = mutations.chosen(&[name.to_owned()]).unwrap();
            let mut results = try_all(root, &target, &chosen).unwrap();
            assert_eq!(summarise(&results), results[0].1.is_caught());
            results.remove(0).1
        };
        let copy = target.join("mutate/tree/src/lib.rs");
        assert_eq!(outcome("caught"), Outcome::Caught("it fails"));
        assert_eq!(std::fs::read_to_string(&copy).unwrap(), CODE, "it is put back");
        assert_eq!(outcome("survives"), Outcome::Survived);
        let without_proof = |name: &str, why: &str| {
            let Outcome::NoProof(told) = outcome(name) else { panic!("{name} proves something") };
            assert!(told.contains(why), "{told}");
        };
        without_proof("no-code", "does not compile");
        without_proof("no-test", "no test has a name like that");
        assert!(run(root, &target, &["nothing".to_owned()]).is_err());
        // Whoever was ended half way left broken code in the copy, and none in the repository.
        std::fs::write(&copy, "broken").unwrap();
        assert!(run(root, &target, &["caught".to_owned()]).unwrap());
        assert_eq!(std::fs::read_to_string(root.join("src/lib.rs")).unwrap(), CODE);
    }
}
