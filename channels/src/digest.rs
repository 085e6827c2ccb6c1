//! Keyed digests, and comparing them without telling how far they agree.

use hmac::{Hmac, KeyInit as _, Mac as _};
use onhand_connector::Secret;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// HMAC-SHA256 over the parts, one after the other, as 64 lower-case hexadecimal digits.
pub(crate) fn hmac_hex(key: &Secret, parts: &[&[u8]]) -> String {
    let mut padded = [0_u8; 64];
    let key = key.expose().as_bytes();
    if key.len() > 64 {
        // What HMAC does with a long key (RFC 2104), done here because a key of the block's length cannot fail.
        padded[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        padded[..key.len()].copy_from_slice(key);
    }
    let mut mac = Hmac::<Sha256>::new(&padded.into());
    for part in parts {
        mac.update(part);
    }
    hex(&mac.finalize().into_bytes())
}

/// SHA-256 over the parts, each ended so that no two lists of parts look alike.
pub(crate) fn key_of(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    hex(&digest.finalize())
}

/// SHA-256 of a body.
pub(crate) fn key_of_body(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

/// Whether `given` is one of `expected`. Takes as long whichever it is; letters may be of either case.
pub(crate) fn is_one_of(given: &str, expected: &[String]) -> bool {
    let given = given.trim().to_ascii_lowercase();
    let mut found = subtle::Choice::from(0);
    for expected in expected {
        found |= given.as_bytes().ct_eq(expected.as_bytes());
    }
    found.into()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use onhand_connector::Secret;

    use super::{hmac_hex, is_one_of, key_of};

    #[test]
    fn known_digests() {
        // RFC 4231, cases 2 and 6: a short key and one longer than a block.
        let short = Secret::new("Jefe");
        assert_eq!(
            hmac_hex(&short, &[b"what do ya want ", b"for nothing?"]),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        // A key of 131 bytes as text, computed with another implementation.
        let long = Secret::new("k".repeat(131));
        assert_eq!(hmac_hex(&long, &[b"x"]), LONG);
    }

    const LONG: &str = "5e7df641fef282dee7244c5dd15b5bd8cf84ca3483ca5685fc31cef5dd361622";

    #[test]
    fn parts_are_kept_apart() {
        assert_ne!(key_of(&["ab", "c"]), key_of(&["a", "bc"]));
    }

    #[test]
    fn one_of_several() {
        let expected = ["aa".to_owned(), "bb".to_owned()];
        assert!(is_one_of("BB", &expected) && is_one_of(" aa ", &expected));
        assert!(!is_one_of("", &expected) && !is_one_of("ab", &expected) && !is_one_of("aa", &[]));
    }
}
