//! Passwords: which are good enough, and how they are kept.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::problem::{self, FieldError, Problem};

/// The fewest characters (NIST SP 800-63B and ASVS 5.0 ask for 8 and prefer 15; ours is between).
pub(crate) const MIN: usize = 12;
/// The most characters: enough for any sentence, and a bound for the work.
pub(crate) const MAX: usize = 256;
/// Hashes at once: each takes 19 MiB, and a small machine has few.
const AT_ONCE: usize = 4;
/// More than so many that wait are sent away.
const WAITING_MAX: usize = 64;
/// OWASP's minimum for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;

/// Hashes passwords, a few at once.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    slots: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    /// The hash of a password that nobody has, for addresses that nobody has: both take the same time.
    nobody: Arc<str>,
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            queue: Arc::new(Semaphore::new(WAITING_MAX)),
            nobody: "$argon2id$v=19$m=19456,t=2,p=1$b25oYW5kLW5vYm9keQ$\
                     7NdS0yXm1sTjKqJpXlbFDkBJZDfmXwYbBqkqfLw3n0E"
                .into(),
        }
    }
}

/// What a look at a password showed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Another one.
    Wrong,
    /// It is right.
    Right,
    /// It is right, and its hash was made with weaker settings than today's.
    Outdated,
}

impl Hasher {
    /// What is kept of a password.
    pub(crate) async fn hash(&self, password: &str) -> Result<String, Problem> {
        let password = password.to_owned();
        self.work(move || {
            let argon = argon()?;
            argon
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| error.to_string())
        })
        .await
    }

    /// Whether the password is the one that was kept; with nothing kept it takes as long and is wrong.
    pub(crate) async fn verify(&self, password: &str, kept: Option<&str>) -> Result<Verdict, Problem> {
        let password = password.to_owned();
        let known = kept.is_some();
        let kept = kept.map_or_else(|| self.nobody.to_string(), str::to_owned);
        self.work(move || {
            let hash = PasswordHash::new(&kept).map_err(|error| error.to_string())?;
            let right = argon()?.verify_password(password.as_bytes(), &hash).is_ok();
            Ok(match right && known {
                false => Verdict::Wrong,
                true if is_current(&hash) => Verdict::Right,
                true => Verdict::Outdated,
            })
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        run: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, Problem> {
        let Ok(_waiting) = self.queue.try_acquire() else {
            return Err(Problem::new(&problem::BUSY, "too many sign-ins are waiting"));
        };
        let internal = |why: String| Problem::new(&problem::INTERNAL, problem::INTERNAL.advice).because(why);
        let _slot = self.slots.acquire().await.map_err(|error| internal(error.to_string()))?;
        let done = tokio::task::spawn_blocking(run).await.map_err(|error| internal(error.to_string()))?;
        done.map_err(internal)
    }
}

fn argon() -> Result<Argon2<'static>, String> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| error.to_string())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn is_current(hash: &PasswordHash) -> bool {
    let is = |name: &str, least: u32| hash.params.get_decimal(name).is_some_and(|value| value >= least);
    hash.algorithm.as_str() == "argon2id" && is("m", MEMORY_KIB) && is("t", PASSES)
}

/// Refuses a password that is short, or that somebody who knows the person and the lists of stolen passwords would guess.
/// There are no rules about digits and capitals (ASVS 5.0, 6.2.5): they make passwords worse.
pub(crate) fn check(password: &str, about: &[&str]) -> Result<(), Problem> {
    let length = password.chars().count();
    if !(MIN..=MAX).contains(&length) {
        return Err(weak(format!("must have {MIN} to {MAX} characters; a sentence of a few words is best")));
    }
    let words: Vec<&str> = about
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .chain(["onhand"])
        .filter(|word| word.chars().count() > 2)
        .collect();
    if zxcvbn::zxcvbn(password, &words).score() < zxcvbn::Score::Three {
        return Err(weak(
            "is easy to guess; take a few words that have nothing to do with each other".to_owned(),
        ));
    }
    Ok(())
}

fn weak(detail: String) -> Problem {
    Problem::invalid(vec![FieldError {
        pointer: "/password".to_owned(),
        code: "weak_password".to_owned(),
        detail,
        ..FieldError::default()
    }])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s2_short_and_known_passwords_are_refused_and_sentences_taken() {
        let bad =
            ["", "short", "password1234", "123456789012", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "onhandonhand"];
        for password in bad {
            assert!(check(password, &["admin@onhand.example", "Onhand"]).is_err(), "{password}");
        }
        let good = ["correct purple staple nine", "คลังสินค้าของฉันปลอดภัยดี", "x7Q!mmR2#vLp9z"];
        for password in good {
            assert!(check(password, &[]).is_ok(), "{password}");
        }
        assert!(check(&"long enough? ".repeat(5), &[]).is_ok(), "64 characters must be allowed");
        assert!(check(&"x".repeat(300), &[]).is_err());
    }

    #[tokio::test]
    async fn a_password_is_known_again_and_nobody_has_none() {
        let hasher = Hasher::default();
        let kept = hasher.hash("correct purple staple nine").await.unwrap();
        assert!(kept.starts_with("$argon2id$"), "{kept}");
        assert_eq!(hasher.verify("correct purple staple nine", Some(&kept)).await.unwrap(), Verdict::Right);
        assert_eq!(hasher.verify("correct purple staple ten", Some(&kept)).await.unwrap(), Verdict::Wrong);
        assert_eq!(hasher.verify("anything", None).await.unwrap(), Verdict::Wrong);
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
        let weak = weak.hash_password(b"old one").unwrap().to_string();
        assert_eq!(hasher.verify("old one", Some(&weak)).await.unwrap(), Verdict::Outdated);
    }
}
