//! Who asks: known, nobody, or cannot tell.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderMap, header};
use onhand_rules::ApiKeyId;
use onhand_rules::access::ApiKey;
use onhand_store::{Reads, StoreError};
use sha2::{Digest, Sha256};

/// How long a key that was looked up is believed: a revocation acts within this everywhere, and at once in the process
/// that made it.
const BELIEVED: Duration = Duration::from_secs(1);
/// Keys remembered at most. Only keys that exist are, so an attacker who guesses cannot fill it.
const REMEMBERED_MAX: usize = 10_000;
/// What every secret begins with, so that leaked ones can be found by scanners.
const PREFIX: &str = "ohk_";
/// Bytes of randomness in a secret.
const RANDOM: usize = 32;
/// Crockford base32.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A new API key's secret. Only its hash is ever stored; `Debug` hides it.
pub struct Secret(String);

impl Secret {
    /// Makes one from 256 bits of the system's randomness.
    ///
    /// # Errors
    /// When the system has none to give.
    pub fn generate() -> std::io::Result<Self> {
        let mut random = [0u8; RANDOM];
        getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
        let mut text = String::with_capacity(PREFIX.len() + 52);
        text.push_str(PREFIX);
        let (mut bits, mut held) = (0u32, 0u32);
        for byte in random {
            bits = (bits << 8) | u32::from(byte);
            held += 8;
            while held >= 5 {
                held -= 5;
                text.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
            }
        }
        text.push(char::from(ALPHABET[(bits << (5 - held)) as usize & 31]));
        Ok(Self(text))
    }

    /// The secret itself, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored instead of it.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// What is known of a caller.
pub(crate) enum Who {
    /// A key that works.
    Known(Arc<ApiKey>),
    /// No key, or one that does not work; what is wrong with it.
    Anonymous(&'static str),
    /// The database did not say.
    CannotTell(StoreError),
}

/// A key and when it was looked up.
type LookedUp = (Arc<ApiKey>, Instant);

/// Keys that were looked up a moment ago.
#[derive(Default)]
pub(crate) struct Keys {
    known: RwLock<HashMap<[u8; 32], LookedUp>>,
}

impl Keys {
    /// Whose request this is. The secret is compared by the hash that it is looked up by, so the time it takes tells
    /// nothing about how much of a guess was right.
    pub(crate) async fn who(&self, reads: &dyn Reads, headers: &HeaderMap) -> Who {
        let secret = match bearer(headers) {
            Ok(secret) => secret,
            Err(why) => return Who::Anonymous(why),
        };
        let hash = hash(secret);
        if let Some(key) = self.remembered(&hash) {
            return judge(key);
        }
        match reads.api_key_by_hash(&hash).await {
            Ok(Some(key)) => {
                let key = Arc::new(key);
                self.remember(hash, key.clone());
                judge(key)
            }
            Ok(None) => Who::Anonymous("there is no such API key"),
            Err(error) => Who::CannotTell(error),
        }
    }

    fn remembered(&self, hash: &[u8; 32]) -> Option<Arc<ApiKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(_, since)| since.elapsed() < BELIEVED).map(|(key, _)| key.clone())
    }

    fn remember(&self, hash: [u8; 32], key: Arc<ApiKey>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(hash, (key, Instant::now()));
    }

    /// Forgets a key that this process changed.
    pub(crate) fn forget(&self, id: ApiKeyId) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (key, _)| key.id != id);
    }
}

fn judge(key: Arc<ApiKey>) -> Who {
    if key.is_live(wall_clock()) {
        Who::Known(key)
    } else if key.revoked_at.is_some() {
        Who::Anonymous("the API key was revoked")
    } else {
        Who::Anonymous("the API key has expired")
    }
}

fn wall_clock() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(passed.as_millis()).unwrap_or(i64::MAX)
}

fn bearer(headers: &HeaderMap) -> Result<&str, &'static str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or("there is no Authorization header")?;
    if values.next().is_some() {
        return Err("there are several Authorization headers");
    }
    let text = value.to_str().map_err(|_| "the Authorization header is not ASCII")?;
    let (scheme, secret) = text.split_once(' ').ok_or("the Authorization header is not Bearer")?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("the Authorization header is not Bearer");
    }
    Ok(secret.trim())
}

/// A request id of our own, different for each request of each process.
pub(crate) fn request_id(prefix: u64, number: u64) -> String {
    let mut text = String::with_capacity(32);
    // Writing to a String cannot fail.
    let _always_ok = write!(text, "req_{prefix:016x}{number:08x}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_256_bits_and_hides_itself() {
        let (one, two) = (Secret::generate().unwrap(), Secret::generate().unwrap());
        assert_ne!(one.reveal(), two.reveal());
        assert_eq!(one.reveal().len(), PREFIX.len() + 52);
        assert!(!format!("{one:?}").contains(&one.reveal()[4..]));
        assert_ne!(one.hash(), two.hash());
    }
}
