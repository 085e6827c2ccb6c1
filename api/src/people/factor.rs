//! Time-based codes (RFC 6238 over RFC 4226): SHA-1, 30 seconds, 6 digits, which is what every authenticator knows.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::hashed;

/// Seconds of one code.
const STEP: i64 = 30;
/// Bytes of a secret (RFC 4226 recommends 160 bits).
const SECRET: usize = 20;
/// Recovery codes that a person gets.
const RECOVERY: usize = 10;
/// RFC 4648.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn new_secret() -> Result<[u8; SECRET], getrandom::Error> {
    let mut secret = [0; SECRET];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

/// A secret as authenticators take it.
pub(crate) fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for &byte in bytes {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
    }
    if held > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - held)) as usize & 31]));
    }
    text
}

/// What an authenticator reads from a QR code (the Key URI format).
pub(crate) fn otpauth(email: &str, secret: &[u8]) -> String {
    let account = crate::respond::segment(email);
    format!("otpauth://totp/Onhand:{account}?secret={}&issuer=Onhand", base32(secret))
}

/// The step of a moment in milliseconds.
pub(crate) fn step_at(now_ms: i64) -> i64 {
    now_ms / 1_000 / STEP
}

/// The code of a step.
fn code(secret: &[u8], step: i64) -> Option<u32> {
    let mut mac = <Hmac<Sha1> as KeyInit>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let start = usize::from(digest.last()? & 15);
    let four: [u8; 4] = digest.get(start..start + 4)?.try_into().ok()?;
    Some((u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code this is: the one of now, or one beside it, for clocks that differ. Now is what the database's clock
/// says: the ledger's stands still after a clock was set back, and telephones do not. That no code is good twice does not
/// hang on it.
pub(crate) fn step_of(secret: &[u8], text: &str, now_ms: i64) -> Option<i64> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let given: u32 = digits.parse().ok()?;
    let now = step_at(now_ms);
    (now - 1..=now + 1).find(|&step| code(secret, step) == Some(given))
}

/// Codes for the day on which the telephone is lost: what is shown once, and what is kept.
///
/// # Errors
/// When the system has no randomness.
pub(crate) fn recovery_codes() -> Result<(Vec<String>, Vec<String>), getrandom::Error> {
    let mut shown = Vec::with_capacity(RECOVERY);
    for _ in 0..RECOVERY {
        let mut bytes = [0u8; 10];
        getrandom::fill(&mut bytes)?;
        let text = base32(&bytes).to_lowercase();
        let mut spaced = String::new();
        for (index, letter) in text.chars().enumerate() {
            if index > 0 && index % 4 == 0 {
                spaced.push('-');
            }
            // Writing to a String cannot fail.
            let _always_ok = write!(spaced, "{letter}");
        }
        shown.push(spaced);
    }
    let kept = shown.iter().map(|code| recovery_hash(code)).collect();
    Ok((shown, kept))
}

/// What is kept of a recovery code; how it is spaced does not matter.
pub(crate) fn recovery_hash(text: &str) -> String {
    let bare: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    hashed(&bare.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the rows for SHA-1, of which six digits are used here.
    #[test]
    fn the_vectors_of_rfc_6238() {
        let secret = b"12345678901234567890";
        let rows = [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ];
        for (seconds, eight) in rows {
            assert_eq!(code(secret, step_at(seconds * 1_000)), Some(eight % 1_000_000), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_for_its_step_and_the_ones_beside_it() {
        let secret = b"12345678901234567890";
        let now = 1_234_567_890_000;
        let text = format!("{:06}", code(secret, step_at(now)).unwrap());
        for shift in [-30_000, 0, 30_000] {
            assert_eq!(step_of(secret, &text, now + shift), Some(step_at(now)), "{shift}");
        }
        assert_eq!(step_of(secret, &text, now + 60_000), None);
        assert_eq!(step_of(secret, &text, now - 60_000), None);
        for wrong in ["", "12345", "1234567", "abcdef", "００００００"] {
            assert_eq!(step_of(secret, wrong, now), None, "{wrong}");
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_rfc_4648() {
        let rows =
            [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")];
        for (plain, text) in rows {
            assert_eq!(base32(plain.as_bytes()), text);
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_found_however_they_are_spaced() {
        let (shown, kept) = recovery_codes().unwrap();
        assert_eq!((shown.len(), kept.len()), (RECOVERY, RECOVERY));
        let typed = shown[3].replace('-', " ").to_uppercase();
        assert_eq!(recovery_hash(&typed), kept[3]);
        assert_ne!(kept[0], kept[1]);
    }
}
