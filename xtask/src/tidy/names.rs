//! Names that say nothing. A file called `utils` becomes the place for everything that nobody placed.

use std::path::Path;

use super::tree;

const BANNED: &[&str] = &["util", "utils", "common", "helper", "helpers", "types", "manager", "misc"];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut complaints = Vec::new();
    for file in tree::files_with(root, "rs")? {
        for part in file.iter().filter_map(|part| part.to_str()) {
            let stem = part.strip_suffix(".rs").unwrap_or(part);
            if BANNED.contains(&stem) {
                complaints.push(format!("{}: `{stem}` does not say what is in it", file.display()));
            }
        }
    }
    Ok(complaints)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::repository;

    #[test]
    fn banned_names_are_found_as_files_and_as_folders() {
        let bad = [("a/src/utils.rs", ""), ("a/src/common/money.rs", "")];
        assert_eq!(check(repository(&bad).path()).unwrap().len(), 2);
        assert!(
            check(repository(&[("a/src/money.rs", ""), ("a/src/utilisation.rs", "")]).path())
                .unwrap()
                .is_empty()
        );
    }
}
