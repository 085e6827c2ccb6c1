//! `Idempotency-Key`, and what makes two requests the same request.

use axum::http::{HeaderMap, HeaderName};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::policy::Route;
use crate::problem::{self, Problem};

/// The header.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key.
pub(crate) const KEY_MAX: usize = 255;
/// The longest key of a bulk request, whose items get `#` and their number after it.
pub(crate) const BULK_KEY_MAX: usize = KEY_MAX - 5;

/// The key of a request, bare or as a quoted string.
pub(crate) fn key(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(&IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Err(Problem::new(&problem::KEY_MISSING, problem::KEY_MISSING.advice));
    };
    let bad = |why: &str| Problem::new(&problem::INVALID_HEADER, format!("Idempotency-Key {why}"));
    if values.next().is_some() {
        return Err(bad("stands twice"));
    }
    let text = value.to_str().map_err(|_| bad("may hold visible ASCII characters only"))?.trim();
    let text = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(|| bad("has no closing quote"))?,
        None => text,
    };
    check(text).map_err(bad)?;
    Ok(text)
}

/// Whether a text can be a key.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > KEY_MAX {
        return Err("must have 1 to 255 characters");
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("may hold visible ASCII characters only");
    }
    Ok(())
}

/// What two requests with one key must have in common: SHA-256, shortened, over the route, the names in its path, the
/// version that was asked for, and the request as it was understood. The order of members in the JSON and its white
/// space make no difference; another value does.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    pub(crate) fn new(route: &Route, path: &[&str], version: Option<i64>) -> Self {
        let mut hash = Sha256::new();
        hash.update(route.method.as_bytes());
        hash.update(b" ");
        hash.update(route.path.as_bytes());
        for part in path {
            // The length keeps two neighbours apart.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        match version {
            None => hash.update(b"-"),
            Some(version) => {
                hash.update(b"v");
                hash.update(version.to_be_bytes());
            }
        }
        Self(hash)
    }

    /// Adds the request.
    pub(crate) fn of<T: Serialize>(mut self, request: &T) -> [u8; 16] {
        // A request holds nothing that JSON cannot, and a hash takes every byte.
        if serde_json::to_writer(Sink(&mut self.0), request).is_err() {
            self.0.update(b"unreadable");
        }
        let whole: [u8; 32] = self.0.finalize().into();
        let mut short = [0; 16];
        short.copy_from_slice(&whole[..16]);
        short
    }
}

struct Sink<'a>(&'a mut Sha256);

impl std::io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn parsed(text: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_static(text));
        key(&headers).ok().map(str::to_owned)
    }

    #[test]
    fn bare_and_quoted_keys_are_the_same() {
        assert_eq!(parsed("abc-1").as_deref(), Some("abc-1"));
        assert_eq!(parsed("\"abc-1\"").as_deref(), Some("abc-1"));
        assert_eq!(parsed("\"abc-1"), None);
        assert_eq!(parsed(""), None);
        assert_eq!(parsed("a b"), None);
        assert!(key(&HeaderMap::new()).is_err());
    }

    #[test]
    fn a_fingerprint_tells_requests_apart() {
        let routes = crate::policy::ROUTES;
        let of = |route: usize, path: &[&str], version, body: &str| {
            Fingerprint::new(&routes[route], path, version).of(&body)
        };
        let first = of(9, &["ab", "c"], None, "x");
        assert_eq!(first, of(9, &["ab", "c"], None, "x"));
        assert_ne!(first, of(10, &["ab", "c"], None, "x"), "another route");
        assert_ne!(first, of(9, &["a", "bc"], None, "x"), "other names");
        assert_ne!(first, of(9, &["ab", "c"], Some(1), "x"), "another version");
        assert_ne!(of(9, &["ab", "c"], Some(2), "x"), of(9, &["ab", "c"], Some(1), "x"), "other versions");
        assert_ne!(first, of(9, &["ab", "c"], None, "y"), "another body");
    }
}
