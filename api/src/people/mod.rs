//! Signing in: passwords, second factors, cookies, and how often somebody may try.

pub(crate) mod cookie;
pub(crate) mod factor;
pub(crate) mod password;
pub(crate) mod proxies;
pub(crate) mod tries;

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _always_ok = write!(text, "{byte:02x}");
    }
    text
}

/// What is stored instead of a secret that has 256 bits of its own.
pub(crate) fn hashed(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// The page of the console that a link leads to. The secret stands behind the `#`: browsers send that to no server, so it
/// is in no log.
pub(crate) fn link_url(public_url: &str, page: &str, secret: &str) -> String {
    format!("{public_url}/{page}#token={secret}")
}
