//! Every fault that Onhand promises to survive has a test that carries its id.

use std::collections::BTreeSet;
use std::path::Path;

use super::tree;

/// The faults of the ledger, its queue, its API and its channels: storage (A), queue (B), connection and server (C), clock
/// (D), network and partition (E), concurrency and input (F), webhooks (G), marketplaces (H). The list grows with the
/// product; it never shrinks.
pub(super) const FAULTS: &[&str] = &[
    "a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a10", "a11", "a12", "a13", "a14", "a15", "b1", "b2",
    "b3", "b4", "b5", "b6", "b7", "b8", "b9", "b10", "b11", "b12", "b13", "b14", "b15", "c1", "c2", "c3",
    "c4", "c6", "c7", "d1", "d2", "d3", "d4", "e1", "e2", "e3", "e4", "e5", "f1", "f2", "f3", "f4", "f5",
    "f6", "f7", "f9", "f11", "f12", "f13", "g1", "g2", "g3", "g4", "g5", "g6", "g7", "h1", "h2", "h3", "h4",
    "h5", "h6", "h7", "h8",
];

pub(super) fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut tested = BTreeSet::new();
    for file in tree::files_with(root, "rs")? {
        let Some(text) = tree::text(root, &file)? else { continue };
        for rest in text.split("fn ").skip(1) {
            if let Some((id, _)) = rest.split_once('_') {
                tested.insert(id.to_owned());
            }
        }
    }
    let missing = FAULTS.iter().filter(|id| !tested.contains(**id));
    Ok(missing.map(|id| format!("no test is named {id}_…: what happens then?")).collect())
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::tests::repository;

    #[test]
    fn a_fault_without_a_test_is_named() {
        let root = repository(&[("tests/disks.rs", "#[test]\nfn a5_a_full_disk() {}\n")]);
        let complaints = check(root.path()).unwrap();
        assert!(complaints.iter().any(|complaint| complaint.contains("a6_")), "{complaints:?}");
        assert!(!complaints.iter().any(|complaint| complaint.contains("a5_")), "{complaints:?}");
    }
}
