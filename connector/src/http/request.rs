//! What is sent.

use std::fmt;

use crate::secret::Secret;

/// A request that does not show what it carries.
#[derive(Clone)]
pub struct Request {
    pub(super) post: bool,
    url: String,
    query: Vec<(String, String)>,
    pub(super) headers: Vec<(&'static str, Secret)>,
    pub(super) body: Option<(&'static str, Vec<u8>)>,
    pub(super) secrets: Vec<Secret>,
}

impl Request {
    /// A GET of `path`, which begins with a slash, on the host `base`.
    #[must_use]
    pub fn get(base: &str, path: &str) -> Self {
        let url = format!("{}{path}", base.trim_end_matches('/'));
        Self { post: false, url, query: Vec::new(), headers: Vec::new(), body: None, secrets: Vec::new() }
    }

    /// A POST of these bytes: exactly these are sent, because some marketplaces sign them.
    #[must_use]
    pub fn post(base: &str, path: &str, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { post: true, body: Some((content_type, body)), ..Self::get(base, path) }
    }

    /// Adds to the query, not yet encoded.
    #[must_use]
    pub fn query<K: Into<String>, V: Into<String>>(
        mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.query.extend(pairs.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: Secret) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Names a text that must not appear in what is told about this request, even when the marketplace repeats it.
    #[must_use]
    pub fn hiding(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }

    pub(super) fn full_url(&self) -> String {
        if self.query.is_empty() {
            return self.url.clone();
        }
        format!("{}?{}", self.url, form_encode(&self.query))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.post { "POST" } else { "GET" }, self.url)
    }
}

/// Percent-encodes everything but letters, digits and `-._~` (RFC 3986, 2.3).
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
                out.push('%');
                out.push(char::from(DIGITS[usize::from(byte >> 4)]));
                out.push(char::from(DIGITS[usize::from(byte & 15)]));
            }
        }
    }
    out
}

/// `key=value&…`, each percent-encoded: a query or a form.
#[must_use]
pub fn form_encode(pairs: &[(String, String)]) -> String {
    let encoded: Vec<String> =
        pairs.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    encoded.join("&")
}
