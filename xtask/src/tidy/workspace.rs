//! Lists that must be complete: the map names every crate, and every shared dependency has a user.

use std::path::Path;

use super::tree;

const MAP: &str = "ARCHITECTURE.md";

pub(super) fn check_architecture(root: &Path) -> anyhow::Result<Vec<String>> {
    let path = root.join(MAP);
    let map = if path.exists() { std::fs::read_to_string(path)? } else { String::new() };
    let mut complaints = Vec::new();
    for member in tree::members(root)? {
        if !names(&map, &format!("{member}/")) {
            complaints.push(format!("{MAP} does not mention {member}/"));
        }
    }
    Ok(complaints)
}

/// Whether the text holds the word by itself: `test-store/` does not name `store/`.
fn names(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_')
    })
}

pub(super) fn check_unused(root: &Path) -> anyhow::Result<Vec<String>> {
    let workspace = tree::manifest(&root.join("Cargo.toml"))?;
    let shared = workspace.get("workspace").and_then(|workspace| workspace.get("dependencies")?.as_table());
    let mut unused: Vec<&String> = shared.into_iter().flat_map(toml::Table::keys).collect();
    for member in tree::members(root)? {
        let manifest = tree::manifest(&root.join(&member).join("Cargo.toml"))?;
        let used = tree::dependencies(&manifest, &["dependencies", "dev-dependencies", "build-dependencies"]);
        unused.retain(|name| !used.contains(name));
    }
    Ok(unused.iter().map(|name| format!("Cargo.toml: no crate uses {name}")).collect())
}

#[cfg(test)]
mod tests {
    use super::{check_architecture, check_unused};
    use crate::tidy::tests::repository;

    const WORKSPACE: &str =
        "[workspace]\nmembers = [\"store\"]\n[workspace.dependencies]\nserde = \"1\"\nrand = \"1\"";

    #[test]
    fn the_map_names_every_crate() {
        let complaints = |map| {
            check_architecture(repository(&[("Cargo.toml", WORKSPACE), ("ARCHITECTURE.md", map)]).path())
                .unwrap()
        };
        assert!(complaints("`store/` keeps it").is_empty());
        assert_eq!(complaints("`test-store/` keeps it"), ["ARCHITECTURE.md does not mention store/"]);
        let without = repository(&[("Cargo.toml", WORKSPACE)]);
        assert_eq!(check_architecture(without.path()).unwrap().len(), 1);
    }

    #[test]
    fn every_shared_dependency_has_a_user() {
        let store = "[dependencies]\nserde.workspace = true";
        let root = repository(&[("Cargo.toml", WORKSPACE), ("store/Cargo.toml", store)]);
        assert_eq!(check_unused(root.path()).unwrap(), ["Cargo.toml: no crate uses rand"]);
    }
}
