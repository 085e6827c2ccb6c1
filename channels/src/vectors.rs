//! The signature vectors, for the tests of the three `sign.rs`. Where each comes from stands beside it in the file.

use serde::Deserialize;

/// One of them.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Vector {
    platform: String,
    pub(crate) name: String,
    pub(crate) key: String,
    pub(crate) base_string: String,
    pub(crate) expected: String,
}

/// Those of one marketplace.
pub(crate) fn of(platform: &str) -> Vec<Vector> {
    #[derive(Deserialize)]
    struct File {
        vectors: Vec<Vector>,
    }
    let file: File = serde_json::from_str(include_str!("../tests/fixtures/signature-vectors.json")).unwrap();
    file.vectors.into_iter().filter(|vector| vector.platform == platform).collect()
}
