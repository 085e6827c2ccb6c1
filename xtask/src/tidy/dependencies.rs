//! Which of our crates may know which. Cargo refuses a dependency that nobody declared; this refuses to declare it.

use std::path::Path;

use super::tree;

enum May {
    Only(&'static [&'static str]),
    Anything,
}

/// The one-way flow of `ARCHITECTURE.md` as data. A crate that is not here may not exist: say first where it stands.
const TABLE: &[(&str, May)] = &[
    ("rules", May::Only(&[])),
    ("store", May::Only(&["rules"])),
    ("store-sqlite", May::Only(&["rules", "store"])),
    ("store-postgres", May::Only(&["rules", "store"])),
    ("connector", May::Only(&[])),
    ("channels", May::Only(&["connector"])),
    // The simulated outside world. It knows nothing of ours, so that an error in a connector is not repeated in it.
    ("sandbox", May::Only(&[])),
    ("engine", May::Only(&["rules", "store", "connector"])),
    ("api", May::Only(&["rules", "store", "engine", "connector"])),
    ("app", May::Anything),
    ("bench", May::Anything),
    // Used below every other crate, so it can stand on none.
    ("testbed", May::Only(&[])),
    // It checks the others, so it must build when they do not.
    ("xtask", May::Only(&[])),
];

/// What tests may use beyond the table. Real servers rather than mocks, and the engine over the real stores.
const TESTS_MAY: &[(&str, &[&str])] = &[
    // The flows are tested with the real connectors, and those talk to somebody who shares no code with them.
    ("engine", &["store-sqlite", "store-postgres", "channels", "sandbox"]),
    ("api", &["store-sqlite", "store-postgres"]),
    // What the connectors say is heard by somebody who has read the same facts and not the same code.
    ("channels", &["sandbox"]),
];

const PREFIX: &str = "onhand-";

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for member in tree::members(root)? {
        let Some((_, may)) = TABLE.iter().find(|(name, _)| *name == member) else {
            complaints.push(format!("{member} is not in the table of xtask/src/tidy/dependencies.rs"));
            continue;
        };
        let May::Only(allowed) = may else { continue };
        let manifest = tree::manifest(&root.join(&member).join("Cargo.toml"))?;
        for name in ours(&manifest, &["dependencies", "build-dependencies"]) {
            if !allowed.contains(&name.as_str()) {
                complaints.push(format!("{member}/Cargo.toml: {member} must not depend on {name}"));
            }
        }
        let in_tests = TESTS_MAY.iter().find(|(name, _)| *name == member).map_or(&[][..], |(_, more)| more);
        for name in ours(&manifest, &["dev-dependencies"]) {
            let name = name.as_str();
            // A crate names itself to switch on a feature of its own for its tests.
            if name != member && name != "testbed" && !allowed.contains(&name) && !in_tests.contains(&name) {
                complaints.push(format!("{member}/Cargo.toml: tests of {member} must not depend on {name}"));
            }
        }
    }
    Ok(complaints)
}

fn ours(manifest: &toml::Table, tables: &[&str]) -> Vec<String> {
    let names = tree::dependencies(manifest, tables);
    names.iter().filter_map(|name| name.strip_prefix(PREFIX).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::repository;

    fn complaints_about(member: &str, manifest: &str) -> Vec<String> {
        let workspace = format!("[workspace]\nmembers = [\"{member}\"]");
        let path = format!("{member}/Cargo.toml");
        check(repository(&[("Cargo.toml", &workspace), (&path, manifest)]).path()).unwrap()
    }

    #[test]
    fn what_the_table_allows_is_fine() {
        assert!(
            complaints_about("engine", "[dependencies]\nonhand-store.workspace = true\nserde = \"1\"")
                .is_empty()
        );
        assert!(
            complaints_about("engine", "[dev-dependencies]\nonhand-store-sqlite.workspace = true").is_empty()
        );
        assert!(complaints_about("store", "[dev-dependencies]\nonhand-testbed.workspace = true").is_empty());
        assert!(complaints_about("store", "[dev-dependencies]\nonhand-store.workspace = true").is_empty());
        assert!(complaints_about("app", "[dependencies]\nonhand-rules.workspace = true").is_empty());
    }

    #[test]
    fn rules_must_not_know_the_store() {
        let complaints = complaints_about("rules", "[dependencies]\nonhand-store.workspace = true");
        assert_eq!(complaints, ["rules/Cargo.toml: rules must not depend on store"]);
    }

    #[test]
    fn neither_by_platform_nor_while_building_nor_in_tests() {
        let sneaky = "[target.'cfg(unix)'.dependencies]\nonhand-engine.workspace = true";
        assert_eq!(complaints_about("store", sneaky).len(), 1);
        assert_eq!(complaints_about("store", "[build-dependencies]\nonhand-api.workspace = true").len(), 1);
        assert_eq!(complaints_about("store", "[dev-dependencies]\nonhand-engine.workspace = true").len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_place_in_the_table() {
        assert_eq!(complaints_about("newcomer", "").len(), 1);
    }
}
