//! The three signatures, for whoever wants to compare them with his own. They are written from the marketplaces' documents and
//! share nothing with the connectors of Onhand.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// HMAC-SHA256 of `base` under `key`, as 64 hexadecimal digits in small letters: Shopee and TikTok Shop sign with it, and all
/// three sign their messages with it. Lazada signs calls with the same in capital letters.
pub fn hmac_hex(key: &str, base: &[u8]) -> String {
    // HMAC takes keys of every length; the error of the trait cannot occur.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(base);
    let digits = |byte: u8| [byte >> 4, byte & 15];
    let letter = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
    mac.finalize().into_bytes().into_iter().flat_map(digits).map(letter).collect()
}

/// Whether two signatures are the same, in a time that does not tell where they differ.
pub(crate) fn same(ours: &str, theirs: &str) -> bool {
    let (ours, theirs) = (ours.as_bytes(), theirs.as_bytes());
    ours.len() == theirs.len() && ours.iter().zip(theirs).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}
