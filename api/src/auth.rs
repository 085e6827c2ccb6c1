//! Who asks: known, nobody, or cannot tell.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, Method, header};
use onhand_engine::Engine;
use onhand_rules::identity::{session_key, user_key};
use onhand_rules::{ApiKeyId, Millis, Setting, UserId};
use onhand_store::{Reads, StoreError};
use sha2::{Digest, Sha256};

use crate::caller::{By, Caller};
use crate::people::cookie::{self, Ticket};
use crate::people::hashed;
use crate::uses::Uses;

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
    /// A key or a session that works.
    Known(Arc<Caller>),
    /// Neither, or one that does not work; what is wrong with it.
    Anonymous(&'static str),
    /// A session that works, in a request that another site's page may have made.
    Foreign,
    /// The database did not say.
    CannotTell(StoreError),
}

/// A caller and when they were looked up.
type LookedUp = (Arc<Caller>, Instant);

/// Callers who were looked up a moment ago.
#[derive(Default)]
pub(crate) struct Callers {
    known: RwLock<HashMap<[u8; 32], LookedUp>>,
    uses: Uses,
}

impl Callers {
    /// Whose request this is. The secret is compared by the hash that it is looked up by, so the time it takes tells
    /// nothing about how much of a guess was right.
    pub(crate) async fn who(&self, engine: &Engine, method: &Method, headers: &HeaderMap) -> Who {
        if !headers.contains_key(header::AUTHORIZATION)
            && let Some(ticket) = cookie::ticket(headers)
        {
            return match self.of_session(engine, &ticket).await {
                Who::Known(_) if !cookie::is_ours(method, headers) => Who::Foreign,
                who => who,
            };
        }
        let secret = match bearer(headers) {
            Ok(secret) => secret,
            Err(why) => return Who::Anonymous(why),
        };
        let hash = hash(secret);
        if let Some(caller) = self.remembered_and_live(&hash, engine.now()) {
            return Who::Known(caller);
        }
        let row = async {
            let now = engine.look_at_clock().await?;
            Ok::<_, StoreError>((engine.reads().api_key_by_hash(&hash).await?, now))
        };
        match row.await {
            Ok((Some(key), now)) => self.welcome(hash, Caller::key(key), now),
            Ok((None, _)) => Who::Anonymous("there is no such API key"),
            Err(error) => Who::CannotTell(error),
        }
    }

    async fn of_session(&self, engine: &Engine, ticket: &Ticket<'_>) -> Who {
        const OVER: &str = "the session is over; sign in again";
        let hash = hash(&format!("{}.{}", ticket.user, ticket.secret));
        if let Some(caller) = self.remembered_and_live(&hash, engine.now()) {
            return Who::Known(caller);
        }
        let key = session_key(ticket.user, &hashed(ticket.secret));
        let rows = async {
            let now = engine.look_at_clock().await?;
            let session = setting(engine.reads(), &key).await?;
            let user = setting(engine.reads(), &user_key(ticket.user)).await?;
            Ok::<_, StoreError>((session, user, now))
        };
        match rows.await {
            Ok((Some(Setting::Session(session)), Some(Setting::User(user)), now)) => {
                self.welcome(hash, Caller::person(*user, session, key), now)
            }
            Ok(_) => Who::Anonymous(OVER),
            Err(error) => Who::CannotTell(error),
        }
    }

    /// Remembers somebody who was looked up, and notes the use of what works.
    fn welcome(&self, hash: [u8; 32], caller: Caller, now: Millis) -> Who {
        let who = judge(self.remember(hash, caller), now);
        if let Who::Known(caller) = &who {
            self.uses.note(caller, now);
        }
        who
    }

    /// What was used lately.
    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Whoever was looked up within the last second. What has ended since then is looked up again: its end may have been
    /// put off in between, as a session's is by being used.
    fn remembered_and_live(&self, hash: &[u8; 32], now: Millis) -> Option<Arc<Caller>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let (caller, since) = known.get(hash)?;
        (since.elapsed() < BELIEVED && what_ended(caller, now).is_none()).then(|| caller.clone())
    }

    fn remember(&self, hash: [u8; 32], caller: Caller) -> Arc<Caller> {
        let caller = Arc::new(caller);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(hash, (caller.clone(), Instant::now()));
        caller
    }

    /// Forgets a key that this process changed.
    pub(crate) fn forget_key(&self, id: ApiKeyId) {
        self.forget(|caller| caller.is_key(id));
    }

    /// Forgets a person whom this process changed, or one of whose sessions it ended.
    pub(crate) fn forget_person(&self, id: UserId) {
        self.forget(|caller| caller.is_person(id));
    }

    fn forget(&self, is: impl Fn(&Caller) -> bool) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (caller, _)| !is(caller));
    }
}

/// One row of settings.
pub(crate) async fn setting(reads: &dyn Reads, key: &str) -> Result<Option<Setting>, StoreError> {
    let rows = reads.settings(key).await?;
    Ok(rows.into_iter().find(|(name, _)| name == key).map(|(_, value)| value))
}

fn judge(caller: Arc<Caller>, now: Millis) -> Who {
    match what_ended(&caller, now) {
        None => Who::Known(caller),
        Some(why) => Who::Anonymous(why),
    }
}

/// What is wrong with a key or a session at `now`, by the ledger clock and never by this machine's: what has ended stays
/// ended when a clock is set back, and is over for every process over the same database at once.
fn what_ended(caller: &Caller, now: Millis) -> Option<&'static str> {
    match &caller.by {
        By::Key(key) if key.is_live(now) => None,
        By::Key(key) if key.revoked_at.is_some() => Some("the API key was revoked"),
        By::Key(_) => Some("the API key has expired"),
        By::Person { user, session, .. } if session.is_live(user, now) => None,
        By::Person { .. } => Some("the session is over; sign in again"),
    }
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
