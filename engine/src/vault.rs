//! Credentials at rest.
//!
//! XChaCha20-Poly1305: its nonces are long enough to be random for ever. The row that a text belongs to is part of what
//! is authenticated, so a grant copied into another shop's row cannot be opened there. The key is a file beside the
//! data, readable by its owner only; a backup without it is worthless to a thief, and to its owner.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use thiserror::Error;

/// Bytes of a key.
const KEY: usize = 32;
/// Bytes of a nonce.
const NONCE: usize = 24;
/// How sealed texts begin: the format, so that it can change.
const FORMAT: &str = "v1:";

/// Why a sealed text cannot be used.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The key file cannot be read or made.
    #[error("the key file {path}: {why}")]
    KeyFile {
        /// Which.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// Another key, another row, or damage.
    #[error("the credentials cannot be opened: wrong key file, or the row was changed by hand")]
    Sealed,
    /// The system gave no randomness.
    #[error("the system gives no random numbers")]
    NoRandomness,
}

/// Seals and opens.
#[derive(Clone)]
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// With this key.
    #[must_use]
    pub fn new(key: [u8; KEY]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(key)) }
    }

    /// With the key in this file: 64 hexadecimal digits. Made, readable by the owner only, if it is missing.
    ///
    /// # Errors
    /// [`VaultError::KeyFile`] when it can be neither read nor made, or holds something else.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        let fail = |why: String| VaultError::KeyFile { path: path.display().to_string(), why };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let key =
                    unhex(text.trim()).ok_or_else(|| fail("it must hold 64 hexadecimal digits".into()))?;
                Ok(Self::new(key))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key: [u8; KEY] = random()?;
                let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
                create(path, &text).map_err(|error| fail(error.to_string()))?;
                Ok(Self::new(key))
            }
            Err(error) => Err(fail(error.to_string())),
        }
    }

    /// Seals a text for the row named by `place`.
    ///
    /// # Errors
    /// [`VaultError::NoRandomness`].
    pub fn seal(&self, place: &str, text: &[u8]) -> Result<String, VaultError> {
        let nonce: [u8; NONCE] = random()?;
        let payload = Payload { msg: text, aad: place.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Sealed)?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Ok(format!("{FORMAT}{}", STANDARD.encode(bytes)))
    }

    /// Opens what was sealed for the same row.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn unseal(&self, place: &str, sealed: &str) -> Result<Vec<u8>, VaultError> {
        let bytes = sealed.strip_prefix(FORMAT).and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.ok_or(VaultError::Sealed)?;
        let (nonce, text) = bytes.split_at_checked(NONCE).ok_or(VaultError::Sealed)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| VaultError::Sealed)?;
        let payload = Payload { msg: text, aad: place.as_bytes() };
        self.cipher.decrypt(&XNonce::from(nonce), payload).map_err(|_| VaultError::Sealed)
    }
}

/// Bytes of chance from the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| VaultError::NoRandomness)?;
    Ok(bytes)
}

fn unhex(text: &str) -> Option<[u8; KEY]> {
    if text.len() != 2 * KEY || !text.is_ascii() {
        return None;
    }
    let mut key = [0; KEY];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(key)
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_opens_only_in_its_place_with_its_key() {
        let vault = Vault::new([7; KEY]);
        let sealed = vault.seal("shop/shopee/1", b"token").unwrap();
        assert!(!sealed.contains("token"));
        assert_eq!(vault.unseal("shop/shopee/1", &sealed).unwrap(), b"token");
        assert!(vault.unseal("shop/shopee/2", &sealed).is_err(), "another row");
        assert!(Vault::new([8; KEY]).unseal("shop/shopee/1", &sealed).is_err(), "another key");
        assert!(vault.unseal("shop/shopee/1", "v1:AAAA").is_err());
        assert_ne!(sealed, vault.seal("shop/shopee/1", b"token").unwrap(), "nonces differ");
    }

    #[test]
    fn the_key_file_is_made_once_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("onhand.key");
        let sealed = Vault::open(&path).unwrap().seal("a", b"b").unwrap();
        assert_eq!(Vault::open(&path).unwrap().unseal("a", &sealed).unwrap(), b"b");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(Vault::open(&path), Err(VaultError::KeyFile { .. })));
    }
}
